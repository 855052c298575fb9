/*
 * Bounds what a snapshot keeps of members that have no type here. Small values take much more memory than their text, so
 * a provider could otherwise exhaust the memory within the limits of the stream.
 */
import { emptyRecord, type Fields, isObject } from "../reading/fields.ts"

// In characters, of which a name counts as four; each member of an object or a list counts as 64 more. Measured: a record
// with any names takes up to a third more memory than that, and a new member of a record without a prototype three times as much.
const BUDGET = 16_777_216
const MEMBER = 64
const NAME = 4
const MAX_DEPTH = 64

type Extra = Record<string, unknown>

/** The budget of one stream. */
export class KeptFields {
  #left: number
  readonly #weights: WeakMap<object, Map<string, number>> = new WeakMap()

  constructor(budgets = 1) {
    this.#left = BUDGET * budgets
  }

  /** Sets a member unless the value is too large; returns whether it did. */
  set(target: object, name: string, value: unknown): boolean {
    const weights = this.#weights.get(target) ?? new Map<string, number>()
    const isNew = !weights.has(name)
    const before = weights.get(name) ?? 0
    const weight = (isNew ? 3 * (MEMBER + name.length) : 0) + weightOf(value, this.#left + before)
    if (weight - before > this.#left) return false
    this.#left -= weight - before
    this.#weights.set(target, weights.set(name, weight))
    ;(target as Extra)[name] = value
    return true
  }

  /** Appends the elements of a list, as far as the budget allows. */
  append(list: unknown[], elements: readonly unknown[]): void {
    for (const element of elements) {
      const weight = MEMBER + weightOf(element, this.#left)
      if (weight > this.#left) return
      this.#left -= weight
      list.push(element)
    }
  }

  /** Keeps the members that are not in `known`. */
  addAll(owner: { extra: Extra | null }, fields: Fields, known: ReadonlySet<string>): void {
    for (const name in fields) if (!known.has(name)) this.#add(owner, name, fields[name])
  }

  /** Keeps members by their last value; lists, which arrive in pieces, are joined. */
  #add(owner: { extra: Extra | null }, name: string, value: unknown): void {
    if (value === null || value === undefined) return
    const extra = (owner.extra ??= emptyRecord())
    const received = extra[name]
    if (Array.isArray(received) && Array.isArray(value)) this.append(received, value)
    else if (Array.isArray(value)) {
      const list: unknown[] = []
      if (this.set(extra, name, list)) this.append(list, value)
    } else this.set(extra, name, value)
  }
}

/** Returns the weight of a JSON value; `Infinity` if it is nested too deeply or heavier than `limit`. */
function weightOf(value: unknown, limit: number, depth = MAX_DEPTH): number {
  if (typeof value === "string") return value.length
  if (!isObject(value)) return 0
  if (depth === 0) return Infinity
  let weight = 0
  for (const name in value) {
    weight += MEMBER + (Array.isArray(value) ? 0 : NAME * name.length)
    if (weight > limit) return Infinity
    weight += weightOf(value[name], limit - weight, depth - 1)
  }
  return weight
}
