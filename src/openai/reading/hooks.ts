/* Law: what a hook of the caller's throws, now or as a promise, stops nothing; the first of it is reported, once. */
import { ignore } from "../../internal/cancel.ts"
import { callHook } from "../../internal/hook.ts"

/** Calls a hook, if there is one; what it gives never rejects. */
export type CallHook = <Value>(hook: ((value: Value) => unknown) | undefined, value: Value) => Promise<void>

/** What calls the hooks of one stream. */
export function hookCaller(onHandlerError: ((error: unknown) => void) | undefined): CallHook {
  let report = (error: unknown): void => {
    report = ignore
    callHook(onHandlerError ?? rethrow, error)
  }
  return async (hook, value) => {
    try {
      await hook?.(value)
    } catch (error) {
      report(error)
    }
  }
}

/** For what only the platform is told of. */
function rethrow(error: unknown): never {
  throw error
}
