/*
 * Law: how a chain of waits is broken from outside. One wait at a time: racing each of them against one long-lived
 * promise would keep a reaction of every one, and a listener for each would be added and removed for every chunk.
 */
import { ignore } from "./cancel.ts"

/** What a wait rejects with when it was interrupted without a reason. */
export const INTERRUPTED: unique symbol = Symbol("interrupted")

export class Interruption {
  readonly #controller: AbortController = new AbortController()
  #reason: { readonly value: unknown } | undefined = undefined
  #reject: ((reason: unknown) => void) | undefined = undefined

  /** Aborts with the interruption, for what takes a signal. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Breaks the wait that is on, and each that is begun later. Only the first reason counts. */
  interrupt(reason: unknown = INTERRUPTED): void {
    if (this.#reason !== undefined) return
    this.#reason = { value: reason }
    const reject = this.#reject
    this.#reject = undefined
    reject?.(reason)
    if (reason === INTERRUPTED) this.#controller.abort()
    else this.#controller.abort(reason)
  }

  /** Throws the reason, once interrupted. */
  check(): void {
    if (this.#reason !== undefined) throw this.#reason.value
  }

  /**
   * What the promise that `begin` makes gives, unless the interruption comes first; a value that comes after it goes to
   * `discard`. Once interrupted, `begin` is not called.
   */
  wait<T>(begin: () => PromiseLike<T>, discard: (late: T) => void = ignore): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.check()
      this.#reject = reject
      begin().then((value) => {
        const isWanted = this.#reject === reject
        if (isWanted) this.#reject = undefined
        return isWanted ? resolve(value) : discard(value)
      }, reject)
    })
  }
}
