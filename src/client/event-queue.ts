/*
 * Law: what has come and was not taken. It is bounded: the loop asks for room before it reads on. An end of the server's
 * comes after what is queued; an end of ours drops it.
 */
import type { SseEvent, SseEventIterator } from "../event.ts"
import { ignore } from "../internal/cancel.ts"
import { createChannel, type Failure } from "../internal/channel.ts"
import { DONE } from "../internal/iterator.ts"
import type { EventSink, Settings } from "../reconnection/index.ts"

export interface EventQueue extends EventSink, SseEventIterator {
  /** The last event ID in force after the last event that was taken. */
  lastEventId: string
  /** Whether it was closed by our own will: what is on its way must not arrive. */
  isClosed: boolean
  /** Drops what is queued; every wait is over. */
  readonly close: (failure?: Failure) => void
}

interface Slot {
  readonly event: SseEvent
  readonly run: (() => undefined) | undefined
  /** The last event ID once this is taken; what follows it without an event of its own moves it on. */
  lastEventId: string
}

/**
 * @param onReturn - Called when its reader leaves.
 * @param onChange - Called with whether a consumer waits, and whether all is over and taken, after each change.
 */
export function createEventQueue(
  { limits, lastEventId }: Settings,
  onReturn: () => void,
  onChange: (waits: boolean, isOver: boolean) => void,
): EventQueue {
  let room = limits.maxQueuedSize
  let onRoom = ignore
  const hasRoom = () => room > 0 && channel.size() < limits.maxQueuedEvents
  const channel = createChannel(({ event, run, lastEventId: cursor }: Slot) => {
    queue.lastEventId = cursor
    room += sizeOf(event)
    if (hasRoom()) onRoom()
    return run ? run() : event
  }, onChange)
  const queue: EventQueue = {
    ...channel,
    lastEventId,
    isClosed: false,
    async return() {
      onReturn()
      return DONE
    },
    [Symbol.asyncIterator]: () => queue,
    close(failure) {
      queue.isClosed = true
      channel.clear()
      channel.end(failure, true)
    },
    push(event, run) {
      room -= sizeOf(event)
      channel.push({ event, run, lastEventId: event.lastEventId })
    },
    moveCursor(cursor) {
      ;(channel.last() ?? queue).lastEventId = cursor
    },
    room: () => (hasRoom() ? undefined : new Promise((resolve) => (onRoom = resolve))),
  }
  return queue
}

/** In characters. */
function sizeOf({ data, event, id = "" }: SseEvent): number {
  return data.length + event.length + id.length
}
