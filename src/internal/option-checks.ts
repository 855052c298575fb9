/*
 * Checks the numbers among the options of every entry point. One failure has one sentence in the whole package: it names
 * the option by its path, and shows the value only as a number.
 */

/**
 * Returns `value`, which may be Infinity.
 *
 * @throws RangeError if it is NaN or less than `least`.
 */
export function checkNumber(path: string, value: number, least = 0): number {
  if (value >= least) return value
  // eslint-disable-next-line typescript/no-unnecessary-type-conversion -- why: JavaScript may pass text, which may be secret
  throw new RangeError(`Cannot use options: "${path}" must be a number from ${least}, not ${Number(value)}`)
}

/** The duration of an option in milliseconds; 0 and Infinity turn it off and return Infinity. */
export function checkDuration(path: string, ms = 0): number {
  return checkNumber(path, ms) || Infinity
}

/**
 * The members of `defaults`, each replaced by the member that the caller set.
 *
 * @param group - The path of the options, such as `"limits"`.
 * @throws RangeError if a number is NaN or less than `least`.
 */
export function withDefaults<Options extends object>(
  group: string,
  given: { readonly [Name in keyof Options]?: Options[Name] | undefined } | undefined,
  defaults: Options,
  least = 0,
): Options {
  const options = { ...defaults }
  for (const name in defaults) {
    const value = given?.[name] ?? defaults[name]
    if (typeof defaults[name] === "number") checkNumber(`${group}.${name}`, value as number, least)
    options[name] = value
  }
  return options
}
