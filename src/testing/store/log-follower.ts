/*
 * The smallest exact reader of a log: it takes news as a hint and reads the store. Invariant: what it has seen is what one
 * read from its first position would return.
 */
import type { EventStore, LogEvent, Position, StoreNews } from "../../server/index.ts"
import { checkConsecutive } from "./store-subject.ts"

export class LogFollower {
  readonly events: LogEvent[] = []
  /** The calls of the store with or without news. */
  calls = 0
  /** The news that the store has reported. */
  readonly news: StoreNews[] = []
  gaps = 0
  status = "open"
  position: Position
  readonly #store: EventStore
  readonly #log: string
  readonly #stop: () => void
  #reading: Promise<unknown> = Promise.resolve()

  constructor(store: EventStore, log: string, from: Position) {
    this.#store = store
    this.#log = log
    this.position = from
    const watch = store.watch(log, (news) => this.#onNews(news))
    this.#stop = () => watch.stop()
    // A store may call `onNews` before `watch` returns.
    this.#reading = Promise.all([this.#reading, watch.ready]).then(() => this.#read())
    this.#reading.catch(() => {})
  }

  stop(): void {
    this.#stop()
  }

  /** Reads what is missing, as a reader does from time to time. */
  async settled(): Promise<void> {
    this.#look()
    await this.#reading
  }

  #onNews(news: StoreNews | undefined): void {
    this.calls++
    if (news !== undefined) this.news.push(news)
    this.#look()
  }

  #look(): void {
    this.#reading = this.#reading.then(() => this.#read())
    // Thrown by `settled`.
    this.#reading.catch(() => {})
  }

  async #read(): Promise<void> {
    for (let more = true; more;) {
      const page = await this.#store.read(this.#log, this.position, { maxEvents: 3 })
      if (page.gap !== undefined) this.gaps++
      const isCursor = this.position !== "start" && this.position !== "end"
      const from = page.gap?.resumesAt ?? (isCursor ? this.position : undefined)
      if (from !== undefined) checkConsecutive(from, page.events, "the events after a position")
      this.events.push(...page.events)
      this.position = page.next
      this.status = page.state.status
      more = page.more
    }
  }
}
