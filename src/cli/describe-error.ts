import { SseError, SseProviderError } from "../index.ts"
import { flagWords } from "./flag-words.ts"
import { visibleLine } from "./visible-text.ts"
import { UsageError } from "./usage-error.ts"

/** Returns an error as one line. It never holds an address, a header or a payload: messages of other errors may. */
export function describeError(error: unknown): string {
  if (error instanceof SseProviderError) return visibleLine(error.message)
  if (SseError.is(error)) return visibleLine(`${flagWords(error.message)}${reasonOf(error)}`)
  if (error instanceof UsageError) return visibleLine(error.message)
  // Errors of this package for wrong input. Those of the platform may quote a URL.
  if ((error instanceof TypeError || error instanceof RangeError) && error.message.startsWith("Cannot ")) {
    return visibleLine(flagWords(error.message))
  }
  if (error instanceof TypeError && error.cause !== undefined) return `The connection failed${reasonOf(error)}`
  return systemError(error) ?? (error instanceof Error ? error.name : "an unknown error")
}

/** What the platform says without a code, and without anything of the request. */
const REASONS: ReadonlySet<string> = new Set(["bad port", "redirect count exceeded", "unexpected redirect"])

/** The code of the system, such as `ECONNREFUSED`, or another reason of the platform. */
function reasonOf({ message: outer, cause }: Error): string {
  for (let inner: unknown = cause, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth++) {
    const { code, message } = inner as { readonly code?: unknown; readonly message: string }
    if (typeof code === "string" && /^[A-Z]\w*$/.test(code)) return ` (${code})`
    if (REASONS.has(message)) return outer.includes(message) ? "" : ` (${message})`
  }
  return ""
}

const ACTIONS: Readonly<Record<string, string>> = { ftruncate: "write", listen: "listen on", stat: "open" }
const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRINUSE: "it is in use",
  EISDIR: "it is a folder",
  ENOENT: "there is no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is not a folder",
}

/** An error of the system, with the file or the port of the command line. */
function systemError(error: unknown): string | undefined {
  const { code, syscall, path, port } = (error ?? {}) as Readonly<Record<string, unknown>>
  if (typeof code !== "string") return undefined
  if (typeof syscall !== "string") return code
  const target = typeof port === "number" ? ` port ${port}` : typeof path === "string" ? ` "${path}"` : ""
  const meaning = Object.hasOwn(MEANINGS, code) ? `: ${MEANINGS[code]}` : ""
  return visibleLine(`Cannot ${ACTIONS[syscall] ?? syscall}${target}${meaning} (${code})`)
}
