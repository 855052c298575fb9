/** Calls `hook`; what it throws, now or as a promise, is reported and stops nothing. */
export function callHook<Value>(hook: ((value: Value) => unknown) | undefined, value: Value): void {
  try {
    const result = hook?.(value)
    Promise.resolve(result).catch(reportGlobally)
  } catch (error) {
    reportGlobally(error)
  }
}

function reportGlobally(error: unknown): void {
  if (typeof globalThis.reportError === "function") globalThis.reportError(error)
  else globalThis.console.error(error)
}
