import type { SubscriptionState } from "./state.ts"

/** How many states wait for one observer; a slower one misses the oldest. */
const MAX_WAITING = 100

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** Tells any number of observers the states of one subscription. */
export class StateFeed {
  readonly #observers: Set<StateObserver> = new Set()

  /** The state now and each one that follows. */
  observe(state: SubscriptionState): AsyncIterableIterator<SubscriptionState, undefined, undefined> {
    const observer = new StateObserver(() => this.#observers.delete(observer))
    this.#observers.add(observer)
    observer.push(state)
    return observer
  }

  push(state: SubscriptionState): void {
    for (const observer of this.#observers) observer.push(state)
  }
}

class StateObserver implements AsyncIterableIterator<SubscriptionState, undefined, undefined> {
  readonly #onEnd: () => void
  readonly #waiting: ((result: IteratorResult<SubscriptionState, undefined>) => void)[] = []
  #states: SubscriptionState[] = []
  #isEnded = false

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  push(state: SubscriptionState): void {
    this.#states.push(state)
    if (this.#states.length > MAX_WAITING) this.#states.shift()
    if (state === "closed") this.#end()
    this.#serve()
  }

  next(): Promise<IteratorResult<SubscriptionState, undefined>> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#serve()
    })
  }

  return(): Promise<IteratorResult<SubscriptionState, undefined>> {
    this.#states = []
    this.#end()
    this.#serve()
    return Promise.resolve(DONE)
  }

  #end(): void {
    this.#isEnded = true
    this.#onEnd()
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const value = this.#states.shift()
      if (value !== undefined) this.#waiting.shift()!({ done: false, value })
      else if (this.#isEnded) this.#waiting.shift()!(DONE)
      else return
    }
  }
}
