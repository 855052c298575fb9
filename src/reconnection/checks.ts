/* Refuses a target or an option that has the wrong type; no message shows its value. */

/** @throws TypeError if the target or an option breaks the rule. */
export function check(isRight: unknown, rule: string): asserts isRight {
  if (!isRight) throw new TypeError(`Cannot subscribe: ${rule}`)
}
