/*
 * The errors of Redis, and of its clients, as errors of a store. Their messages have addresses, keys and arguments, so only
 * the code is kept.
 */
import { SseStoreError } from "../server/store/index.ts"

/** What a retry does not change: rights, a password, a key of another kind. */
const LASTING = /^(?:NOPERM|NOAUTH|WRONGPASS|WRONGTYPE)$/

/** A right that is missing inside a script has a code of its own in new versions only. */
const RIGHTS = /\bNOPERM\b|\bACL failure in script\b|\bThe user executing the script can.t /

export function storeErrorOf(error: unknown, action: string): SseStoreError {
  const code = codeOf(error)
  if (code === "OOM") return new SseStoreError(`Cannot ${action}: the memory of Redis is full`, "limit")
  const message = `Cannot ${action}: ${code === "NOPERM" ? lackOf(error) : `the command failed${code && ` (${code})`}`}`
  return new SseStoreError(message, "store-unavailable", { retryable: !LASTING.test(code) })
}

/** A script says so if the right is that for INFO, which no other error shows. */
function lackOf(error: unknown): string {
  const command = /NOPERM INFO/.test((error as Error).message) ? " INFO" : ""
  return `the user of Redis lacks a right that the store needs (NOPERM${command})`
}

/** Whether Redis does not know a script by its hash. */
export function isUnknownScript(error: unknown): boolean {
  return codeOf(error) === "NOSCRIPT"
}

/** The code of the server, such as "OOM", that of the platform, such as "ECONNREFUSED", or the name of the error. */
function codeOf(error: unknown): string {
  const { message, code, name } = (error ?? {}) as Partial<Record<"message" | "code" | "name", unknown>>
  if (RIGHTS.test(String(message))) return "NOPERM"
  // An error inside a script begins with "ERR" in old versions.
  const [, inner] = /^(?:ERR |-)?(?:Error running script.*?: )?@?-?([A-Z]{3,16}\b)/.exec(String(message)) ?? []
  const known = inner ?? code ?? name
  return typeof known === "string" && known !== "Error" && /^\w{1,40}$/.test(known) ? known : ""
}
