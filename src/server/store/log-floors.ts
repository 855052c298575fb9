/*
 * Where the sequences of logs begin that do not exist, in constant memory. Invariant: the floor of a name that has no log
 * is not below any cursor that was handed out for it, so that no cursor ever means two events. A log that was freed
 * raises the floor of all names that share its bucket: after a long pause their old cursors may be a gap in which nothing
 * is missing.
 */
const BUCKETS = 1_024

export class LogFloors {
  readonly #floors: Float64Array = new Float64Array(BUCKETS)
  /** The floors of watched names, which other names do not raise. */
  readonly #pinned: Map<string, number> = new Map()

  of(name: string): number {
    return this.#pinned.get(name) ?? this.#floors[bucketOf(name)]!
  }

  /** Called when the log of that name is freed, with its last sequence. */
  raise(name: string, last: number): void {
    const bucket = bucketOf(name)
    this.#floors[bucket] = Math.max(this.#floors[bucket]!, last)
    if (this.#pinned.has(name)) this.#pinned.set(name, last)
  }

  pin(name: string): void {
    this.#pinned.set(name, this.of(name))
  }

  unpin(name: string): void {
    this.#pinned.delete(name)
  }
}

/** Spreads names evenly, by the hash FNV-1a. */
function bucketOf(name: string): number {
  let hash = 0x81_1c_9d_c5
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01_00_01_93)
  return (hash ^ (hash >>> 16)) & (BUCKETS - 1)
}
