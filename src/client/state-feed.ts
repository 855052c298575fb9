import { ignore } from "../internal/cancel.ts"
import { Channel } from "../internal/channel.ts"
import { iteratorOf } from "../internal/iterator.ts"
import type { SubscriptionState } from "../reconnection/index.ts"

/** How many states wait for one observer; a slower one misses the oldest. */
const MAX_WAITING = 100

/** Reports the states of one subscription to any number of observers. */
export class StateFeed {
  readonly #observers: Set<Channel<SubscriptionState>> = new Set()

  push(state: SubscriptionState): void {
    for (const observer of this.#observers) notify(observer, state)
    if (state === "closed") this.#observers.clear()
  }

  /** The state now, and each one that follows. */
  observe(state: SubscriptionState): AsyncIterableIterator<SubscriptionState, undefined, undefined> {
    const observer = new Channel<SubscriptionState>(ignore)
    if (state !== "closed") this.#observers.add(observer)
    notify(observer, state)
    return iteratorOf(
      () => observer.next(),
      () => {
        this.#observers.delete(observer)
        observer.takeAll()
        observer.end()
      },
    )
  }
}

function notify(observer: Channel<SubscriptionState>, state: SubscriptionState): void {
  observer.push(state)
  if (observer.size > MAX_WAITING) observer.shift()
  if (state === "closed") observer.end()
}
