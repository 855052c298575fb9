import type { Clock } from "../../internal/clock.ts"
import { LogReader, type LogSource } from "./log-reader.ts"

/** How often the position in each log is compared with the store, in milliseconds, up to a fifth more or less. */
const CHECK_EVERY = 15_000

/** The positions that are compared in one call. */
const MOST_COMPARED = 100

/** What the rings of all logs keep between rounds, in UTF-16 units: without it many channels exceed the limits of the store. */
const RINGS_SIZE = 32 * 1024 * 1024

/** The readers of a node: one for each log that has sessions here. */
export class LogReaders {
  readonly #store: LogSource
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  readonly #readers: Map<string, LogReader> = new Map()
  /** The readers whose positions the store is comparing. */
  readonly #compared: Set<LogReader> = new Set()

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
    const due: LogReader[] = []
    for (const [name, reader] of this.#readers) {
      // Many readers begin at once, and are not checked at once.
      reader.nextCheck ??= round + rounds * this.#clock.random()
      if (reader.isUnused(round)) {
        reader.close()
        this.#readers.delete(name)
      } else if (round >= reader.nextCheck) {
        reader.nextCheck = round + rounds * (0.8 + 0.4 * this.#clock.random())
        if (this.#canCompare(reader)) due.push(reader)
        else reader.check()
      } else reader.checkLease()
    }
    for (let at = 0; at < due.length; at += MOST_COMPARED) void this.#compare(due.slice(at, at + MOST_COMPARED))
    this.#shrinkRings()
  }

  /** A store that does not answer is not asked for the same log again. */
  #canCompare(reader: LogReader): boolean {
    return this.#store.findChanged !== undefined && reader.isSettled && !this.#compared.has(reader)
  }

  /** Checks only the readers whose logs may have changed; all of them if the store does not say which. */
  async #compare(readers: readonly LogReader[]): Promise<void> {
    for (const reader of readers) this.#compared.add(reader)
    let changed = readers
    try {
      const names = await this.#store.findChanged!(new Map(readers.map(({ name, cursor }) => [name, cursor])))
      changed = readers.filter(({ name }) => names.includes(name))
    } catch {
      // The reads that follow report what is wrong with the store, and are repeated.
    }
    for (const reader of readers) this.#compared.delete(reader)
    for (const reader of changed) reader.check()
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
