import type { SseControlInit, SseEventInit } from "../event.ts"
import { isItemSource } from "../internal/item-source.ts"
import type { Session } from "./session.ts"

/**
 * An item of a source: an event (of the contract, if there is one), or bytes, which are sent unchanged. The bytes must
 * be complete blocks of an event stream, as from a chunk writer or another server.
 */
export type SseSourceItem<Written = SseEventInit> = NoInfer<Written | SseControlInit> | Uint8Array<ArrayBuffer>

/** A source that the response pulls events from. */
export type SseEventSource<Written = SseEventInit> =
  | AsyncIterable<SseSourceItem<Written>>
  | Iterable<SseSourceItem<Written>>
  | ReadableStream<SseSourceItem<Written>>

/**
 * What a response sends: a source of events, or a function that sends them by itself.
 *
 * If the function returns a generator, another iterable or a stream, or a promise of one, its events are sent and the
 * session is closed. If it returns any other promise, the session is closed when that settles. Otherwise the session
 * stays open until {@link Session.close} or until the client leaves.
 */
export type SseServerSource<Written = SseEventInit> =
  | SseEventSource<Written>
  | ((session: Session<Written>) => SseReturnedSource<Written>)

/** What a function that sends events may return. */
export type SseReturnedSource<Written = SseEventInit> =
  | void
  | SseEventSource<Written>
  // eslint-disable-next-line typescript/no-invalid-void-type -- an async function without a result is allowed
  | PromiseLike<void | SseEventSource<Written>>

/**
 * Whether the result of a function is meant to be sent. A collection such as the one that `set.add()` returns is not.
 *
 * @throws TypeError if it looks like events in a form that cannot be sent.
 */
export function isReturnedSource(result: unknown): result is SseEventSource {
  if (typeof result === "string" || isEvent(result) || isResponse(result)) {
    throw new TypeError(
      "Cannot send event stream: the function must return a source of events, not an event, text or a Response",
    )
  }
  return isItemSource(result) && (!(Symbol.iterator in result) || "next" in result || Array.isArray(result))
}

function isResponse(result: unknown): boolean {
  return typeof result === "object" && result !== null && "body" in result && "headers" in result
}

function isEvent(result: unknown): boolean {
  return typeof result === "object" && result !== null && "data" in result && !isItemSource(result)
}
