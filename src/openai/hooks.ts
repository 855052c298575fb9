/* Law: what a hook of the caller's throws, now or as a promise, stops nothing; the first of it is reported, once. */
import { callHook } from "../internal/hook.ts"

type OnHandlerError = ((error: unknown) => void) | undefined

/** Calls the hooks of one stream. */
export class Hooks {
  readonly #onHandlerError: OnHandlerError
  #reported = false

  constructor(onHandlerError: OnHandlerError) {
    this.#onHandlerError = onHandlerError
  }

  call<Value>(hook: ((value: Value) => unknown) | undefined, value: Value): void {
    try {
      const result = hook?.(value)
      if (isThenable(result)) result.then(undefined, this.#report)
    } catch (error) {
      this.#report(error)
    }
  }

  readonly #report = (error: unknown): void => {
    if (this.#reported) return
    this.#reported = true
    if (this.#onHandlerError === undefined) reportGlobally(error)
    else callHook(this.#onHandlerError, error)
  }
}

/** Reports to the platform what nobody else is told of. */
export function reportGlobally(error: unknown): void {
  callHook(() => {
    throw error
  }, undefined)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function"
}
