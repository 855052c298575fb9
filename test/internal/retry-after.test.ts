import { expect, test } from "vitest"
import { parseRetryAfter } from "../../src/internal/retry-after.ts"

const DATE = "Tue, 24 Nov 2026 06:00:00 GMT"

/** Headers without the checks of the platform, which rejects or trims some of these values. */
const headersWith = (headers: Record<string, string>) =>
  ({ get: (name: string) => headers[name] ?? null }) as unknown as Headers

test.each([
  ["120", 120_000],
  ["0", 0],
  ["1.5", 1_500],
  ["9".repeat(400), Infinity],
  ["Tue, 24 Nov 2026 06:00:30 GMT", 30_000],
  ["Tuesday, 24-Nov-26 06:00:30 GMT", 30_000],
  ["Tue, 24 Nov 2020 06:00:30 GMT", 0],
])("parseRetryAfter() reads %j", (value, ms) => {
  expect(parseRetryAfter(headersWith({ "retry-after": value, date: DATE }))).toBe(ms)
})

const GARBAGE = [
  "",
  "-1",
  "+1",
  "1e3",
  ".",
  "1.2.3",
  "0x10",
  "Infinity",
  "NaN",
  "soon",
  "soon 5",
  "5 soon",
  "2026-11-24",
  "Tue, 99 Nov 2026 06:00:30 GMT",
  "٣",
]

test.each(GARBAGE)("parseRetryAfter() returns nothing for %j", (value) => {
  expect(parseRetryAfter(headersWith({ "retry-after": value, date: DATE }))).toBeUndefined()
  expect(parseRetryAfter(headersWith({ "retry-after-ms": value }))).toBeUndefined()
  expect(parseRetryAfter(headersWith({ "retry-after-ms": value, "retry-after": "7" }))).toBe(7_000)
})

test("parseRetryAfter() prefers retry-after-ms", () => {
  expect(parseRetryAfter(new Headers({ "retry-after-ms": "150.5", "retry-after": "9" }))).toBe(150.5)
})

test("parseRetryAfter() compares a date with the wall clock if the response has no valid Date", () => {
  const due = new Date(Date.now() + 3_600_000).toUTCString()
  for (const headers of [{ "retry-after": due }, { "retry-after": due, date: "today" }]) {
    const ms = parseRetryAfter(headersWith(headers))
    expect(ms).toBeGreaterThan(3_500_000)
    expect(ms).toBeLessThanOrEqual(3_600_000)
  }
})

test("parseRetryAfter() returns nothing without a header", () => {
  expect(parseRetryAfter(new Headers())).toBeUndefined()
})
