/** Calls `hook`; what it throws, now or as a promise, is reported and stops nothing. */
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

/** Reports an error as the platform reports one that nobody catches. */
export function reportGlobally(error: unknown): void {
  if (typeof globalThis.reportError === "function") globalThis.reportError(error)
  else globalThis.console.error(error)
}
