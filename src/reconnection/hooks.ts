import type { SseError } from "../errors.ts"
import type { SubscriptionState } from "./state.ts"

/** A connection that has opened. Where a function connected and gave no Response, the members are `undefined`. */
export interface OpenInfo {
  /** The HTTP status. */
  readonly status: number | undefined
  /** The headers of the response. */
  readonly headers: Headers | undefined
  /** The URL that answered, after redirects. */
  readonly url: string | undefined
}

/** A retry that has been decided on. */
export interface RetryInfo {
  /** Failures in a row, this one included: the number of the attempt to come. */
  readonly attempt: number
  /** Milliseconds until then. */
  readonly delay: number
  /** What failed. */
  readonly error: SseError
}

/** Events are missing, by the server's own word: an event named `steadystream.gap`. */
export interface GapInfo {
  /** The last event ID that the server could not resume from, `undefined` where it does not say. */
  readonly from: string | undefined
  /** Why, as the server says it, `undefined` where it does not. */
  readonly reason: string | undefined
}

/** Something that went wrong and stopped nothing. */
export interface SubscriptionWarning {
  /** What it is: `"unsendable-id"` is a last event ID that no request can carry, so that the stream starts anew. */
  readonly code: "unsendable-id"
  /** The same in a sentence, without the ID. */
  readonly message: string
}

/** What can be seen of a subscription from outside. A hook that throws is reported once and stops nothing. */
export interface SubscriptionHooks {
  /** Called when a connection has opened. */
  readonly onOpen?: ((info: OpenInfo) => void) | undefined
  /** Called when an attempt has failed and another one will be made. */
  readonly onRetry?: ((info: RetryInfo) => void) | undefined
  /** Called with each comment, as it arrives. */
  readonly onComment?: ((text: string) => void) | undefined
  /** Called after each change of the state. */
  readonly onStateChange?: ((state: SubscriptionState) => void) | undefined
  /** Called in place of the event named `steadystream.gap`, in its order; without this, that event is delivered as any other. */
  readonly onGap?: ((info: GapInfo) => void) | undefined
  /** Called with what went wrong and stopped nothing. */
  readonly onWarning?: ((warning: SubscriptionWarning) => void) | undefined
  /**
   * Called with what another hook or a handler of `listen` threw.
   * @defaultValue `globalThis.reportError`, else `console.error`
   */
  readonly onHandlerError?: ((error: unknown) => void) | undefined
}
