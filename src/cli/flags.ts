/* Reads the flags of a command with Node's `parseArgs`. A message names a flag and never quotes its value. */
import { parseArgs } from "node:util"
import { nearestOf } from "./nearest.ts"
import { UsageError } from "./usage-error.ts"

/** A flag of a command. */
export interface Flag {
  readonly type: "string" | "boolean"
  /** Its one-letter form. */
  readonly short?: string
  readonly multiple?: boolean
  /** The name of its value in the help. */
  readonly value?: string
  readonly about: string
}

/** The flags of a command by their names. */
export type Flags = Readonly<Record<string, Flag>>

/** The arguments of one call of a command. */
export class CommandArguments {
  readonly #values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  readonly positionals: readonly string[]

  constructor(
    values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>,
    positionals: readonly string[],
  ) {
    this.#values = values
    this.positionals = positionals
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined
  }

  text(name: string): string | undefined {
    return this.#values[name] as string | undefined
  }

  list(name: string): readonly string[] {
    return (this.#values[name] as readonly string[] | undefined) ?? []
  }

  /** @throws UsageError if the value is not a number from `min` to `max`. */
  number(name: string, { min = 0, max = Infinity, isInteger = false } = {}): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = text.trim() === "" ? Number.NaN : Number(text)
    if (value >= min && value <= max && Number.isInteger(value) >= isInteger) return value
    const range = max === Infinity ? `${min} or more` : `from ${min} to ${max}`
    throw new UsageError(`"--${name}" must be ${isInteger ? "an integer" : "a number"}, ${range}`)
  }

  /** A time in seconds, as milliseconds. */
  seconds(name: string): number | undefined {
    const seconds = this.number(name, { min: 0.001, max: 2_000_000 })
    return seconds === undefined ? undefined : seconds * 1_000
  }
}

/**
 * Reads the arguments of a command.
 *
 * @throws UsageError at an unknown flag, and if a flag has no value or must not have one.
 */
export function readArguments(args: readonly string[], flags: Flags): CommandArguments {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type, short, multiple = false }]) => [
      name,
      { type, multiple, ...(short !== undefined && { short }) },
    ]),
  )
  const { values, positionals, tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind !== "option") continue
    const { name, rawName, value, inlineValue } = token
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
    if (flag === undefined) throw unknownFlag(rawName, Object.keys(flags))
    if (flag.type === "boolean" && value !== undefined) throw new UsageError(`"${rawName}" must have no value`)
    if (flag.type !== "string") continue
    const wanted = `"${rawName}" must have a value: ${flag.value ?? "TEXT"}`
    if (value === undefined) throw new UsageError(wanted)
    // A flag after a flag is more likely than a value that looks like one.
    if (!inlineValue && /^-./.test(value)) {
      throw new UsageError(`${wanted} (write "--${name}=…" if it begins with a hyphen)`)
    }
  }
  return new CommandArguments(values, positionals)
}

function unknownFlag(rawName: string, names: readonly string[]): UsageError {
  const name = rawName.replace(/^-+/, "")
  const nearest = rawName.startsWith("--") ? nearestOf(name, names) : undefined
  const shown = /^-{1,2}[\w-]{1,40}$/.test(rawName) ? `"${rawName}"` : "a flag"
  return new UsageError(`${shown} is not known${nearest === undefined ? "" : `, did you mean "--${nearest}"?`}`)
}
