/*
 * The newest events of the shared stream, as every tab keeps them, so that whichever tab leads next can send another what
 * it missed. A place is the same in all tabs: the epoch of the leader that numbered it, and its number. The numbers of the
 * entries increase.
 */
import type { SseEvent } from "../../event.ts"

/** A place in the shared stream. Numbers go on from one epoch to the next. */
export interface Place {
  readonly epoch: number
  readonly seq: number
  /** The last event ID at this place. */
  readonly lastEventId: string
  /** Whether it was set here, and not before. */
  readonly hasId: boolean
}

/** What follows a place: an event, or without one a block that only moved the last event ID. */
export interface Entry extends Place {
  readonly event: SseEvent | undefined
  /** Whether the event shows that its connection does not continue the ones before it. */
  readonly isRestart?: boolean | undefined
}

/** Some entries in their order, and the place before them. */
export interface Span {
  readonly prev: Place
  readonly entries: readonly Entry[]
}

/** How far a tab has the shared stream. */
export interface TabCursor {
  /** The place up to which the tab has the shared stream; `undefined` if it knows none. */
  readonly place: Place | undefined
  /** The last event ID up to which it has the stream, `""` if there is none. */
  readonly lastEventId: string
  /** How many of the newest events it wants, if it has had no event; else `undefined`. */
  readonly recent: number | undefined
}

/** How the entries were found that follow a cursor: by its place, by its ID, as the newest ones, or not at all. */
export type FoundBy = "place" | "id" | "start" | "nothing"

/** How far the log grows beyond its limits, as a factor. Entries are removed in batches, since each batch moves the rest. */
const SLACK = 1.125

export class SharedLog {
  readonly #maxEntries: number
  readonly #maxSize: number
  #entries: Entry[] = []
  #size = 0
  /** The place before the first entry that is kept. */
  #head: Place

  constructor(lastEventId: string, maxEntries: number, maxSize: number) {
    this.#head = { epoch: 0, seq: 0, lastEventId, hasId: true }
    this.#maxEntries = maxEntries
    this.#maxSize = maxSize
  }

  get last(): Place {
    return this.#entries.at(-1) ?? this.#head
  }

  get length(): number {
    return this.#entries.length
  }

  append(entry: Entry): void {
    this.#entries.push(entry)
    this.#size += sizeOf(entry)
    if (this.#entries.length > SLACK * this.#maxEntries || this.#size > SLACK * this.#maxSize) this.#removeOldest()
  }

  /** The index of the entry after a place; -1 if the place is not kept. */
  indexAfter(place: Place): number {
    if (isSame(this.last, place)) return this.#entries.length
    const at = this.#lastIndex(({ seq }) => seq <= place.seq)
    return isSame(this.#entries[at] ?? this.#head, place) ? at + 1 : -1
  }

  /** The index of the entry after the newest one that set the last event ID to `id`; -1 if none is kept. */
  indexAfterId(id: string): number {
    const at = this.#lastIndex((entry) => entry.hasId && entry.lastEventId === id)
    return at < 0 && !(this.#head.hasId && this.#head.lastEventId === id) ? -1 : at + 1
  }

  /** The index of what follows the cursor of another tab, and how it was found. */
  find({ place, lastEventId, recent }: TabCursor): readonly [by: FoundBy, index: number] {
    const start = recent === undefined ? undefined : (["start", this.#indexOfNewest(recent)] as const)
    if (start && !place) return start
    const index = place ? this.indexAfter(place) : -1
    if (index >= 0) return ["place", index]
    const indexById = this.indexAfterId(lastEventId)
    return indexById >= 0 ? ["id", indexById] : (start ?? ["nothing", this.#entries.length])
  }

  from(index: number): Span {
    return { prev: placeOf(this.#entries[index - 1] ?? this.#head), entries: this.#entries.slice(index) }
  }

  /** The characters of the entries after a number. */
  sizeAfter(seq: number): number {
    let size = 0
    for (let at = this.#entries.length - 1; at >= 0 && this.#entries[at]!.seq > seq; at--) {
      size += sizeOf(this.#entries[at]!)
    }
    return size
  }

  /** Removes the entries from an index on, and returns them. */
  cut(index: number): readonly Entry[] {
    const removed = this.#entries.splice(index)
    for (const entry of removed) this.#size -= sizeOf(entry)
    return removed
  }

  /** Forgets all entries; the log goes on after `place`. */
  restart(place: Place): void {
    this.#entries = []
    this.#size = 0
    this.#head = placeOf(place)
  }

  /** Numbers the entries anew, which no other tab has under their numbers. */
  renumber(epoch: number): void {
    this.#head = { ...this.#head, epoch, seq: 0 }
    this.#entries = this.#entries.map((entry, index) => ({ ...entry, epoch, seq: index + 1 }))
  }

  /** The index from which on there are the newest `count` events. */
  #indexOfNewest(count: number): number {
    let index = this.#entries.length
    for (let left = count; index > 0 && left > 0; index--) if (this.#entries[index - 1]!.event) left--
    return index
  }

  #removeOldest(): void {
    let count = 0
    let left = this.#entries.length
    while (left > this.#maxEntries || (this.#size > this.#maxSize && left > 1)) {
      this.#size -= sizeOf(this.#entries[count++]!)
      left--
    }
    if (count > 0) this.#head = placeOf(this.#entries[count - 1]!)
    this.#entries.splice(0, count)
  }

  #lastIndex(isIt: (entry: Entry) => boolean): number {
    let index = this.#entries.length - 1
    while (index >= 0 && !isIt(this.#entries[index]!)) index--
    return index
  }
}

export function isSame(one: Place, other: Place): boolean {
  return one.seq === other.seq && one.epoch === other.epoch
}

/** The place of an entry, without the entry. */
export function placeOf({ epoch, seq, lastEventId, hasId }: Place): Place {
  return { epoch, seq, lastEventId, hasId }
}

/** In characters. */
export function sizeOf({ event, lastEventId }: Entry): number {
  return lastEventId.length + (event ? event.data.length + event.event.length + (event.id ?? "").length : 0)
}
