import type { DecodedEvent, EventDecoder } from "../contract/index.ts"
import type { SseEvent, SseEventIterator } from "../event.ts"
import { orCancel } from "../internal/cancel.ts"
import { EventReader } from "./event-reader.ts"
import type { ReadEventsOptions } from "./read-events-options.ts"
import { openSource, type SseSource } from "./source.ts"

/**
 * Reads the events of a response, a stream, an iterable or a string.
 *
 * The source is read with backpressure: at most one chunk is read ahead of the loop. Chunks may be cut anywhere.
 * Leaving the loop cancels the source; a source with a `destroy` method, such as a stream of Node, is destroyed. An
 * unfinished event at the end is discarded, as specified.
 *
 * A Response is checked first. A 204, and any other 2xx status without a body, has no events. Any other response must
 * have a 2xx status and the type `text/event-stream`, or the first `next()` rejects, after at most one second for the
 * start of the body.
 *
 * As specified, lines in no known field are ignored: a body of JSON lines under the type `text/event-stream` has no events.
 * `onUnknownLine` sees such lines.
 *
 * With `events` each event is decoded and validated in order, and the iterator yields the union of the contract. An
 * event that a policy of the contract skips also moves `lastEventId`.
 *
 * @throws TypeError at the call, if `source` is none of these, looks like a URL or a Request, or its body is locked or used; at a
 * second loop over the iterator, after the first one has ended.
 * @throws RangeError at the call, if a limit is not a number from 1; if an option is refused, the source is cancelled.
 * @throws The error of a handler that throws; what an async handler rejects with is reported as an uncaught error is.
 * @throws {@link SseResponseError} from the first `next()`, with status, headers and the start of the body.
 * @throws {@link SseConnectionError} if the body of a response breaks; an error of any other source is thrown
 * unchanged.
 * @throws {@link SseLimitError} if a line or an event exceeds its limit.
 * @throws {@link SseMalformedError} at invalid UTF-8, if `fatal` is set.
 * @throws {@link SseValidationError} if an event does not match `events`; `lastEventId` stays before that event.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 * @example
 * ```ts
 * import { readEvents } from "steadystream"
 *
 * const response = new Response("data: hello\n\ndata: world\n\n", { headers: { "content-type": "text/event-stream" } })
 * for await (const event of readEvents(response)) console.log(event.data) // hello, world
 * ```
 */
export function readEvents<Contract extends EventDecoder<SseEvent<string, unknown>> | undefined = undefined>(
  source: SseSource,
  options?: ReadEventsOptions<DecodedEvent<Contract>> & { readonly events?: Contract },
): SseEventIterator<DecodedEvent<Contract>> {
  const accept = () => new EventReader(source, options ?? {})
  const reader = orCancel(accept, () => openSource(source))
  const contract: EventDecoder<SseEvent<string, unknown>> | undefined = options?.events
  const events: SseEventIterator<SseEvent<string, unknown>> =
    contract === undefined ? reader : contract.read(reader, options?.signal)
  return events as SseEventIterator<DecodedEvent<Contract>>
}
