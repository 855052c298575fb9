import type { EventDecoder } from "../contract/index.ts"
import type { SseError } from "../errors.ts"
import type { SseEvent } from "../event.ts"
import type { Clock } from "../internal/clock.ts"
import type { SseSource } from "../parser/index.ts"
import type { SubscriptionHooks } from "./hooks.ts"

/** One attempt to connect, as the functions among the options see it. */
export interface Attempt {
  /** Failures in a row that preceded it: 0 for the first request. */
  readonly number: number
  /** The last event ID to resume from, `""` where there is none. */
  readonly lastEventId: string
  /** Why the attempt before it failed, `undefined` for the first. */
  readonly error: SseError | undefined
  /** Aborts when the attempt is over, for whatever reason. */
  readonly signal: AbortSignal
}

/** Gives what events are read from, over any transport. It is asked again for each attempt. */
export type Connect = (attempt: Attempt) => SseSource | PromiseLike<SseSource>

/** What can be subscribed to: a URL, a request, or a function that connects over another transport. */
export type SubscribeTarget = string | URL | Request | Connect

/**
 * How long things may take, in milliseconds; 0 and Infinity are off. None but `total` runs while the consumer is busy.
 * Each gives an {@link SseTimeoutError} whose `phase` is its name; all but `total` are failed attempts.
 */
export interface Timeouts {
  /**
   * From asking for headers and body to the response's headers, per attempt.
   * @defaultValue 30,000
   */
  readonly connect?: number | undefined
  /**
   * From the response's headers to the first event, per attempt.
   * @defaultValue off
   */
  readonly firstEvent?: number | undefined
  /**
   * Without a byte; comments count.
   * @defaultValue 300,000
   */
  readonly idle?: number | undefined
  /**
   * Without an event; comments do not count.
   * @defaultValue off
   */
  readonly eventIdle?: number | undefined
  /**
   * From the first request to the end, over all attempts.
   * @defaultValue off
   */
  readonly total?: number | undefined
}

/** How often and when to try again. Times are in milliseconds. */
export interface RetryOptions {
  /**
   * The most failures in a row after which another attempt is made; 0 is one request.
   * @defaultValue 10
   */
  readonly maxRetries?: number | undefined
  /**
   * How long failures may go on, from the start or from the end of the last healthy connection.
   * @defaultValue off
   */
  readonly maxElapsed?: number | undefined
  /**
   * The delay before the first retry, until the server names one in a `retry` field.
   * @defaultValue 1,000
   */
  readonly initialDelay?: number | undefined
  /**
   * By how much each delay is longer than the one before.
   * @defaultValue 2
   */
  readonly factor?: number | undefined
  /**
   * The longest delay that grows out of `factor`; what the server asks for may be longer.
   * @defaultValue 30,000
   */
  readonly maxDelay?: number | undefined
  /**
   * Whether the delay is spread at random, so that clients which lost one server do not come back as one.
   * @defaultValue `true`
   */
  readonly jitter?: boolean | undefined
  /**
   * The shortest delay that a `retry` field can ask for; no delay is under 100 ms.
   * @defaultValue 100
   */
  readonly minServerDelay?: number | undefined
  /**
   * The longest delay that a `retry` field can ask for.
   * @defaultValue 30,000
   */
  readonly maxServerDelay?: number | undefined
  /**
   * The longest delay that a Retry-After header can ask for.
   * @defaultValue 300,000
   */
  readonly maxRetryAfter?: number | undefined
  /**
   * How long a connection must be open to count as healthy, which starts the budget anew; an event with a new ID of its
   * own does so at once.
   * @defaultValue 10,000
   */
  readonly resetAfter?: number | undefined
  /**
   * Decides instead of `failure.retryable`, inside the budget and never beyond it.
   * @defaultValue `(failure) => failure.retryable`
   */
  readonly shouldRetry?: ((failure: SseError, attempt: Attempt) => boolean) | undefined
}

