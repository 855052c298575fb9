/* Law: what an option that is a number must be, and the one sentence that says so. */

/**
 * The numbers among the options of `group`, completed by `standard`.
 *
 * @throws RangeError where one is less than `least`, or NaN.
 */
export function numbersOf<const Name extends string>(
  group: string,
  given: { readonly [Member in NoInfer<Name>]?: number | undefined } | undefined,
  standard: { [Member in Name]: number },
  least = 0,
): Record<Name, number> {
  const numbers: Record<Name, number> = { ...standard }
  for (const name in standard) {
    const value = given?.[name] ?? standard[name]
    if (!(value >= least)) throw outOfRange(`${group}.${name}`, `a number from ${least}`, value)
    numbers[name] = value
  }
  return numbers
}

export function outOfRange(name: string, wanted: string, value: number): RangeError {
  return new RangeError(`Cannot subscribe: "${name}" must be ${wanted}, not ${value}`)
}
