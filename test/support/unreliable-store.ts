/*
 * A store whose answers and news come in any order: each waits until the test draws it. Appends are stored in the order of
 * the calls. A restart loses every log and begins a new epoch.
 */
import { type EventStore, memoryStore, SseStoreError, type StoreNews } from "steadystream/server"
import { type FindChanged, findChangedOf } from "./find-changed.ts"

/** A number from 0 up to, not including, 1, from a seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The options of the memory store inside, or a function that makes the store. */
type Inner = Parameters<typeof memoryStore>[0] | (() => EventStore)
type OnNews = (news: StoreNews | undefined) => void

export class UnreliableStore implements EventStore {
  /** What was stored, by cursor without its sequence, in order. */
  readonly logs: Map<string, string[]> = new Map()
  /** The part of reads that fails, and of news that is lost, doubled or replaced by `undefined`. */
  faults = 0
  reads = 0
  /** Half of the stores can do this. */
  readonly findChanged: FindChanged | undefined
  readonly #random: () => number
  readonly #make: () => EventStore
  readonly #pageEvents: number
  #inner: EventStore
  readonly #pending: (() => void)[] = []
  readonly #watches: Map<object, { readonly log: string; readonly onNews: OnNews; stop: () => void }> = new Map()

  constructor(random: () => number, inner: Inner = {}, pageEvents = 3) {
    this.#random = random
    this.#make = typeof inner === "function" ? inner : () => memoryStore(inner)
    this.#pageEvents = pageEvents
    this.#inner = this.#make()
    if (random() < 0.5) this.findChanged = (positions) => this.#findChanged(positions)
  }

  get pending(): number {
    return this.#pending.length
  }

  get watches(): number {
    return this.#watches.size
  }

  /** Passes one of the waiting answers or news on. */
  draw(): void {
    const at = Math.floor(this.#random() * this.#pending.length)
    this.#pending.splice(at, 1)[0]?.()
  }

  /** The cursor of the newest event of a log, at once. */
  async end(log: string): Promise<string> {
    return (await this.#inner.read(log, "end")).next
  }

  /** Loses every log. */
  restart(): void {
    this.#inner = this.#make()
    for (const watch of this.#watches.values()) {
      watch.stop()
      watch.stop = this.#innerWatch(watch.log, watch.onNews)
      if (!this.#isFault()) this.#pending.push(() => watch.onNews(undefined))
    }
  }

  async append(...[log, events, options]: Parameters<EventStore["append"]>): ReturnType<EventStore["append"]> {
    const inner = this.#inner
    const appended = await inner.append(log, events, options)
    for (const [at, cursor] of appended.cursors.entries()) this.#keep(cursor, events[at]!.text)
    await this.#delay()
    return appended
  }

  async read(...[log, after, options]: Parameters<EventStore["read"]>): ReturnType<EventStore["read"]> {
    this.reads++
    await this.#delay()
    if (this.#isFault()) throw new SseStoreError("Cannot read: lost", "store-unavailable")
    const page = await this.#inner.read(log, after, { maxEvents: this.#pageEvents, ...options })
    await this.#delay()
    return page
  }

  watch(log: string, onNews: OnNews): ReturnType<EventStore["watch"]> {
    const key = {}
    const report: OnNews = (news) => {
      if (this.#watches.has(key)) onNews(news)
    }
    const ready = this.#delay().then(() => {
      if (this.#isFault()) throw new SseStoreError("Cannot watch: lost", "store-unavailable")
    })
    this.#watches.set(key, { log, onNews: report, stop: this.#innerWatch(log, report) })
    const stop = () => {
      this.#watches.get(key)?.stop()
      this.#watches.delete(key)
    }
    return { ready, stop }
  }

  claim(...args: Parameters<EventStore["claim"]>): ReturnType<EventStore["claim"]> {
    return this.#inner.claim(...args)
  }

  cancel(...args: Parameters<EventStore["cancel"]>): ReturnType<EventStore["cancel"]> {
    return this.#inner.cancel(...args)
  }

  drop(log: string): Promise<void> {
    return this.#inner.drop(log)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  async #findChanged(positions: Parameters<FindChanged>[0]): ReturnType<FindChanged> {
    await this.#delay()
    if (this.#isFault()) throw new SseStoreError("Cannot find changed logs: lost", "store-unavailable")
    const changed = await findChangedOf(this.#inner)(positions)
    await this.#delay()
    return changed
  }

  #innerWatch(log: string, onNews: OnNews): () => void {
    const watch = this.#inner.watch(log, (news) => {
      if (this.#isFault()) return
      this.#pending.push(() => onNews(this.#isFault() ? undefined : news))
      if (this.#isFault()) this.#pending.push(() => onNews(news))
    })
    return () => watch.stop()
  }

  #keep(cursor: string, text: string): void {
    const [epoch, sequence] = cursor.split("-")
    const log = this.logs.get(epoch!) ?? []
    this.logs.set(epoch!, log)
    log[Number(sequence)] = text
  }

  #isFault(): boolean {
    return this.#random() < this.faults
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => void this.#pending.push(resolve))
  }
}
