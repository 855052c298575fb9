import type { EventDecoder } from "../contract/index.ts"
import type { SseError } from "../errors.ts"
import type { SseEvent } from "../event.ts"
import type { Clock } from "../internal/clock.ts"
import type { SseSource } from "../parser/index.ts"
import type { SubscriptionHooks } from "./hooks.ts"

/** One attempt to connect, as it is passed to the functions among the options. */
export interface Attempt {
  /** Failures in a row that preceded it: 0 for the first request. */
  readonly number: number
  /** The last event ID to resume from, `""` if there is none. */
  readonly lastEventId: string
  /** Why the attempt before it failed, `undefined` for the first. */
  readonly error: SseError | undefined
  /** Aborts when the attempt ends, for any reason. */
  readonly signal: AbortSignal
}

/** Connects over any transport and returns the source of the events. It is called once for each attempt. */
export type Connect = (attempt: Attempt) => SseSource | PromiseLike<SseSource>

/** The target of a subscription: a URL, a request, or a function that connects over another transport. */
export type SubscribeTarget = string | URL | Request | Connect

/**
 * The deadlines in milliseconds; 0 and Infinity turn one off. Only `total` runs while the consumer is busy. A deadline
 * that passes is an {@link SseTimeoutError} whose `phase` is its name; it fails the attempt, and `total` ends everything.
 */
export interface Timeouts {
  /**
   * The time until the response headers arrive, per attempt; the functions `headers` and `body` are part of it.
   * @defaultValue 30,000
   */
  readonly connect?: number | undefined
  /**
   * The time from the response headers to the first event, per attempt.
   * @defaultValue off
   */
  readonly firstEvent?: number | undefined
  /**
   * The time without a byte. Comments are bytes, so they restart it.
   *
   * `"auto"` learns it from the comments that the server sends as heartbeats: it is off until two have arrived on one
   * connection, then it is three times the longest gap between two of them, and at least 10,000. So it never ends a
   * connection to a server that sends no comments, and a gap in which the device slept makes it longer.
   * @defaultValue 300,000
   */
  readonly idle?: number | "auto" | undefined
  /**
   * The time without an event. Comments do not restart it.
   * @defaultValue off
   */
  readonly eventIdle?: number | undefined
  /**
   * The time from the first request to the end, over all attempts.
   * @defaultValue off
   */
  readonly total?: number | undefined
}

/** How often and when to retry. Times are in milliseconds. */
export interface RetryOptions {
  /**
   * The most retries in a row; 0 makes a single request. Progress starts the count anew: a delivered event, or a
   * connection that was open for `resetAfter`.
   * @defaultValue 10
   */
  readonly maxRetries?: number | undefined
  /**
   * How long retries may go on, from the start or from the end of the last connection that made progress.
   * @defaultValue off
   */
  readonly maxElapsed?: number | undefined
  /**
   * The delay before the first retry, also after a stream that made progress and ended. A `retry` field of the server
   * replaces it as the base that `factor` multiplies.
   * @defaultValue 1,000
   */
  readonly initialDelay?: number | undefined
  /**
   * The factor by which each delay is longer than the one before.
   * @defaultValue 2
   */
  readonly factor?: number | undefined
  /**
   * The longest delay that `factor` leads to; the server may ask for a longer one.
   * @defaultValue 30,000
   */
  readonly maxDelay?: number | undefined
  /**
   * Whether delays are random, so that clients that lost the same server do not all return at once.
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
   * How long a connection must be open to be progress, which starts the budget anew. A delivered event is progress at
   * once.
   * @defaultValue 10,000
   */
  readonly resetAfter?: number | undefined
  /**
   * Decides whether a delivered event is progress, for example to exclude a greeting that every connection begins with.
   * It is called for the events of a connection until one is progress. A promise is a TypeError.
   * @defaultValue every event but one whose own ID is among the last 1,024 that were delivered
   */
  readonly isProgress?: ((event: SseEvent) => boolean) | undefined
  /**
   * Decides whether a failure is retried, instead of `failure.retryable`. It cannot exceed the budget. A promise is a
   * TypeError.
   * @defaultValue `(failure) => failure.retryable`
   */
  readonly shouldRetry?: ((failure: SseError, attempt: Attempt) => boolean) | undefined
}

/**
 * How a request is repeated after a failure: `"same"` sends it again, `"never"` does not, and `"get"` sends a GET without
 * the body to the same URL. An idempotency key is sent as `Idempotency-Key` with every request. A function returns the
 * members of the next request that differ.
 */
