import type { LogEntry } from "./log-entry.ts"

/** What is kept. */
const RING_EVENTS = 1_000
const RING_SIZE = 1024 * 1024

/** The newest entries of a log, which follow each other. */
export class LogRing {
  /** The sequence of the newest entry. */
  last = 0
  /** The UTF-16 units of the entries. */
  size = 0
  #entries: LogEntry[] = []

  /** The sequence before the oldest entry. */
  get floor(): number {
    return this.last - this.#entries.length
  }

  /** The entry after `sequence`, if it is here. */
  entryAfter(sequence: number): LogEntry | undefined {
    return this.#entries[sequence - this.floor]
  }

  /** The entries after `sequence`. */
  entriesAfter(sequence: number): readonly LogEntry[] {
    return this.#entries.slice(Math.max(0, sequence - this.floor))
  }

  push(entry: LogEntry): void {
    this.#entries.push(entry)
    this.last = entry.sequence
    this.size += entry.size
  }

  /** Begins anew after `sequence`. */
  restart(sequence: number): void {
    this.last = sequence
    this.size = 0
    this.#entries = []
  }

  /** Drops the oldest entries in blocks, so that the work is constant for each. */
  trim(): void {
    const entries = this.#entries
    if (entries.length <= 2 * RING_EVENTS && this.size <= 2 * RING_SIZE) return
    let from = Math.max(0, entries.length - RING_EVENTS)
    for (let at = 0; at < from; at++) this.size -= entries[at]!.size
    while (this.size > RING_SIZE && from < entries.length - 1) this.size -= entries[from++]!.size
    this.#entries = entries.slice(from)
  }

  /** Drops the oldest entries above a size. */
  shrinkTo(size: number): void {
    let from = 0
    while (this.size > size) this.size -= this.#entries[from++]!.size
    if (from > 0) this.#entries = this.#entries.slice(from)
  }
}
