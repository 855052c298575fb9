/*
 * The position of one session in one log. It is either a sequence in the present life of the log, or a text that the
 * store must place: the cursor of a client, or "start".
 */
import { parseCursor } from "../store/cursor.ts"
import type { Cursor } from "../store/event-store.ts"
import type { ClientGap } from "./gap-event.ts"
import type { LogEntry } from "./log-entry.ts"
import type { LogGap, LogMember, LogPage, LogReader } from "./log-reader.ts"

/** What a position asks of its session. */
export interface PositionOwner {
  /** There may be entries to take. */
  onEntries(position: LogPosition): void
  /** Whether the session starts over at the newest entry after a gap. */
  readonly skipsGaps: boolean
  onPageError(error: unknown): void
}

/** Where a position starts: after the cursor of the client, or where a client without a cursor starts. */
export type PositionStart = { readonly cursor: string } | { readonly since: "live" | "start" | number }

/** The place of a position that the store must place. */
const UNPLACED = -1

/** The text of a client as a position of the store, where the words for the two ends of a log are none of a client's. */
export function storeText(cursor: string): string {
  return cursor === "start" || cursor === "end" ? "" : cursor
}

export class LogPosition implements LogMember {
  readonly reader: LogReader
  readonly tag: string
  readonly #owner: PositionOwner
  /** The sequence of the last entry that was taken, in the life of the log that `#epoch` names. */
  #sequence = UNPLACED
  #epoch = ""
  /** The text to be placed by the store. */
  #text: string
  /** Whether a gap at the first placing is told: not to a client that came without a cursor. */
  #tellsGap: boolean
  #generation: number
  #page: LogPage | undefined = undefined
  #taken = 0
  #isReading = false
  #hasLeft = false
  #gap: ClientGap | undefined = undefined
  /** The newest entry at the start: what is not newer is replayed. */
  #startedAt = 0

