/* Compares only the members that a test names, and shows no others in the difference. */
import type { SseEvent } from "../../event.ts"

/**
 * The data of an event; or the members of an event that are compared, each a value or a matcher of vitest such as
 * `expect.stringContaining()`.
 *
 * `data` that is no string is compared with the JSON of the data, or with the value that a contract has read. Of its
 * objects, again, only the members that are named here are compared.
 */
export type ExpectedEvent = string | { readonly [Member in keyof SseEvent]?: unknown }

type Members = Readonly<Record<string, unknown>>

/** The members that the test names. */
export function expectedMembers(expected: ExpectedEvent, at: number): Members {
  if (!isObject(expected) && typeof expected !== "string") {
    throw new TypeError(`Cannot compare events: item ${at} of "expected" must be a string or an object`)
  }
  return typeof expected === "string" ? { data: expected } : expected
}

/** Returns an event with only those members that `expected` has, or the event itself if there is no `expected`. */
export function comparedMembers(event: SseEvent<string, unknown>, expected: Members | undefined): unknown {
  if (expected === undefined) return event
  const { data = "" } = expected
  const isJson = typeof event.data === "string" && typeof data !== "string" && !isMatcher(data)
  return alike(isJson ? { ...event, data: fromJson(event.data) } : event, expected)
}

/** Returns `value` without the members, at any depth, that `expected` does not have. */
function alike(value: unknown, expected: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(expected)) {
    return value.map((item: unknown, at) => (at in expected ? alike(item, expected[at]) : item))
  }
  if (!isObject(value) || !isObject(expected) || isMatcher(expected)) return value
  const names = Object.keys(expected).filter((name) => name in value)
  return Object.fromEntries(names.map((name) => [name, alike(value[name], expected[name])]))
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function isMatcher(value: unknown): boolean {
  return isObject(value) && typeof value["asymmetricMatch"] === "function"
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
