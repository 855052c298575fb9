/* What tests of stores append, and how their calls fail. */
import type { LogEventInit, SseStoreError } from "steadystream/server"

/** The events `<text>0`, `<text>1` and so on. */
export const events = (count: number, text = "x"): LogEventInit[] =>
  Array.from({ length: count }, (_, at) => ({ text: `${text}${at}` }))
/** The error of a call, `undefined` if it succeeds. */
export const errorOf = (promise: Promise<unknown>): Promise<SseStoreError | undefined> =>
  promise.then(
    () => undefined,
    (error: unknown) => error as SseStoreError,
  )
