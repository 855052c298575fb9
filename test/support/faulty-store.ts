/* A handle of a store that a test can cut off, hold up and make deaf, and that counts what is asked of it. */
import { type EventStore, type LogEnd, type StoreNews, SseStoreError } from "steadystream/server"
import type { FindChanged } from "./find-changed.ts"

/** One append that the store was asked for. */
export interface CountedAppend {
  readonly log: string
  readonly count: number
  readonly end: LogEnd | undefined
}

export class FaultyStore implements EventStore {
  readonly appendInterval: number | undefined
  /** Only if the store has it. */
  readonly findChanged: FindChanged | undefined
  /** Whether operations reject, and do nothing. */
  isDown = false
  /** Whether appends are stored and reject all the same, as if the reply was lost. */
  losesReplies = false
  /** Whether no news arrives. */
  isDeaf = false
  /** Whether appends wait until this is false again. */
  isHeld = false
  /** Rejects appends with this error. */
  refusal: Error | undefined = undefined
  reads = 0
  /** The logs of each call of `findChanged()`. */
  readonly searches: (readonly string[])[] = []
  watches = 0
  readonly appends: CountedAppend[] = []
  readonly #inner: EventStore
  readonly #held: (() => void)[] = []

  constructor(inner: EventStore) {
    this.#inner = inner
    this.appendInterval = inner.appendInterval
    if (inner.findChanged === undefined) return
    this.findChanged = async (positions) => {
      this.searches.push([...positions.keys()])
      this.#check()
      return inner.findChanged!(positions)
    }
  }

  /** Continues the appends that were held up. */
  release(): void {
    this.isHeld = false
    for (const goOn of this.#held.splice(0)) goOn()
  }

  /** The appends to the log of an answer. */
  appendsOf(id: string): readonly CountedAppend[] {
    return this.appends.filter(({ log }) => log === `answer:${id}`)
  }

  async append(...[log, events, options]: Parameters<EventStore["append"]>): ReturnType<EventStore["append"]> {
    this.appends.push({ log, count: events.length, end: options?.end })
    if (this.isHeld) await new Promise<void>((resolve) => void this.#held.push(resolve))
    this.#check()
    if (this.refusal !== undefined) throw this.refusal
    const appended = await this.#inner.append(log, events, options)
    if (this.losesReplies) throw new SseStoreError("Cannot append: no reply", "store-unavailable")
    return appended
  }

  async read(...args: Parameters<EventStore["read"]>): ReturnType<EventStore["read"]> {
    this.reads++
    this.#check()
    return this.#inner.read(...args)
  }

  watch(log: string, onNews: (news: StoreNews | undefined) => void): ReturnType<EventStore["watch"]> {
    this.watches++
    const watch = this.#inner.watch(log, (news) => {
      if (!this.isDeaf) onNews(news)
    })
    let isStopped = false
    const stop = () => {
      if (!isStopped) this.watches--
      isStopped = true
      watch.stop()
    }
    return { ready: watch.ready, stop }
  }

  async claim(...args: Parameters<EventStore["claim"]>): ReturnType<EventStore["claim"]> {
    this.#check()
    return this.#inner.claim(...args)
  }

  async cancel(...args: Parameters<EventStore["cancel"]>): ReturnType<EventStore["cancel"]> {
    this.#check()
    return this.#inner.cancel(...args)
  }

  async drop(log: string): Promise<void> {
    this.#check()
    return this.#inner.drop(log)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #check(): void {
    if (this.isDown) throw new SseStoreError("Cannot use log: the store is down", "store-unavailable")
  }
}
