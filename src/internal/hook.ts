import { ignore } from "./cancel.ts"

/** Calls `hook`. An error that it throws, or that its promise rejects with, is reported and stops nothing. */
export function callHook<Value>(
  hook: ((value: Value) => unknown) | undefined,
  value: Value,
  report: (error: unknown) => void = reportGlobally,
): undefined {
  try {
    Promise.resolve(hook?.(value)).catch(report)
  } catch (error) {
    report(error)
  }
}

/** Reports what the promise of an async hook rejects with; any other result is ignored. */
export function reportRejection(result: unknown): void {
  ;(result as Partial<Promise<unknown>> | null | undefined)?.catch?.(reportGlobally)
}

/** Returns `hook` as a function that also reports what its promise rejects with. An error that it throws is thrown. */
export function guardHook<Value>(hook: ((value: Value) => unknown) | undefined): ((value: Value) => void) | undefined {
  return hook && ((value) => reportRejection(hook(value)))
}

/**
 * Reports an error as the platform reports an uncaught one, with the process alive: `reportError` ends a process of Deno
 * and of Bun, and nothing but their names shows that.
 */
export function reportGlobally(error: unknown): void {
  const { reportError, console, Deno, Bun } = globalThis as typeof globalThis & Record<"Deno" | "Bun", unknown>
  if (typeof reportError === "function" && !Deno && !Bun) reportError(error)
  else console.error(error)
}

/** Returns a function that reports the first error that it is called with and ignores the others. */
export function firstErrorReporter(
  onHandlerError: (error: unknown) => void = reportGlobally,
): (error: unknown) => void {
  let report = (error: unknown): void => {
    report = ignore
    callHook(onHandlerError, error)
  }
  return (error) => report(error)
}