export type Resume =
  | "same"
  | "never"
  | "get"
  | {
      /** The value of the `Idempotency-Key` header. */
      readonly idempotencyKey: string
    }
  | ((attempt: Attempt) => ResumeInit | PromiseLike<ResumeInit>)

/** The members of a request that differ from the first one. */
export interface ResumeInit extends RequestInit {
  /** Another URL, resolved against the first one. */
  readonly url?: string | undefined
}

/** The limits of the queue and of the parser. Sizes are in decoded characters. */
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
   * The most events that wait for the consumer; while the queue is full, nothing more is read.
   * @defaultValue 256
   */
  readonly maxQueuedEvents?: number | undefined
  /**
   * The most characters that wait for the consumer, of all events together.
   * @defaultValue 16,777,216
   */
  readonly maxQueuedSize?: number | undefined
}

/** The options of `fetch` for which {@link SubscribeOptions} has no meaning of its own. */
export type SubscribeInit = Omit<RequestInit, "headers" | "body" | "signal" | "window">

/**
 * Options of {@link subscribe}; members of RequestInit that are not listed here are passed to `fetch`, also those of one
 * platform only, such as `dispatcher`. Any other option is refused, unless the option `fetch` is set.
 */
export interface SubscribeOptions<Event extends SseEvent<string, unknown> = SseEvent>
  extends SubscribeInit, SubscriptionHooks {
  /** Headers of the request; a function is called for each attempt, so that tokens can be fresh. */
  readonly headers?:
    | RequestInit["headers"]
    | ((attempt: Attempt) => RequestInit["headers"] | PromiseLike<RequestInit["headers"]>)
  /** The body of the request; a function is called for each attempt. A stream is sent once and never repeated. */
  readonly body?: RequestInit["body"] | ((attempt: Attempt) => RequestInit["body"] | PromiseLike<RequestInit["body"]>)
  /**
   * The function that makes the requests. Any other function than the platform's follows redirects by itself, so that
   * the platform drops what it adds at a redirect to another origin.
   * @defaultValue `globalThis.fetch`
   */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Ends the subscription: a waiting `next()` rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /**
   * The last event ID to resume from.
   * @defaultValue `""`
   */
  readonly lastEventId?: string | undefined
  /** The query parameter that carries the last event ID, instead of the header. */
  readonly lastEventIdParam?: string | undefined
  /**
   * The contract that decodes and validates the events, made by `defineEvents`. `until`, `dedupe` and `onGap` see the
   * events before it does.
   */
  readonly events?: EventDecoder<Event> | undefined
  /**
   * The end mark. An event whose data is exactly this string ends the stream and is not delivered; an event for which the
   * function returns true ends it and is delivered; a promise is a TypeError. A stream that ends without its end mark
   * was cut.
   */
  readonly until?: string | ((event: SseEvent) => boolean) | undefined
  /**
   * Whether a response must have the content type `text/event-stream`. Set it to `false` for a server that sends
   * another type or none; the status must be 200 in any case.
   * @defaultValue `true`
   */
  readonly check?: boolean | undefined
  /**
   * Whether a block with an event name and without data is an event with the data `""`, such as an end mark that is
   * sent as `event: complete` alone.
   * @defaultValue `false`, as specified
   */
  readonly dispatchEmpty?: boolean | undefined
  /**
   * Whether an event whose own ID is among the last 1,024 is dropped.
   * @defaultValue `false`
   */
  readonly dedupe?: boolean | undefined
  /** The budget of retries; `false` makes one request. */
  readonly retry?: false | RetryOptions | undefined
  /**
   * How a request is repeated after a failure.
   * @defaultValue `"same"` for GET, QUERY and a function as target, else `"never"`
   */
  readonly resume?: Resume | undefined
  /** The deadlines. */
  readonly timeouts?: Timeouts | undefined
  /** The limits of the queue and of the parser. */
  readonly limits?: SubscribeLimits | undefined
  /**
   * The source of time and randomness.
   * @defaultValue the platform's timers
   */
  readonly clock?: Clock | undefined
  /**
   * Whether to close the connection while the page is hidden, and to resume it when the page is shown. GET and QUERY only.
   * @defaultValue `false`
   */
  readonly pauseWhenHidden?: boolean | undefined
  /**
   * Whether to make no attempts while the platform is offline, and to make one as soon as it is online again.
   * @defaultValue `false`
   */
  readonly waitForOnline?: boolean | undefined
}
