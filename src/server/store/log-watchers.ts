/*
 * The watchers of logs, by name. News is queued while a step runs and reported after it: a watcher may call the store or
 * stop a watch, and every watcher sees the news in the order of the steps.
 */
import { Fifo } from "../../internal/fifo.ts"
import { callHook } from "../../internal/hook.ts"
import type { StoreNews } from "./event-store.ts"

interface Watcher {
  readonly onNews: (news: StoreNews | undefined) => void
}

export class LogWatchers {
  readonly #watchers: Map<string, Set<Watcher>> = new Map()
  readonly #queue: Fifo<{ readonly name: string; readonly news: StoreNews | undefined }> = new Fifo()
  #isReporting = false

  has(name: string): boolean {
    return this.#watchers.has(name)
  }

  /** @returns A function that removes the watcher. */
  add(name: string, onNews: (news: StoreNews | undefined) => void): () => void {
    // An object of its own, so that a function that watches twice is called twice.
    const watcher: Watcher = { onNews }
    const watchers = this.#watchers.get(name) ?? new Set()
    this.#watchers.set(name, watchers.add(watcher))
    return () => {
      if (watchers.delete(watcher) && watchers.size === 0) this.#watchers.delete(name)
    }
  }

  post(name: string, news: StoreNews | undefined): void {
    if (this.has(name)) this.#queue.push({ name, news })
  }

  /** Calls the watchers with the queued news, also with news that they cause. */
  report(): void {
    if (this.#isReporting) return
    this.#isReporting = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        // A copy: a watcher that is added meanwhile does not see this news.
        const watchers = [...(this.#watchers.get(next.name) ?? [])]
        for (const watcher of watchers) {
          if (this.#watchers.get(next.name)?.has(watcher) === true) callHook(watcher.onNews, next.news)
        }
      }
    } finally {
      this.#isReporting = false
    }
  }

  clear(): void {
    this.#watchers.clear()
    this.#queue.takeAll()
  }
}