/**
 * How a request is repeated after a failure: `"same"` sends it again, `"never"` does not, `"get"` asks the same URL by
 * GET without the body, an idempotency key is sent as `Idempotency-Key` with the same request every time, and a function
 * gives the members of the next request that differ.
 */
export type Resume =
  | "same"
  | "never"
  | "get"
  | {
      /** What goes out as `Idempotency-Key`. */
      readonly idempotencyKey: string
    }
  | ((attempt: Attempt) => ResumeInit | PromiseLike<ResumeInit>)

/** The members of a request that differ from the first one. */
export interface ResumeInit extends RequestInit {
  /** Another URL, resolved against the first one. */
  readonly url?: string | undefined
}

/** What may wait for the consumer, and the limits of the parser. Sizes are in decoded characters. */
export interface SubscribeLimits {
  /**
   * The longest line.
   * @defaultValue 16,777,216
   */
  readonly maxLineLength?: number | undefined
  /**
   * The largest event.
   * @defaultValue 16,777,216
   */
  readonly maxEventSize?: number | undefined
  /**
   * With this many events waiting, nothing more is read until the consumer has taken one.
   * @defaultValue 256
   */
  readonly maxQueuedEvents?: number | undefined
  /**
   * The same for the size of the waiting events together.
   * @defaultValue 16,777,216
   */
  readonly maxQueuedSize?: number | undefined
}

/** What `fetch` takes, other than what {@link SubscribeOptions} has its own meaning for. */
export type SubscribeInit = Omit<RequestInit, "headers" | "body" | "signal" | "window">

/** Options of {@link subscribe}; members of RequestInit that are not listed here are passed to `fetch`. */
export interface SubscribeOptions<Event extends SseEvent<string, unknown> = never>
  extends SubscribeInit, SubscriptionHooks {
  /** Headers of the request; a function is asked again for each attempt, so that tokens can be fresh. */
  readonly headers?: HeadersInit | ((attempt: Attempt) => HeadersInit | PromiseLike<HeadersInit>) | undefined
  /** The body of the request; a function is asked again for each attempt. A stream is sent once and never repeated. */
  readonly body?: BodyInit | null | ((attempt: Attempt) => BodyInit | PromiseLike<BodyInit>) | undefined
  /**
   * What makes the requests.
   * @defaultValue `globalThis.fetch`
   */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Ends the subscription: what waits rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /**
   * The last event ID to resume from.
   * @defaultValue `""`
   */
  readonly lastEventId?: string | undefined
  /** The query parameter that carries the last event ID, instead of the header. */
  readonly lastEventIdParam?: string | undefined
  /**
   * The contract that the events are read through, made by `defineEvents`; without one they come as they are. `until`,
   * `dedupe` and `onGap` see the events before it.
   */
  readonly events?: EventDecoder<Event> | undefined
  /**
   * What ends the stream: data that is exactly this string, which is not delivered, or an event that the predicate holds
   * for, which is. A stream that ends without it was cut.
   */
  readonly until?: string | ((event: SseEvent) => boolean) | undefined
  /**
   * Whether an event whose own ID is among the last 1,024 is dropped.
   * @defaultValue `false`
   */
  readonly dedupe?: boolean | undefined
  /** The budget of retries; `false` makes one request. */
  readonly retry?: false | RetryOptions | undefined
  /**
   * How a request is repeated.
   * @defaultValue `"same"` for GET and for a function as target, else `"never"`
   */
  readonly resume?: Resume | undefined
  /** How long things may take. */
  readonly timeouts?: Timeouts | undefined
  /** How large things may get. */
  readonly limits?: SubscribeLimits | undefined
  /**
   * Where time and randomness come from.
   * @defaultValue the platform's timers
   */
  readonly clock?: Clock | undefined
  /**
   * Whether the connection is closed while the page is hidden or put away, and resumed when it is shown. GET only.
   * @defaultValue `false`
   */
  readonly pauseWhenHidden?: boolean | undefined
  /**
   * Whether to wait for the network instead of trying while the platform says that it is offline, and to try at once when
   * it comes back.
   * @defaultValue `false`
   */
  readonly waitForOnline?: boolean | undefined
}
