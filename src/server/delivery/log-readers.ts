import type { Clock } from "../../internal/clock.ts"
import { LogReader, type LogSource } from "./log-reader.ts"

/** How often the position in each log is compared with the store, in milliseconds, up to a fifth more or less. */
const CHECK_EVERY = 15_000

/** What the rings of all logs keep between rounds, in UTF-16 units: without it many channels exceed the limits of the store. */
const RINGS_SIZE = 32 * 1024 * 1024

/** The readers of a node: one for each log that has sessions here. */
export class LogReaders {
  readonly #store: LogSource
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  readonly #readers: Map<string, LogReader> = new Map()

  constructor(store: LogSource, clock: Clock, onError: (error: unknown) => void) {
    this.#store = store
    this.#clock = clock
    this.#onError = onError
  }

  get count(): number {
    return this.#readers.size
  }

  /** The number of sessions of a log. */
  sessionsOf(name: string): number {
    return this.#readers.get(name)?.members.size ?? 0
  }

  of(name: string): LogReader {
    const known = this.#readers.get(name)
    if (known !== undefined) return known
    const reader = new LogReader(name, this.#store, this.#clock, this.#onError)
    this.#readers.set(name, reader)
    return reader
  }

  /**
   * Closes the readers without sessions, and now and then makes the others look for what they have not heard of.
   *
   * @param ms - The time between rounds.
   */
  onRound(round: number, ms: number): void {
    const rounds = CHECK_EVERY / ms
    for (const [name, reader] of this.#readers) {
      // Many readers begin at once, and are not checked at once.
      reader.nextCheck ??= round + rounds * this.#clock.random()
      if (reader.isUnused(round)) {
        reader.close()
        this.#readers.delete(name)
      } else if (round >= reader.nextCheck) {
        reader.nextCheck = round + rounds * (0.8 + 0.4 * this.#clock.random())
        reader.check()
      } else reader.checkLease()
    }
    this.#shrinkRings()
  }

  #shrinkRings(): void {
    let size = 0
    for (const { ring } of this.#readers.values()) size += ring.size
    if (size <= RINGS_SIZE) return
    for (const reader of this.#readers.values()) reader.ring.shrinkTo(RINGS_SIZE / this.#readers.size)
  }

  close(): void {
    for (const reader of this.#readers.values()) reader.close()
    this.#readers.clear()
  }
}
