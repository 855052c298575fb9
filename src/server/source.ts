/* Law: everything that events can come from becomes one shape, pulled event by event, stopped once. */
import type { SseEventInit } from "../event.ts"
import type { Session } from "./session.ts"

/** What events can be taken from. */
export type SseEventSource = AsyncIterable<SseEventInit> | Iterable<SseEventInit> | ReadableStream<SseEventInit>

/**
 * What a response sends: events that are pulled, or a function that sends them by itself.
 *
 * Where the function gives a promise, the session is closed when it settles; where it gives something that events can
 * be taken from (as a generator does), those are sent and the session is closed; else the session stays open until
 * {@link Session.close} or until the client leaves.
 */
export type SseServerSource = SseEventSource | ((session: Session) => unknown)

/** A source of events that is being read. */
export interface OpenedSource {
  next(): Promise<IteratorResult<SseEventInit, unknown>>
  /** Ends the reading; does nothing after the source's own end, and rejects where its clean-up fails. */
  stop(reason: unknown): Promise<unknown>
}

/** Whether `value` is something that events can be taken from. */
export function isEventSource(value: unknown): value is SseEventSource {
  if (typeof value !== "object" || value === null) return false
  return isReadableStream(value) || Symbol.asyncIterator in value || Symbol.iterator in value
}

/**
 * Opens `source`, which is locked from then on.
 *
 * @throws TypeError where it is a locked stream.
 */
export function openEventSource(source: SseEventSource): OpenedSource {
  if (isReadableStream(source)) {
    const reader = source.getReader()
    return { next: () => reader.read(), stop: (reason) => reader.cancel(reason) }
  }
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let ended = false
  return {
    async next() {
      try {
        const result = await iterator.next()
        ended = result.done === true
        return result
      } catch (error) {
        ended = true
        throw error
      }
    },
    stop: async () => (ended ? undefined : iterator.return?.()),
  }
}

function isReadableStream(source: object): source is ReadableStream<SseEventInit> {
  return typeof (source as Partial<ReadableStream>).getReader === "function"
}
