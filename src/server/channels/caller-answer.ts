/* What the functions of the caller may answer. */
import { ignore } from "../../internal/cancel.ts"

/**
 * Returns what a filter has answered.
 *
 * @throws TypeError if a filter answers with a promise, which would let every event pass.
 */
export function isTrue(answer: unknown): boolean {
  if (typeof (answer as Partial<PromiseLike<unknown>> | null | undefined)?.then !== "function") return Boolean(answer)
  ;(answer as Partial<Promise<unknown>>).catch?.(ignore)
  throw new TypeError("Cannot filter event: the filter must not be async")
}

/** @throws TypeError if a key is no string. */
export function checkKey(key: unknown): string {
  if (typeof key === "string") return key
  ;(key as Partial<Promise<unknown>> | null | undefined)?.catch?.(ignore)
  throw new TypeError(`Cannot coalesce event: its key must be a string, not ${typeof key}`)
}
