/* Law: everything that events can come from becomes one shape, pulled event by event, stopped once. */
import type { SseControlInit, SseEventInit } from "../event.ts"
import type { Session } from "./session.ts"

/** What events can be taken from; with a contract they are events of it. */
export type SseEventSource<Written = SseEventInit> =
  | AsyncIterable<Written | SseControlInit>
  | Iterable<Written | SseControlInit>
  | ReadableStream<Written | SseControlInit>

/**
 * What a response sends: events that are pulled, or a function that sends them by itself.
 *
 * Where the function gives a generator, an async iterable or a stream, or a promise of one, its events are sent and the
 * session is closed; where it gives any other promise, the session is closed when that settles; else, also where it
 * gives an array or a Set, the session stays open until {@link Session.close} or until the client leaves.
 */
export type SseServerSource<Written = SseEventInit> = SseEventSource<Written> | ((session: Session<Written>) => unknown)

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

/** Whether what a function gave is meant to be sent: not a mere collection, such as the one that `set.add()` gives. */
export function isReturnedSource(result: unknown): result is SseEventSource {
  return isEventSource(result) && (!(Symbol.iterator in result) || "next" in result)
}

/**
 * Opens `source`, which is locked from then on.
 *
 * @throws TypeError where it is a locked stream.
 */
export function openEventSource(source: SseEventSource): OpenedSource {
  if (isReadableStream(source)) {
    const reader = source.getReader()
    return { next: () => reader.read(), stop: async (reason) => reader.cancel(reason) }
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
