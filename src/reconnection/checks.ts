/* Law: what is thrown where an option is not what it must be; the value is named only where it is a number. */

/** @throws TypeError, or the error that is given, where the option is not what the rule says. */
export function check(isRight: unknown, rule: string, Wrong: ErrorConstructor = TypeError): asserts isRight {
  if (!isRight) throw new Wrong(`Cannot subscribe: ${rule}`)
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
    const isRight = typeof standard[name] !== "number" || (value as number) >= least
    check(isRight, `"${group}.${name}" must be a number from ${least}, not ${String(value)}`, RangeError)
    options[name] = value
  }
  return options
}
