import type { LogEntry } from "../delivery/log-entry.ts"
import type { LogPosition } from "../delivery/log-position.ts"

/** Of what a session is behind, finds the last entry with each key. */
export class Coalescer {
  readonly #keyOf: (entry: LogEntry) => string | undefined
  /** For each log, the entries that go out, up to the one that was the newest when they were found. */
  readonly #found: Map<LogPosition, { readonly until: number; readonly newest: ReadonlySet<number> }> = new Map()

  /** @param keyOf - Returns `undefined` for an entry that does not go out. */
  constructor(keyOf: (entry: LogEntry) => string | undefined) {
    this.#keyOf = keyOf
  }

  /** Begins anew in a log: its sequences may have begun anew, too. */
  forget(position: LogPosition): void {
    this.#found.delete(position)
  }

  /** Whether no later entry that waits has the key of `entry`. */
  isNewest(entry: LogEntry, position: LogPosition): boolean {
    let found = this.#found.get(position)
    if (found === undefined || entry.sequence > found.until) {
      found = this.#find(entry, position)
      this.#found.set(position, found)
    }
    return found.newest.has(entry.sequence)
  }

  #find(entry: LogEntry, position: LogPosition): { readonly until: number; readonly newest: ReadonlySet<number> } {
    const newest = new Map<string, number>()
    let until = entry.sequence
    for (const waiting of position.waiting) {
      const key = this.#keyOf(waiting)
      if (key !== undefined) newest.set(key, waiting.sequence)
      until = waiting.sequence
    }
    return { until, newest: new Set(newest.values()) }
  }
}
