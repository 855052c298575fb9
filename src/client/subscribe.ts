import type { EventDecoder } from "../contract/index.ts"
import type { SseEvent } from "../event.ts"
import { settingsOf, type SubscribeOptions, type SubscribeTarget } from "../reconnection/index.ts"
import { createSubscription, type Subscription } from "./subscription.ts"

/**
 * Subscribes to an event stream: one async iterable across reconnections, inside a budget.
 *
 * Nothing happens before the first `next()`. Attempts that fail, and streams that end where reconnecting is on, are
 * followed by others from the last event ID on; 204, the end mark `until`, `close()` and leaving the loop end it. An end
 * or a failure of the server's comes after the events before it; one of ours drops them. The connection is read ahead of
 * the consumer as far as `limits` allow, and no further.
 *
 * GET is repeated by default, other methods are not: see `resume`.
 *
 * With `events` each event is decoded and validated, in its order, and the loop gets the union of the contract.
 *
 * @throws TypeError, RangeError at the call, where the target or an option is not what it must be.
 * @throws {@link SseRetryError} from `next()`, when the budget is used up; `cause` is the last failure.
 * @throws {@link SseResponseError} from `next()`, where the status, the type or a redirect says that trying again is no
 * use.
 * @throws {@link SseTimeoutError} from `next()`, where `total` has run out; of the other deadlines, where nothing is
 * repeated.
 * @throws {@link SseTruncatedError} from `next()`, where nothing is repeated and the stream ended before `until` was met.
 * @throws {@link SseConnectionError}, {@link SseLimitError} from `next()`, where nothing is repeated.
 * @throws {@link SseValidationError} from `next()`, where an event does not fit `events`; the subscription is closed, and
 * `lastEventId` stays before that event.
 * @throws the signal's reason from `next()`, when it aborts.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#processing-model-9
 * @example
 * ```ts
 * import { subscribe } from "steadystream/client"
 *
 * for await (const event of subscribe("https://example.com/stream", { until: "[DONE]" })) {
 *   console.log(event.event, event.data)
 * }
 * ```
 */
export function subscribe<Events extends EventDecoder<SseEvent<string, unknown>> | undefined = undefined>(
  target: SubscribeTarget,
  options: SubscribeOptions<DecodedEvent<Events>> & { readonly events?: Events } = {},
): Subscription<DecodedEvent<Events>> {
  const settings = settingsOf(target, options)
  const { events } = options
  const subscription =
    events === undefined
      ? createSubscription(settings, (source) => source)
      : createSubscription(settings, (source, signal) => events.read(source, signal))
  return subscription as Subscription<DecodedEvent<Events>>
}

/** The events that a contract decodes; without one, those of the stream. */
type DecodedEvent<Events> = Events extends EventDecoder<infer Event> ? Event : SseEvent
