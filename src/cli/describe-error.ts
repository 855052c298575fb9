import { SseError } from "../index.ts"
import { visibleLine } from "./visible-text.ts"
import { UsageError } from "./usage-error.ts"

/** Returns an error as one line. It never holds an address, a header or a payload: messages of other errors may. */
export function describeError(error: unknown): string {
  if (SseError.is(error)) return visibleLine(`${error.message}${detailOf(error)}`)
  if (error instanceof UsageError) return visibleLine(error.message)
  // Errors of this package for wrong input. Those of the platform may quote a URL.
  if ((error instanceof TypeError || error instanceof RangeError) && error.message.startsWith("Cannot ")) {
    return visibleLine(error.message)
  }
  if (error instanceof TypeError && error.cause !== undefined) return `The connection failed${detailOf(error)}`
  const { code, syscall } = (error ?? {}) as { readonly code?: unknown; readonly syscall?: unknown }
  if (typeof code === "string") return typeof syscall === "string" ? `"${syscall}" failed: ${code}` : code
  return error instanceof Error ? error.name : "an unknown error"
}

/** The code of the system, such as `ECONNREFUSED`. */
function detailOf({ cause }: Error): string {
  for (let inner: unknown = cause, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth++) {
    const { code } = inner as { readonly code?: unknown }
    if (typeof code === "string" && /^[A-Z]\w*$/.test(code)) return ` (${code})`
  }
  return ""
}
