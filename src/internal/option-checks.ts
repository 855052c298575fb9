/*
 * Checks the options of every entry point. One failure has one sentence in the whole package: it names the option by its
 * path, and shows the value only if it is a number.
 */

/**
 * What an option may be, beside missing, in words that are read by both the check and the message: types of JavaScript,
 * `false`, strings in quotes, or a method at the end, as in `'"throw", "skip" or a function'` and `"a clock with now()"`.
 * With `true`, the code that uses it checks it.
 */
export type OptionKind = string | true

export const SIGNAL = "an AbortSignal, with addEventListener()"
export const CLOCK = "a clock, with setTimeout()"
export const DECODER = "a contract, with read()"
export const ENCODER = "a contract, with encodeAsync()"

/** The kind of each option: one that is missing here does not compile. */
export type OptionKinds<Options> = Readonly<Record<keyof Options, OptionKind>>

/**
 * Checks the names of the options, and those that are no numbers.
 *
 * @param isOpen - Whether other names are allowed, unless they look like a wrong spelling of one here.
 * @throws TypeError if `options` is no object, if an option is not known, or if one is not of its kind.
 */
export function checkOptions(options: object, kinds: Readonly<Record<string, OptionKind>>, isOpen = false): void {
  checkNames("options", options, kinds, isOpen)
  for (const name in kinds) {
    const value: unknown = options[name as keyof typeof options]
    const kind = kinds[name]!
    if (kind !== true && value !== undefined && value !== null && !isOf(kind, value)) throw unfit(name, kind, value)
  }
}

/** @throws TypeError if `group` is no object, or if a member of it has a name that `known` does not have. */
export function checkNames(path: string, group: object, known: object, isOpen = false): void {
  if (typeof group !== "object" || group === null) throw unfit(path, "an object", group)
  for (const name in group) {
    if (name in known || (group[name as keyof typeof group] ?? undefined) === undefined) continue
    const names = Object.keys(known)
    const near = names.find((other) => !lettersBeside(other, name) && lettersBeside(name, other).length < 2)
    if (isOpen && near === undefined && !name.startsWith("on")) continue
    const hint = near === undefined ? `known are ${names.join(", ")}` : `did you mean "${near}"?`
    throw new TypeError(`Cannot use ${path}: "${name}" is unknown; ${hint}`)
  }
}

/** The letters of `name` that `other` does not have. */
function lettersBeside(other: string, name: string): string {
  return name.replace(RegExp(`[${other}]`, "gi"), "")
}

function isOf(kind: string, value: unknown): boolean {
  const method = /(\w+)\(\)$/.exec(kind)?.[1]
  if (method) return typeof (value as Record<string, unknown>)[method] === "function"
  const word = typeof value === "string" ? `"${value}"` : value === false ? "false" : typeof value
  return kind.includes(typeof value) || kind.includes(word)
}

/** The type of a value in a message. */
export function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value
}

function unfit(path: string, allowed: string, value: unknown): TypeError {
  return new TypeError(`Cannot use options: "${path}" must be ${allowed}, not ${kindOf(value)}`)
}

/**
 * Returns `value`, which may be Infinity.
 *
 * @throws RangeError if it is NaN or less than `least`.
 */
export function checkNumber(path: string, value: number, least = 0): number {
  if (typeof value === "number" && value >= least) return value
  // JavaScript may pass text, which may be secret.
  const found = typeof value === "number" ? value : kindOf(value)
  throw new RangeError(`Cannot use options: "${path}" must be a number from ${least}, not ${found}`)
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
  if (given === undefined || given === null) return options
  checkNames(group, given, defaults)
  for (const name in defaults) {
    const value = given[name] ?? defaults[name]
    if (typeof defaults[name] === "number") checkNumber(`${group}.${name}`, value as number, least)
    options[name] = value
  }
  return options
}
