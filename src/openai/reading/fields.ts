/* Reads the members of a payload. Its shape is never certain, so every access checks the type. */
import { endsInHalf } from "../../internal/half-character.ts"

/** A JSON object of unknown shape. */
export type Fields = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null
}

/** Returns the objects in an array; none if `value` is not an array. */
export function objectsIn(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0
}

/** Returns an index, which some providers send as text; `undefined` for anything else. */
export function indexIn(value: unknown): number | undefined {
  const index = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value
  return isIndex(index) ? index : undefined
}

/** Returns a string that is not empty, `null` for anything else. */
export function textOr(value: unknown): string | null {
  return value && typeof value === "string" ? value : null
}

/** Returns a number, `null` for anything else and for 0, which means "none" on some first chunks. */
export function numberOr(value: unknown): number | null {
  return value && typeof value === "number" ? value : null
}

/** Returns the value of a JSON text, `undefined` if it is not JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether `json` is an object, as a payload must be. */
export function isPayload(json: unknown): json is Fields {
  return isObject(json) && !Array.isArray(json)
}

/** Returns the place for `number` in a list with rising numbers: after all that are not above it. */
export function placeOf<Item>(list: readonly Item[], number: number, numberOf: (item: Item) => number): number {
  let place = list.length
  while (place > 0 && numberOf(list[place - 1]!) > number) place--
  return place
}

/** Whether an event or a payload of this type only keeps the connection open. */
export function isHeartbeatType(type: unknown): boolean {
  // Why first: nearly every type ends here, at each chunk.
  if (type === "message" || typeof type !== "string" || type.length > 10) return false
  return /^(?:ping|keep-?alive|heartbeat)$/i.test(type)
}

/** Whether data that is no JSON object only keeps the connection open: some providers send `null`, `"ping"` or `[]`. */
export function isFiller(json: unknown): boolean {
  return json === null || (json !== undefined && typeof json !== "object") || (Array.isArray(json) && json.length === 0)
}

/** Returns a record without a prototype, so that names such as `__proto__` are harmless. */
export function emptyRecord(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>
}

// The member with the first halves of surrogate pairs at the ends of texts, by the name of the text. Measured: a WeakMap,
// which every piece would ask, takes a tenth of the time of a chunk.
const HALVES = Symbol("halves")

interface TextOwner {
  [HALVES]?: Record<string, string>
}

/** Returns the half that waits at the end of a text, which is then empty. */
export function takeHalf(owner: object, name: string): string {
  const waiting = (owner as TextOwner)[HALVES]
  if (waiting === undefined) return ""
  const half = waiting[name] ?? ""
  waiting[name] = ""
  return half
}

/** Returns a piece of a text without the first half of a surrogate pair at its end, which waits for the next piece. */
export function wholePiece(owner: object, name: string, piece: string): string {
  const text = takeHalf(owner, name) + piece
  if (!endsInHalf(text)) return text
  const end = text.length - 1
  const value = { ...(owner as TextOwner)[HALVES], [name]: text.slice(end) }
  // Not enumerable, since the owner is the caller's to print and to copy.
  Object.defineProperty(owner, HALVES, { value, configurable: true })
  return text.slice(0, end)
}

/** Adds the halves that wait to the members of `owner`, since no other half follows. */
export function endTexts(owner: object): void {
  for (const name in (owner as TextOwner)[HALVES]) (owner as Record<string, string>)[name] += takeHalf(owner, name)
}

/** Appends a piece, if it is a string, to a member that may be `null`, which never ends inside a surrogate pair. */
export function append<Name extends string>(target: Record<Name, string | null>, name: Name, piece: unknown): void {
  if (piece && typeof piece === "string") target[name] = (target[name] ?? "") + wholePiece(target, name, piece)
}
