import { type Channel, createChannel } from "../internal/channel.ts"
import { iteratorOf } from "../internal/iterator.ts"
import { ignore } from "../internal/cancel.ts"
import type { SubscriptionState } from "../reconnection/index.ts"

/** How many states wait for one observer; a slower one misses the oldest. */
const MAX_WAITING = 100

/** Tells any number of observers the states of one subscription. */
export interface StateFeed {
  readonly push: (state: SubscriptionState) => void
  /** The state now and each one that follows. */
  readonly observe: (state: SubscriptionState) => AsyncIterableIterator<SubscriptionState, undefined, undefined>
}

export function createStateFeed(): StateFeed {
  const observers = new Set<Channel<SubscriptionState, SubscriptionState>>()
  return {
    push(state) {
      for (const observer of observers) tell(observer, state)
      if (state === "closed") observers.clear()
    },
    observe(state) {
      const observer = createChannel<SubscriptionState, SubscriptionState>((one) => one, ignore)
      if (state !== "closed") observers.add(observer)
      tell(observer, state)
      return iteratorOf(observer.next, () => {
        observers.delete(observer)
        observer.clear()
        observer.end()
      })
    },
  }
}

function tell(observer: Channel<SubscriptionState, SubscriptionState>, state: SubscriptionState): void {
  observer.push(state)
  if (observer.size() > MAX_WAITING) observer.take()
  if (state === "closed") observer.end()
}
