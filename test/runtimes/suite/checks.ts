/* The checks of the cases. They throw errors that name both values. */
export { ok } from "../../eventsource/behaviour.ts"

/** Checks that two values are equal, member by member. */
export function equal(actual: unknown, expected: unknown, what = "the result"): void {
  if (isEqual(actual, expected)) return
  throw new Error(`${what} must be ${show(expected)}, not ${show(actual)}`)
}

/** Returns the error that `act` throws or rejects with. */
export async function rejection(act: () => unknown): Promise<Error & { readonly code?: unknown }> {
  try {
    await act()
  } catch (error) {
    return error as Error
  }
  throw new Error("must throw")
}

/** Checks that `act` throws or rejects with an error whose name is `name`. */
export async function throws(name: string, act: () => unknown): Promise<Error & { readonly code?: unknown }> {
  const error = await rejection(act)
  if (error.name !== name) throw new Error(`must throw a ${name}, not ${String(error)}`)
  return error
}

function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  const names = Object.keys(left)
  return names.length === Object.keys(right).length && names.every((name) => isEqual(left[name], right[name]))
}

function show(value: unknown): string {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value)
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}
