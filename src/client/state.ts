/* Law: which states a subscription has and what moves it between them, as data; nothing else assigns a state. */

/**
 * The state of a subscription: `"connecting"` until a response has opened, `"open"`, `"waiting"` between two attempts,
 * and `"closed"` for good.
 */
export type SubscriptionState = "connecting" | "open" | "waiting" | "closed"

/** What can happen to a subscription. */
export type Transition = "opened" | "failed" | "paused" | "due" | "ended"

/** The table: for each state, where what can happen in it leads. */
export const TRANSITIONS: Readonly<
  Record<SubscriptionState, Readonly<Partial<Record<Transition, SubscriptionState>>>>
> = {
  connecting: { opened: "open", failed: "waiting", paused: "waiting", ended: "closed" },
  open: { failed: "waiting", paused: "waiting", ended: "closed" },
  waiting: { due: "connecting", ended: "closed" },
  closed: {},
}

/** A place in the table. */
export class StateMachine {
  readonly #onChange: (state: SubscriptionState) => void
  #state: SubscriptionState = "connecting"

  constructor(onChange: (state: SubscriptionState) => void) {
    this.#onChange = onChange
  }

  get state(): SubscriptionState {
    return this.#state
  }

  /** Follows the table; where it has no such transition, the state stays. */
  move(transition: Transition): void {
    const next = TRANSITIONS[this.#state][transition]
    if (next === undefined) return
    this.#state = next
    this.#onChange(next)
  }
}
