/*
 * The events that have arrived and were not taken. The queue is bounded: the loop waits for room before it reads on. An
 * end by the server follows the queued events; an end by the caller drops them.
 */
import type { SseEvent, SseEventIterator } from "../event.ts"
import { ignore } from "../internal/cancel.ts"
import { Channel, type Failure } from "../internal/channel.ts"
import { copyOf } from "../internal/copy.ts"
import { DONE } from "../internal/iterator.ts"
import { GAP_EVENT } from "../internal/reserved-events.ts"
import type { EventSink, Settings } from "../reconnection/index.ts"

interface Slot {
  readonly event: SseEvent
  readonly run: (() => undefined) | undefined
  readonly isRestart: boolean
  /** The last event ID after this event; a block without an event that follows moves it on. */
  lastEventId: string
}

export class EventQueue extends Channel<Slot, SseEvent> implements EventSink, SseEventIterator {
  /** The last event ID in force after the last event that was taken. */
  lastEventId: string
  /** Whether the caller has closed it: an event that is on its way must not be delivered. */
  isClosed: boolean = false
  /** Whether the caller closed it before it had taken the last event and the end. */
  isLeft: boolean = false
  /** How many gaps were taken, whether they were delivered or reported. */
  gaps: number = 0
  /** How many connections did not continue the ones before them, as far as their events were taken. */
  restarts: number = 0
  readonly #maxEvents: number
  readonly #onReturn: () => void
  /** What may still be queued, in characters. */
  #room: number
  #onRoom: () => void = ignore
  /** The last event ID so far, as a copy. */
  #cursor: string

  /**
   * @param onReturn - Called when the consumer leaves.
   * @param onChange - Called after each change, with whether the consumer waits, and whether all has ended and was taken.
   */
  constructor(
    { limits, lastEventId }: Settings,
    onReturn: () => void,
    onChange: (isAwaited: boolean, isOver: boolean) => void,
  ) {
    super(onChange)
    this.#cursor = this.lastEventId = lastEventId
    this.#maxEvents = limits.maxQueuedEvents
    this.#room = limits.maxQueuedSize
    this.#onReturn = onReturn
  }

  async return(): Promise<IteratorResult<SseEvent, undefined>> {
    this.#onReturn()
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  deliver(event: SseEvent, run?: () => undefined, isRestart = false): void {
    this.#room -= sizeOf(event)
    const lastEventId = this.#copyCursor(event.lastEventId)
    this.push({ event: this.isAwaited ? event : copyOfEvent(event, lastEventId), run, isRestart, lastEventId })
  }

  moveCursor(lastEventId: string): void {
    ;(this.last ?? this).lastEventId = this.#copyCursor(lastEventId)
  }

  #copyCursor(lastEventId: string): string {
    return lastEventId === this.#cursor ? this.#cursor : (this.#cursor = copyOf(lastEventId))
  }

  room(): Promise<void> | undefined {
    return this.#hasRoom() ? undefined : new Promise((resolve) => (this.#onRoom = resolve))
  }

  /** Drops the queued events and settles every wait. */
  close(failure?: Failure): void {
    this.isLeft ||= !this.isOver
    this.isClosed = true
    this.takeAll()
    this.end(failure, true)
  }

  protected override open({ event, run, isRestart, lastEventId }: Slot): SseEvent | undefined {
    this.lastEventId = lastEventId
    this.#room += sizeOf(event)
    if (this.#hasRoom()) this.#onRoom()
    if (event.event === GAP_EVENT) this.gaps++
    if (isRestart) this.restarts++
    return run ? run() : event
  }

  #hasRoom(): boolean {
    return this.#room > 0 && this.size < this.#maxEvents
  }
}

/** An event that waits must not keep the chunk that it came from. */
export function copyOfEvent({ event, data, id }: SseEvent, lastEventId: string): SseEvent {
  return {
    event: copyOf(event),
    data: copyOf(data),
    id: id === lastEventId ? lastEventId : id && copyOf(id),
    lastEventId,
  }
}

/** In characters. */
function sizeOf({ data, event, id = "" }: SseEvent): number {
  return data.length + event.length + id.length
}
