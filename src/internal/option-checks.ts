/*
 * Checks the options of every entry point. One failure has one sentence in the whole package: it names the option by its
 * path, and shows the value only if it is a number.
 */

/** What an option may be, beside missing: a type of JavaScript, a signal, or one of some words. */
export type OptionKind = "function" | "object" | "signal" | readonly string[]

/**
 * Checks the options that are no numbers, by their names.
 *
 * @throws TypeError if one is not of its kind.
 */
export function checkKinds(options: object, kinds: Readonly<Record<string, OptionKind | undefined>>): void {
  for (const name in kinds) {
    const value: unknown = options[name as keyof typeof options]
    const kind = kinds[name]!
    if (value === undefined || value === null || value === false || isOf(kind, value)) continue
    const allowed = typeof kind === "string" ? `a ${kind}` : kind.map((word) => JSON.stringify(word)).join(" or ")
    throw new TypeError(`Cannot use options: "${name}" must be ${allowed}, not a ${typeof value}`)
  }
}

function isOf(kind: OptionKind, value: unknown): boolean {
  if (kind === "signal") return typeof (value as Partial<AbortSignal>).addEventListener === "function"
  return typeof kind === "string" ? typeof value === kind : kind.includes(value as string)
}

/**
 * Returns `value`, which may be Infinity.
 *
 * @throws RangeError if it is NaN or less than `least`.
 */
export function checkNumber(path: string, value: number, least = 0): number {
  if (typeof value === "number" && value >= least) return value
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
  checkKinds({ [group]: given }, { [group]: "object" })
  const options = { ...defaults }
  for (const name in defaults) {
    const value = given?.[name] ?? defaults[name]
    if (typeof defaults[name] === "number") checkNumber(`${group}.${name}`, value as number, least)
    options[name] = value
  }
  return options
}
