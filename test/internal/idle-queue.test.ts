import { expect, test, vi } from "vitest"
import { ManualClock } from "steadystream/testing"
import { type IdleEntry, IdleQueue, idleQueueOf } from "../../src/internal/idle-queue.ts"

function entries(queue: IdleQueue, count: number, calls: number[]): IdleEntry[] {
  const all = Array.from({ length: count }, (_, n) => ({ onIdle: () => void calls.push(n) }))
  for (const entry of all) queue.touch(entry)
  return all
}

test("10,000 entries have one timer, and each is called once after its time", async () => {
  const clock = new ManualClock()
  const calls: number[] = []
  entries(new IdleQueue(clock, 100), 10_000, calls)
  expect(clock.pendingTimers).toBe(1)
  await clock.advance(99)
  expect(calls).toEqual([])
  await clock.advance(1)
  expect(calls).toHaveLength(10_000)
  await clock.advance(100)
  expect(calls).toHaveLength(20_000)
  expect(clock.pendingTimers).toBe(1)
})

test("a touch starts the time of one entry again, and sets no timer", async () => {
  const clock = new ManualClock()
  const calls: number[] = []
  const queue = new IdleQueue(clock, 100)
  const [first] = entries(queue, 3, calls)
  await clock.advance(50)
  const setTimeout = vi.spyOn(clock, "setTimeout")
  queue.touch(first!)
  expect(setTimeout).not.toHaveBeenCalled()
  await clock.advance(50)
  expect(calls).toEqual([1, 2])
  await clock.advance(50)
  expect(calls).toEqual([1, 2, 0])
})

test("no timer is left when the last entry has gone, from outside or from inside of a call", async () => {
  const clock = new ManualClock()
  const onEmpty = vi.fn<() => void>()
  const queue = new IdleQueue(clock, 100, onEmpty)
  const entry: IdleEntry = { onIdle: () => queue.delete(entry) }
  queue.touch(entry)
  queue.delete(entry)
  expect(clock.pendingTimers).toBe(0)
  expect(onEmpty).toHaveBeenCalledTimes(1)
  queue.touch(entry)
  await clock.advance(100)
  expect(clock.pendingTimers).toBe(0)
  expect(onEmpty).toHaveBeenCalledTimes(2)
  queue.delete(entry)
})

test("an entry may remove others and add itself again during a call", async () => {
  const clock = new ManualClock()
  const queue = new IdleQueue(clock, 100)
  const calls: string[] = []
  const late: IdleEntry = { onIdle: () => void calls.push("late") }
  const second: IdleEntry = { onIdle: () => void calls.push("second") }
  const first: IdleEntry = {
    onIdle() {
      calls.push("first")
      queue.delete(second)
      queue.delete(first)
      queue.touch(late)
    },
  }
  queue.touch(first)
  queue.touch(second)
  await clock.advance(100)
  expect(calls).toEqual(["first"])
  await clock.advance(100)
  expect(calls).toEqual(["first", "late"])
  queue.delete(late)
  expect(clock.pendingTimers).toBe(0)
})

test("what one entry throws is reported and stops no other", async () => {
  const report = vi.spyOn(console, "error").mockImplementation(() => {})
  const clock = new ManualClock()
  const queue = new IdleQueue(clock, 100)
  const calls: number[] = []
  const failure = new Error("no")
  const bad: IdleEntry = {
    onIdle() {
      throw failure
    },
  }
  queue.touch(bad)
  entries(queue, 1, calls)
  await clock.advance(100)
  expect(calls).toEqual([0])
  expect(report.mock.calls).toEqual([[failure]])
  report.mockRestore()
})

test("idleQueueOf() returns one queue for each clock and time, while it has entries", () => {
  const clock = new ManualClock()
  const queue = idleQueueOf(clock, 5)
  expect(idleQueueOf(clock, 5)).toBe(queue)
  expect(idleQueueOf(clock, 6)).not.toBe(queue)
  expect(idleQueueOf(new ManualClock(), 5)).not.toBe(queue)
})
