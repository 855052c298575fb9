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

/** The hooks of a subscription. An error that a hook throws is reported, and does not stop the subscription. */
export interface SubscriptionHooks {
  /** Called when a connection has opened. */
  readonly onOpen?: ((info: OpenInfo) => void) | undefined
  /** Called when an attempt has failed and will be retried. */
  readonly onRetry?: ((info: RetryInfo) => void) | undefined
  /** Called with each comment, as it arrives. */
  readonly onComment?: ((text: string) => void) | undefined
  /** Called after each change of the state. */
  readonly onStateChange?: ((state: SubscriptionState) => void) | undefined
  /** Called instead of delivering an event named `steadystream.gap`, in its order. */
  readonly onGap?: ((info: GapInfo) => void) | undefined
  /** Called with a problem that did not stop the subscription. */
  readonly onWarning?: ((warning: SubscriptionWarning) => void) | undefined
  /**
   * Called with the error that another hook or a handler of `listen` threw.
   * @defaultValue `globalThis.reportError`, else `console.error`
   */
  readonly onHandlerError?: ((error: unknown) => void) | undefined
}
