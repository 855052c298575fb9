import { expect, test, vi } from "vitest"
import { type Entry, SharedLog } from "../../../src/client/tabs/shared-log.ts"

/** An entry, and how often its number is read. */
function entryOf(seq: number, onRead = () => {}): Entry {
  const id = String(seq)
  return {
    epoch: 1,
    get seq() {
      onRead()
      return seq
    },
    lastEventId: id,
    hasId: true,
    event: { event: "message", data: "x".repeat(10), id, lastEventId: id },
  }
}

test.each([
  ["maxEntries", 1_000, Infinity],
  ["maxSize", Infinity, 22_000],
])("SharedLog keeps at most an eighth more than %s, always the newest entries", (_, maxEntries, maxSize) => {
  const log = new SharedLog("", maxEntries, maxSize)
  for (let seq = 1; seq <= 5_000; seq++) {
    log.append(entryOf(seq))
    if (seq % 25 !== 0) continue
    const { prev, entries } = log.from(0)
    expect([prev.seq + entries.length, log.last.seq]).toEqual([seq, seq])
    if (seq <= 800) expect(entries.length).toBe(seq)
    else expect(entries.length).toBeLessThanOrEqual(1_125)
  }
  expect(log.length).toBeGreaterThan(800)
  expect(log.indexAfter({ ...entryOf(10), seq: 10 })).toBe(-1)
  expect(log.indexAfter({ ...entryOf(4_990), seq: 4_990 })).toBe(log.length - 10)
})

test("SharedLog moves the entries that stay once in a long time, and finds a place near its end at once", () => {
  const splice = vi.spyOn(Array.prototype, "splice")
  const shift = vi.spyOn(Array.prototype, "shift")
  let reads = 0
  const log = new SharedLog("", 2_000, Infinity)
  for (let seq = 1; seq <= 5_000; seq++) {
    log.append(entryOf(seq, () => void reads++))
    log.indexAfter({ ...entryOf(seq + 1), seq: seq + 1 })
    log.indexAfter({ ...entryOf(seq - 1), seq: seq - 1 })
  }
  const moves = splice.mock.calls.length + shift.mock.calls.length
  splice.mockRestore()
  shift.mockRestore()
  expect(moves).toBeLessThan(20)
  expect(reads).toBeLessThan(20 * 5_000)
})
