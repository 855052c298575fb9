/* Refuses a target or an option that has the wrong type; no message shows its value. */
import { ignore } from "../internal/cancel.ts"

/** @throws TypeError if the target or an option breaks the rule. */
export function check(isRight: unknown, rule: string): asserts isRight {
  if (!isRight) throw misuse(rule)
}

/**
 * Calls a predicate among the options, which is named by its path.
 *
 * @throws TypeError if it returns a promise, which would count as true.
 */
export function decide(path: string, predicate: () => boolean): boolean {
  const answer = predicate() as boolean | PromiseLike<boolean> | null | undefined
  if (typeof answer !== "object" || typeof answer?.then !== "function") return Boolean(answer)
  answer.then(ignore, ignore)
  throw misuse(`"${path}" must return a boolean, not a promise`)
}

/** The error for an option that breaks the rule, or a target. */
export function misuse(rule: string, action = "use options"): TypeError {
  return new TypeError(`Cannot ${action}: ${rule}`)
}
