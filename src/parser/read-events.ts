import type { DecodedEvent, EventDecoder } from "../contract/index.ts"
import type { SseEvent, SseEventIterator } from "../event.ts"
import { EventReader } from "./event-reader.ts"
import type { ReadEventsOptions } from "./read-events-options.ts"
import type { SseSource } from "./source.ts"

/**
 * Reads the events of a response, a stream, an iterable or a string, with backpressure: at most one chunk of the source
 * is read ahead of the loop. Leaving the loop cancels the source.
 *
 * A Response is checked first: 204, and any other 2xx status without a body, has no events; any other than an event
 * stream with a 2xx status rejects the first `next()`. An unfinished event at the end is discarded, as the specification says.
 *
 * With `events` each event is decoded and validated, in its order, and the iterator gives the union of the contract; an
 * event that a policy of the contract skips moves `lastEventId` all the same.
 *
 * @throws TypeError at once, where the source is none or its body is locked.
 * @throws {@link SseResponseError} from the first `next()`, with status, headers and the start of the body.
 * @throws {@link SseConnectionError} where the body of a response breaks; the error of any other source comes as it is.
 * @throws {@link SseLimitError} where a line or an event is over its limit.
 * @throws {@link SseValidationError} where an event does not fit `events`; `lastEventId` stays before that event.
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
  const reader = new EventReader(source, options ?? {})
  const contract: EventDecoder<SseEvent<string, unknown>> | undefined = options?.events
  const events: SseEventIterator<SseEvent<string, unknown>> =
    contract === undefined ? reader : contract.read(reader, options?.signal)
  return events as SseEventIterator<DecodedEvent<Contract>>
}
