/* The states of a subscription and the transitions between them, as data; nothing else changes a state. */
import type { SseEvent } from "../event.ts"

/**
 * The state of a subscription: `"connecting"` until a response has opened, `"open"`, `"waiting"` between two attempts,
 * and `"closed"` after the end.
 */
export type SubscriptionState = "connecting" | "open" | "waiting" | "closed"

/** How a subscription ended. */
export interface SubscriptionEnd {
  /**
   * `"until"` at the end mark; `"no-content"` with the status 204; `"eof"` at the end of a stream without `until` whose
   * request is not repeated; `"cancelled"` by `close()`, an abort, or the consumer that left its loop; `"error"` with the
   * error that `next()` rejected with.
   */
  readonly reason: "until" | "no-content" | "eof" | "cancelled" | "error"
  /** The end mark that arrived and was not delivered: `until`, if it is a string. */
  readonly mark: string | undefined
  /**
   * The event that the stream ended inside, as far as it arrived: it was not delivered, and no later connection sent an event.
   * Only with `"eof"` and `"no-content"`.
   */
  readonly unfinished?: SseEvent | undefined
}

/** What happens to a subscription. */
export type Transition = "opened" | "failed" | "paused" | "due" | "ended"

/** For each state, the state that each transition leads to; a transition that is not listed changes nothing. */
export const TRANSITIONS: Readonly<
  Record<SubscriptionState, Readonly<Partial<Record<Transition, SubscriptionState>>>>
> = {
  connecting: { opened: "open", failed: "waiting", paused: "waiting", ended: "closed" },
  open: { failed: "waiting", paused: "waiting", ended: "closed" },
  waiting: { due: "connecting", ended: "closed" },
  closed: {},
}
