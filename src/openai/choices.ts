/* Law: how the parts of a payload are looked at, and where the snapshot of its choice is. */
import type { ResolvedLimits } from "./chunk-protocol.ts"
import { limitError } from "./limits.ts"

/** A JSON object of which nothing is certain. */
export type Fields = Readonly<Record<string, unknown>>

/** The snapshot of the choice `index` in `choices`, which are in order; made where it is not there yet. */
export function choiceOf<Choice extends { readonly index: number }>(
  choices: Choice[],
  index: number,
  make: (index: number) => Choice,
  limits: ResolvedLimits,
): Choice {
  let at = choices.length
  while (at > 0 && choices[at - 1]!.index > index) at--
  const found = choices[at - 1]
  if (found?.index === index) return found
  if (choices.length >= limits.maxChoices) throw limitError("maxChoices", limits, "choices")
  const choice = make(index)
  choices.splice(at, 0, choice)
  return choice
}

export function isIndex(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && Number.isInteger(value)
}

/** The JSON objects in an array; nothing where it is none. */
export function objectsIn(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null
}

/** A text with something in it, `null` for anything else. */
export function textOr(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null
}

/** A number other than 0, which stands for none on some first chunks; `null` for anything else. */
export function numberOr(value: unknown): number | null {
  return typeof value === "number" && value !== 0 ? value : null
}
