/* Law: how a payload is looked at, of which nothing is certain. */

/** A JSON object of which nothing is certain. */
export type Fields = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null
}

/** The JSON objects in an array; nothing where it is none. */
export function objectsIn(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0
}

/** A text with something in it, `null` for anything else. */
export function textOr(value: unknown): string | null {
  return value && typeof value === "string" ? value : null
}

/** A number other than 0, which stands for none on some first chunks; `null` for anything else. */
export function numberOr(value: unknown): number | null {
  return value && typeof value === "number" ? value : null
}

/** What JSON says, `undefined` where `text` is none. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether `json` is what a payload must be. */
export function isPayload(json: unknown): json is Fields {
  return isObject(json) && !Array.isArray(json)
}

/** The place in `list`, whose numbers rise, after all that are not above `number`. */
export function placeOf<Item>(list: readonly Item[], number: number, numberOf: (item: Item) => number): number {
  let place = list.length
  while (place > 0 && numberOf(list[place - 1]!) > number) place--
  return place
}

/** A record that no name of the stream can turn into anything else. */
export function emptyRecord(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>
}

/** Adds a piece of text, if it is one, to a member that may have none yet. */
export function append<Name extends string>(target: Record<Name, string | null>, name: Name, piece: unknown): void {
  if (piece && typeof piece === "string") target[name] = (target[name] ?? "") + piece
}
