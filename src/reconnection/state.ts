/* Law: which states a subscription has and what moves it between them, as data; nothing else assigns a state. */

/**
 * The state of a subscription: `"connecting"` until a response has opened, `"open"`, `"waiting"` between two attempts,
 * and `"closed"` for good.
 */
export type SubscriptionState = "connecting" | "open" | "waiting" | "closed"

/** What can happen to a subscription. */
export type Transition = "opened" | "failed" | "paused" | "due" | "ended"

/** The table: for each state, where what can happen in it leads. Where it says nothing, the state stays. */
export const TRANSITIONS: Readonly<
  Record<SubscriptionState, Readonly<Partial<Record<Transition, SubscriptionState>>>>
> = {
  connecting: { opened: "open", failed: "waiting", paused: "waiting", ended: "closed" },
  open: { failed: "waiting", paused: "waiting", ended: "closed" },
  waiting: { due: "connecting", ended: "closed" },
  closed: {},
}
