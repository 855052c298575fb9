/*
 * The events of the shared stream that wait for room in the queue of this tab. They are bounded: a tab that reads too
 * slowly gets a gap, or fails. An event that this tab already has is dropped by its ID when another leader sends it again.
 */
import type { SseEvent } from "../../event.ts"
import { Fifo } from "../../internal/fifo.ts"
import { MAX_ID_LENGTH, rememberId } from "../../internal/remember-id.ts"
import { GAP_EVENT } from "../../internal/reserved-events.ts"
import { gapOf, type Settings } from "../../reconnection/index.ts"
import type { EventQueue } from "../event-queue.ts"
import { type Entry, type Place, sizeOf } from "./shared-log.ts"

export class Inbox {
  readonly #queue: EventQueue
  readonly #settings: Settings
  readonly #maxEntries: number
  readonly #maxSize: number
  readonly #onOverflow: () => void
  readonly #waiting: Fifo<Entry> = new Fifo()
  #size = 0
  /** Whether a chunk of the stream is being pushed, of which the consumer can take nothing before its end. */
  #isWithinChunk = false
  /** Whether as many events wait as are kept, without those of this chunk. */
  #isFull = false
  #isMoving = false
  /** The last event ID after the last event that entered the queue. */
  #movedId: string
  /** The IDs of events that this tab has, and that another leader may send again. */
  readonly #repeated: Set<string> = new Set()

  /** @param onOverflow - Called if more events wait than are kept, and the caller does not handle gaps. */
  constructor(queue: EventQueue, settings: Settings, maxEntries: number, maxSize: number, onOverflow: () => void) {
    this.#queue = queue
    this.#settings = settings
    this.#maxEntries = maxEntries
    this.#maxSize = maxSize
    this.#onOverflow = onOverflow
    this.#movedId = settings.lastEventId
  }

  /** The first entry that waits. */
  get first(): Entry | undefined {
    return this.#waiting.first
  }

  get hasRoom(): boolean {
    return this.#waiting.size === 0 && this.#queue.room() === undefined
  }

  push(entry: Entry): void {
    if (this.#isRepeated(entry)) return
    this.#beginChunk()
    if (this.#isFull) {
      if (this.#settings.onGap === undefined) return this.#onOverflow()
      return this.pushGap(entry, "slow-consumer", true)
    }
    this.#waiting.push(entry)
    this.#size += sizeOf(entry)
    this.move()
  }

  /** Reports to `onGap` that events before `place` are missing. @param dropsWaiting - Those that wait are missing, too. */
  pushGap(place: Place, reason: string, dropsWaiting = false): void {
    if (dropsWaiting) {
      this.#waiting.takeAll()
      this.#size = 0
      this.#isFull = false
    }
    const { lastEventId } = place
    const data = JSON.stringify({ from: this.#movedId, reason, resumesAt: lastEventId })
    const gap: Entry = { ...place, event: { event: GAP_EVENT, data, id: undefined, lastEventId } }
    this.#waiting.push(gap)
    this.#size += sizeOf(gap)
    this.move()
  }

  /** These events were pushed, and may come again. */
  expectAgain(entries: readonly Entry[]): void {
    for (const { event } of entries) if (event?.id) rememberId(this.#repeated, event.id)
  }

  /** Moves events to the queue of the consumer: as many as it has room for, or all. */
  move(all = false): void {
    if (this.#isMoving) return
    this.#isMoving = true
    const mayMove = () => all || this.#queue.room() === undefined
    while (this.#waiting.size > 0 && mayMove()) {
      const entry = this.#waiting.shift()!
      this.#size -= sizeOf(entry)
      this.#movedId = entry.lastEventId
      // A copy, which the consumer may change; other tabs get the original.
      if (entry.event) this.#queue.deliver({ ...entry.event }, this.#gapRun(entry.event), entry.isRestart)
      this.#queue.moveCursor(entry.lastEventId)
    }
    this.#isMoving = false
  }

  /** Each connection has only its own IDs for `dedupe`, and a server that ignores the last event ID sends all again. */
  #isRepeated({ event }: Entry): boolean {
    if (!event?.id) return false
    if (!this.#settings.dedupe || this.#gapRun(event)) return this.#repeated.delete(event.id)
    if (this.#repeated.has(event.id)) return true
    if (event.id.length <= MAX_ID_LENGTH) rememberId(this.#repeated, event.id)
    return false
  }

  /** A consumer that has taken all before this chunk is not slow, however many events the chunk has. */
  #beginChunk(): void {
    if (this.#isWithinChunk) return
    this.#isWithinChunk = true
    void Promise.resolve().then(() => (this.#isWithinChunk = false))
    this.#isFull = this.#waiting.size >= this.#maxEntries || this.#size >= this.#maxSize
  }

  #gapRun({ event, data }: SseEvent): (() => undefined) | undefined {
    const { onGap, callHook } = this.#settings
    return event === GAP_EVENT && onGap ? () => callHook(onGap, gapOf(data)) : undefined
  }
}
