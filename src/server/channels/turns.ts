import { ignore } from "../../internal/cancel.ts"

/** Keeps the order of the calls for each name, although the promises that they wait for settle in any order. */
export class Turns {
  readonly #last: Map<string, Promise<void>> = new Map()

  /** Settles as `ready` does, but not before the earlier calls for `name` have settled. */
  take<Result>(name: string, ready: Promise<Result>): Promise<Result> {
    const earlier = this.#last.get(name)
    // It may reject before its turn.
    ready.catch(ignore)
    const turn = earlier === undefined ? ready : earlier.then(() => ready)
    const over = turn.then(ignore, ignore)
    this.#last.set(name, over)
    void over.then(() => {
      if (this.#last.get(name) === over) this.#last.delete(name)
    })
    return turn
  }
}
