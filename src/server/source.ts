import type { SseControlInit, SseEventInit } from "../event.ts"
import { isItemSource } from "../internal/item-source.ts"
import type { Session } from "./session.ts"

/**
 * What can be taken from a source: an event, with a contract one of it, or bytes, which are sent as they are: whole
 * blocks of an event stream that somebody else encoded, such as a chunk writer or another server.
 */
export type SseSourceItem<Written = SseEventInit> = Written | SseControlInit | Uint8Array<ArrayBuffer>

/** What events can be taken from. */
export type SseEventSource<Written = SseEventInit> =
  | AsyncIterable<SseSourceItem<Written>>
  | Iterable<SseSourceItem<Written>>
  | ReadableStream<SseSourceItem<Written>>

/**
 * What a response sends: events that are pulled, or a function that sends them by itself.
 *
 * Where the function gives a generator, an async iterable or a stream, or a promise of one, its events are sent and the
 * session is closed; where it gives any other promise, the session is closed when that settles; else, also where it
 * gives an array or a Set, the session stays open until {@link Session.close} or until the client leaves.
 */
export type SseServerSource<Written = SseEventInit> = SseEventSource<Written> | ((session: Session<Written>) => unknown)

/** Whether what a function gave is meant to be sent: not a mere collection, such as the one that `set.add()` gives. */
export function isReturnedSource(result: unknown): result is SseEventSource {
  return isItemSource(result) && (!(Symbol.iterator in result) || "next" in result)
}
