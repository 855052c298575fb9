/*
 * One log of the memory store: consecutive events, of which the oldest may be trimmed, and the state of the log.
 * `last - first` is always the number of events that are kept.
 */
import { copyOf } from "../../internal/copy.ts"
import type { SizedText } from "./store-checks.ts"
import { formatCursor, locate } from "./cursor.ts"
import type { Cursor, LogEnd, LogEvent, LogState, Position, StoreDedupe, StorePage } from "./event-store.ts"

/** About the bytes that an event takes besides its text. Measured: 180 bytes of heap with a text of two characters. */
export const EVENT_OVERHEAD = 192
/** About the bytes that an empty log takes besides its name. Measured: 573 bytes of heap. */
const LOG_OVERHEAD = 640
/** The producers of a log whose last appends are remembered. */
const MAX_PRODUCERS = 100

interface Lease {
  readonly token: string
  readonly ttl: number
  readonly ms: number
}

interface LastAppend {
  readonly seq: number
  readonly cursors: readonly Cursor[]
}

export class MemoryLog {
  readonly name: string
  readonly epoch: string
  /** The sequence before the oldest event that is kept. */
  first: number
  /** The sequence of the newest event. */
  last: number
  /** The bytes of the texts that are kept, as UTF-8. */
  bytes = 0
  lease: Lease | undefined
  end: LogEnd | undefined
  /** When the log was last written, read or watched. */
  usedAt: number
  writtenAt: number
  /** The logs that were written before and after this one. */
  older: MemoryLog | undefined
  newer: MemoryLog | undefined
  /** What the store has counted for this log. */
  counted: { readonly size: number; readonly pinned: number } = { size: 0, pinned: 0 }
  #events: (LogEvent | undefined)[] = []
  #sizes: number[] = []
  #trimmed = 0
  readonly #appends: Map<string, LastAppend> = new Map()

  constructor(name: string, epoch: string, floor: number, now: number) {
    this.name = name
    this.epoch = epoch
    this.first = floor
    this.last = floor
    this.usedAt = now
    this.writtenAt = now
  }

  get status(): LogState["status"] {
    return this.end?.status ?? (this.lease === undefined ? "open" : "running")
  }

  stateAt(now: number): LogState {
    const { status, end, epoch, lease } = this
    const state = { status, first: formatCursor(epoch, this.first), last: formatCursor(epoch, this.last) }
    if (status === "running") return { ...state, leaseLeft: this.writtenAt + lease!.ms - now }
    return end?.detail === undefined ? state : { ...state, detail: end.detail }
  }

  /** About the bytes of memory that the log takes. */
  get size(): number {
    return this.emptySize + this.bytes + (this.last - this.first) * EVENT_OVERHEAD
  }

  /** About the bytes that the log takes without its events. */
  get emptySize(): number {
    return LOG_OVERHEAD + 2 * this.name.length + this.#appends.size * EVENT_OVERHEAD
  }

  /** The cursor of the newest event. */
  get position(): Cursor {
    return formatCursor(this.epoch, this.last)
  }

  /** Whether the time of a log with a lease has run out without an append. */
  isOverdue(now: number): "dropped" | "lost" | undefined {
    if (this.lease === undefined) return undefined
    if (this.writtenAt + this.lease.ttl <= now) return "dropped"
    return this.end === undefined && this.writtenAt + this.lease.ms <= now ? "lost" : undefined
  }

  /** The cursors of an append that is a duplicate. */
  duplicateOf(dedupe: StoreDedupe | undefined): readonly Cursor[] | undefined {
    const earlier = dedupe && this.#appends.get(dedupe.producer)
    if (earlier === undefined || dedupe!.seq > earlier.seq) return undefined
    return dedupe!.seq === earlier.seq ? earlier.cursors : []
  }

  remember({ producer, seq }: StoreDedupe, cursors: readonly Cursor[]): void {
    // The order of a map is that of insertion: the producer that was silent longest is the first.
    this.#appends.delete(producer)
    this.#appends.set(producer, { seq, cursors })
    if (this.#appends.size > MAX_PRODUCERS) this.#appends.delete(this.#appends.keys().next().value!)
  }

  add(texts: readonly SizedText[], now: number): LogEvent[] {
    this.writtenAt = now
    this.usedAt = now
    return texts.map(({ text, bytes }) => {
      const event: LogEvent = { cursor: copyOf(formatCursor(this.epoch, ++this.last)), text: copyOf(text), time: now }
      this.#events.push(event)
      this.#sizes.push(bytes)
      this.bytes += bytes
      return event
    })
  }

  /** Trims the oldest events while there are more than `events` or `bytes`, but not the newest one. */
  trimToFit(events: number, bytes: number): void {
    while (this.last - this.first > 1 && (this.last - this.first > events || this.bytes > bytes)) this.#trimOne()
  }

  /** Trims the oldest events while the log takes more than `size` bytes, but not the newest one. */
  trimToSize(size: number): void {
    while (this.last - this.first > 1 && this.size > size) this.#trimOne()
  }

  /** Trims the events that were stored at `time` or before. */
  trimUntil(time: number): void {
    while (this.first < this.last && this.#events[this.#trimmed]!.time <= time) this.#trimOne()
  }

  /** Trims every event. */
  empty(): void {
    this.first = this.last
    this.bytes = 0
    this.#events = []
    this.#sizes = []
    this.#trimmed = 0
  }

  read(after: Position, maxEvents: number, maxBytes: number, now: number): StorePage {
    const { sequence, reason } = locate(after, this)
    const from = this.#trimmed + sequence - this.first
    let to = from
    for (let bytes = 0; to < this.#events.length && to - from < maxEvents; to++) {
      bytes += this.#sizes[to]!
      if (bytes > maxBytes && to > from) break
    }
    const state = this.stateAt(now)
    return {
      events: this.#events.slice(from, to) as LogEvent[],
      next: formatCursor(this.epoch, sequence + to - from),
      more: to < this.#events.length,
      state,
      ...(reason && { gap: { reason, resumesAt: state.first } }),
    }
  }

  #trimOne(): void {
    this.first++
    this.bytes -= this.#sizes[this.#trimmed]!
    this.#events[this.#trimmed++] = undefined
    // Moves no more events than were trimmed since the last time.
    if (this.#trimmed * 2 < this.#events.length) return
    this.#events = this.#events.slice(this.#trimmed)
    this.#sizes = this.#sizes.slice(this.#trimmed)
    this.#trimmed = 0
  }
}
