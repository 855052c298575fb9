import { formatCursor, locate, newEpoch, parseCursor } from "../../../src/server/store/cursor.ts"
import * as fc from "fast-check"
import { ManualClock } from "steadystream/testing"
import { expect, test } from "vitest"

const epochs = fc.stringMatching(/^\w{1,64}$/)

test("parseCursor() reads what formatCursor() writes, and nothing else", () => {
  fc.assert(
    fc.property(epochs, fc.maxSafeNat(), (epoch, sequence) => {
      expect(parseCursor(formatCursor(epoch, sequence))).toEqual({ epoch, sequence })
    }),
  )
  const texts = fc.oneof(fc.string(), fc.stringMatching(/^[\w-]{0,5}-[\d.+e-]{0,20}$/))
  fc.assert(
    fc.property(texts, (text) => {
      const parts = parseCursor(text)
      if (parts !== undefined) expect(formatCursor(parts.epoch, parts.sequence)).toBe(text)
    }),
  )
})

test.each(["", "-", "-1", "a-", "a-01", "a--1", "a-1\n", "a-9007199254740992", `${"a".repeat(65)}-1`, "a-1-1"])(
  "parseCursor() refuses %j",
  (text) => {
    expect(parseCursor(text)).toBe(undefined)
  },
)

test("parseCursor() takes no longer for longer text", () => {
  const text = `${"a".repeat(20_000_000)}-1`
  const before = performance.now()
  for (let round = 0; round < 1_000; round++) parseCursor(text)
  expect(performance.now() - before).toBeLessThan(5_000)
})

test("locate() returns a position of the log, with a reason if the text is none", () => {
  const log = { epoch: "e", first: 3, last: 7 }
  const found = ["start", "end", "e-3", "e-7", "e-2", "e-8", "f-5", "e", `e-${2 ** 53}`].map((text) =>
    locate(text, log),
  )
  expect(found).toEqual([
    { sequence: 3 },
    { sequence: 7 },
    { sequence: 3 },
    { sequence: 7 },
    { sequence: 3, reason: "trimmed" },
    { sequence: 3, reason: "future" },
    { sequence: 3, reason: "epoch" },
    { sequence: 3, reason: "unknown" },
    { sequence: 3, reason: "unknown" },
  ])
})

test.each([0, 0.999_999, 1, -1, Number.NaN, undefined])("newEpoch() is valid if random() returns %s", (value) => {
  const epoch = newEpoch(new ManualClock({ random: () => value as number }))
  expect(parseCursor(formatCursor(epoch, 1))).toEqual({ epoch, sequence: 1 })
})
