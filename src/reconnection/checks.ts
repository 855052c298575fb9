/* Refuses a target or an option that has the wrong type; no message shows its value. */

/** @throws TypeError if the target or an option breaks the rule. */
export function check(isRight: unknown, rule: string): asserts isRight {
  if (!isRight) throw misuse(rule)
}

/** The error for a target or an option that breaks the rule. */
export function misuse(rule: string): TypeError {
  return new TypeError(`Cannot subscribe: ${rule}`)
}
