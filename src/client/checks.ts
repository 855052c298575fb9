/* Law: what is thrown where an option is not what it must be; the value is named only where it is a number. */

/** @throws TypeError where the option is not what the rule says. */
export function check(isRight: unknown, rule: string): asserts isRight {
  if (!isRight) throw new TypeError(`Cannot subscribe: ${rule}`)
}

/**
 * The options of `group`, completed by `standard`.
 *
 * @throws RangeError where a number is less than `least`, or NaN.
 */
export function completed<Options extends object>(
  group: string,
  given: { readonly [Name in keyof Options]?: Options[Name] | undefined } | undefined,
  standard: Options,
  least = 0,
): Options {
  const options = { ...standard }
  for (const name in standard) {
    const value = given?.[name] ?? standard[name]
    if (typeof standard[name] === "number" && !((value as number) >= least)) {
      throw outOfRange(`${group}.${name}`, `a number from ${least}`, value)
    }
    options[name] = value
  }
  return options
}

export function outOfRange(name: string, wanted: string, value: unknown): RangeError {
  return new RangeError(`Cannot subscribe: "${name}" must be ${wanted}, not ${String(value)}`)
}
