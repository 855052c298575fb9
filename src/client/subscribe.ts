import type { DecodedEvent, EventDecoder } from "../contract/index.ts"
import type { SseEvent } from "../event.ts"
import {
  checkOptionNames,
  ReconnectionLoop,
  settingsOf,
  type SubscribeOptions,
  type SubscribeTarget,
} from "../reconnection/index.ts"
import { createSubscription, type Subscription } from "./subscription.ts"

/**
 * Subscribes to an event stream: one async iterable across reconnections, within a budget of retries.
 *
 * Nothing happens before the first `next()`. After a failed attempt or the end of a stream, it reconnects from the last
 * event ID on. The status 204, the end mark `until`, `close()` and leaving the loop end it. If the server ends or fails
 * the stream, the queued events are delivered first; `close()` and an abort drop them. It reads ahead of the consumer only
 * as far as `limits` allow.
 *
 * GET and QUERY are repeated by default, other methods are not: see `resume`.
 *
 * With `events`, each event is decoded and validated in order, and the events have the union type of the contract.
 *
 * @throws TypeError, RangeError at the call, if the target or an option is not valid.
 * @throws {@link SseRetryError} from `next()`, when the budget is used up; `cause` is the last failure.
 * @throws {@link SseResponseError} from `next()`, if the status, the content type or a redirect cannot be
 * helped by a retry.
 * @throws {@link SseTimeoutError} from `next()`, if `total` has passed; for another deadline, if the request is not
 * repeated.
 * @throws {@link SseTruncatedError} from `next()`, if the request is not repeated and the stream ended before `until`.
 * @throws {@link SseConnectionError}, {@link SseLimitError} from `next()`, if the request is not repeated.
 * @throws {@link SseValidationError} from `next()`, if an event does not fit `events`; the subscription is closed, and
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
export function subscribe<Contract extends EventDecoder<SseEvent<string, unknown>> | undefined = undefined>(
  target: SubscribeTarget,
  options?: SubscribeOptions<DecodedEvent<Contract>> & { readonly events?: Contract },
): Subscription<DecodedEvent<Contract>> {
  const given: Omit<SubscribeOptions, "events"> = options ?? {}
  checkOptionNames(given)
  const settings = settingsOf(target, given)
  return createSubscription(
    settings,
    options?.events,
    (queue, onStateChange) => new ReconnectionLoop(settings, queue, onStateChange),
  ) as Subscription<DecodedEvent<Contract>>
}