  constructor(reader: LogReader, tag: string, start: PositionStart, owner: PositionOwner) {
    this.reader = reader
    this.tag = tag
    this.#owner = owner
    this.#text = "cursor" in start ? start.cursor : "start"
    this.#tellsGap = "cursor" in start
    this.#generation = reader.generation
    const place = () => {
      reader.joining.delete(this)
      if (this.#hasLeft || !reader.isReady) return
      this.#generation = reader.generation
      this.#startedAt = reader.last
      this.#place("cursor" in start ? undefined : start.since)
      reader.members.add(this)
      owner.onEntries(this)
    }
    if (reader.isReady) place()
    else reader.joining.set(this, place)
  }

  /**
   * What the client keeps of this position: the cursor after the last entry that was taken. Before the log has placed it,
   * the cursor that the client came with, `""` if that is none, and `undefined` if it came without.
   */
  get cursor(): Cursor | undefined {
    if (this.isPlaced) return this.#position
    if (!this.#tellsGap) return undefined
    return parseCursor(this.#text) === undefined ? "" : this.#text
  }

  /** The place in the log, or the text that the store must place. */
  get #position(): Cursor {
    return this.isPlaced ? `${this.#epoch}-${this.#sequence}` : this.#text
  }

  /** Whether the log has placed this position. */
  get isPlaced(): boolean {
    return this.#sequence !== UNPLACED
  }

  /** The number of entries that are left to take, 0 before the start. */
  get lag(): number {
    // A page of the store may be newer than what the reader of the log has heard of.
    return this.isPlaced && !this.#hasLeft ? Math.max(0, this.reader.last - this.#sequence) : 0
  }

  /** The number of entries to take that are newer than the start. */
  get liveLag(): number {
    return this.isPlaced ? this.reader.last - Math.max(this.#sequence, this.#startedAt) : 0
  }

  /** The entries to take that are in memory, the next one first. */
  get waiting(): readonly LogEntry[] {
    return this.#entryOfPage() === undefined
      ? this.reader.ring.entriesAfter(this.#sequence)
      : this.#page!.entries.slice(this.#taken)
  }

  isReplayed(entry: LogEntry): boolean {
    return entry.sequence <= this.#startedAt
  }

  /** Takes the gap that must be told before any other entry. */
  takeGap(): ClientGap | undefined {
    this.#followGeneration()
    const gap = this.#gap
    this.#gap = undefined
    return gap
  }

  /** The next entry, if it is there; otherwise it is read, and the owner is told when it has come. */
  peek(): LogEntry | undefined {
    this.#followGeneration()
    const { reader } = this
    if (this.isPlaced && this.#sequence >= reader.ring.floor) {
      this.#page = undefined
      return reader.ring.entryAfter(this.#sequence)
    }
    const entry = this.#entryOfPage()
    if (entry === undefined && reader.isReady) void this.#read()
    return entry
  }

  #entryOfPage(): LogEntry | undefined {
    const entry = this.#page?.entries[this.#taken]
    // After a gap that was skipped, the page is not where the position is.
    return entry?.sequence === this.#sequence + 1 ? entry : undefined
  }

  /** Moves behind an entry that `peek` has returned. */
  take(entry: LogEntry): void {
    this.#sequence = entry.sequence
    // It may have changed without a gap.
    this.#epoch = this.reader.epoch
    this.#taken++
  }

  onEntries(): void {
    this.#owner.onEntries(this)
  }

  leave(): void {
    this.#hasLeft = true
    this.reader.members.delete(this)
    this.reader.joining.delete(this)
  }

  /** Places the position where memory suffices. */
  #place(since: "live" | "start" | number | undefined): void {
    const { reader } = this
    if (since === "live") return this.#setSequence(reader.last)
    if (typeof since === "number") this.#text = `${reader.epoch}-${Math.max(0, reader.last - Math.floor(since))}`
    const parts = parseCursor(this.#text)
    if (parts?.epoch !== reader.epoch || parts.sequence > reader.last || parts.sequence < reader.ring.floor) return
    this.#setSequence(parts.sequence)
  }

  #setSequence(sequence: number): void {
    this.#sequence = sequence
    this.#epoch = this.reader.epoch
    this.#tellsGap = true
  }

  /** After the log has begun anew, this position is where it goes on. */
  #followGeneration(): void {
    const { reader } = this
    if (this.#generation === reader.generation) return
    this.#generation = reader.generation
    this.#page = undefined
    this.#startedAt = reader.last
    if (this.isPlaced && reader.gap !== undefined && !this.#isBeyond(reader.gap)) this.#resume(reader.gap)
  }

  /** Whether this position was read beyond what the reader of the log has missed. */
  #isBeyond({ reason, resumesAt }: LogGap): boolean {
    return reason === "trimmed" && this.#sequence >= parseCursor(resumesAt)!.sequence
  }

  #resume({ reason, resumesAt }: LogGap): void {
    const from = this.#gap?.from ?? this.#position
    const isSkipped = this.#tellsGap && this.#owner.skipsGaps
    const at = isSkipped ? this.reader.cursor : resumesAt
    if (this.#tellsGap) this.#gap = { from, reason, resumesAt: at }
    this.#setSequence(parseCursor(at)!.sequence)
  }

  async #read(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    const generation = this.#generation
    let hasNew = false
    try {
      const page = await this.reader.pageAfter(this.#tellsGap ? storeText(this.#position) : this.#position)
      // What was read of an earlier life of the log is read again.
      hasNew = generation !== this.reader.generation || this.#takePage(page)
    } catch (error) {
      // Read again when there are new entries, or at the next check of all sessions.
      this.#owner.onPageError(error)
    }
    this.#isReading = false
    if (hasNew && !this.#hasLeft) this.#owner.onEntries(this)
  }

  /** Returns whether there is something to take. */
  #takePage(page: LogPage): boolean {
    const { entries, gap } = page
    const at = parseCursor(gap?.resumesAt ?? page.next)
    // The log has begun anew, and the reader of the log does not know it yet.
    if (at?.epoch !== this.reader.epoch) {
      this.reader.check()
      return false
    }
    this.#taken = 0
    this.#page = page
    if (gap !== undefined) this.#resume(gap)
    else if (!this.isPlaced) this.#setSequence(entries[0] === undefined ? at.sequence : entries[0].sequence - 1)
    else return entries.length > 0
    return true
  }
}
