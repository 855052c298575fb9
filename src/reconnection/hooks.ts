import type { SseError } from "../errors.ts"
import type { SubscriptionState } from "./state.ts"

/** A connection that has opened. The members are `undefined` if a function connected and returned no Response. */
export interface OpenInfo {
  /** The HTTP status. */
  readonly status: number | undefined
  /** The headers of the response. */
  readonly headers: Headers | undefined
  /** The URL that answered, after redirects. */
  readonly url: string | undefined
}

/** A retry that will be made. */
export interface RetryInfo {
  /** The failures in a row, this one included; it is the `number` of the next attempt. */
  readonly attempt: number
  /** The delay before it, in milliseconds. */
  readonly delay: number
  /** The failure. */
  readonly error: SseError
}

/** Events are missing: the server sent an event named `steadystream.gap`. */
export interface GapInfo {
  /** The last event ID that the server could not resume from, `undefined` if the server sent none. */
  readonly from: string | undefined
  /** The reason that the server sent, `undefined` if it sent none. */
  readonly reason: string | undefined
  /** The last event ID from which the server goes on, `undefined` if it sent none. */
  readonly resumesAt: string | undefined
}

/** A problem that did not stop the subscription. */
export interface SubscriptionWarning {
  /** The kind of problem. `"unsendable-id"`: no request can carry the last event ID, so the stream starts anew. */
  readonly code: "unsendable-id"
  /** The problem in a sentence, without the ID. */
  readonly message: string
}

/**
 * What one attempt measured. Times are in milliseconds; all but `startTime` count from the start of the attempt, and are
 * `undefined` if that moment did not come.
 */
export interface AttemptMetrics {
  /** The failures in a row before it: 0 for the first request. */
  readonly attempt: number
  /** When the attempt began, on the clock of the subscription; by default that of `performance.now()`. */
  readonly startTime: number
  /** When the response was accepted. */
  readonly responseTime: number | undefined
  /** When the first bytes of the body arrived. */
  readonly firstByteTime: number | undefined
  /** When the first event arrived. */
  readonly firstEventTime: number | undefined
  /** When the attempt ended. */
  readonly duration: number
  /** The HTTP status, also of a response that was refused; `undefined` if no response arrived. */
  readonly status: number | undefined
  /** The events that arrived. */
  readonly events: number
  /** The bytes of the body; of a source of text, its characters. */
  readonly bytes: number
  /** The longest time between two events. */
  readonly longestGap: number
  /** The code of the error that ended the attempt; `undefined` if it ended without one. */
  readonly error: string | undefined
}

/** The hooks of a subscription. An error that a hook throws is reported, and does not stop the subscription. */
export interface SubscriptionHooks {
  /** Called when a connection has opened. */
  readonly onOpen?: ((info: OpenInfo) => void) | undefined
  /** Called when an attempt has failed and will be retried. */
  readonly onRetry?: ((info: RetryInfo) => void) | undefined
  /**
   * Called after each attempt with what it measured, for monitoring. Without it, nothing is measured.
   * @see measureAttempt
   */
  readonly onMetrics?: ((metrics: AttemptMetrics) => void) | undefined
  /** Called with each comment, as it arrives. */
  readonly onComment?: ((text: string) => void) | undefined
  /** Called after each change of the state. */
  readonly onStateChange?: ((state: SubscriptionState) => void) | undefined
  /**
   * Called instead of delivering an event named `steadystream.gap`, in its order. Without it, the event is delivered, or
   * skipped as unknown if there is a contract.
   */
  readonly onGap?: ((info: GapInfo) => void) | undefined
  /** Called with a problem that did not stop the subscription. */
  readonly onWarning?: ((warning: SubscriptionWarning) => void) | undefined
  /**
   * Called with the error that another hook or a handler of `listen` threw.
   * @defaultValue `globalThis.reportError`, else `console.error`
   */
  readonly onHandlerError?: ((error: unknown) => void) | undefined
}
