import { expect, test } from "vitest"
import { ManualClock } from "steadystream/testing"

test("ManualClock fires timers in the order of their times, and of their creation", async () => {
  const clock = new ManualClock()
  const fired: string[] = []
  clock.setTimeout(() => fired.push(`b ${clock.now()}`), 20)
  clock.setTimeout(() => fired.push(`a ${clock.now()}`), 10)
  clock.setTimeout(() => fired.push(`c ${clock.now()}`), 20)
  clock.clearTimeout(clock.setTimeout(() => fired.push("never"), 5))
  expect([clock.pendingTimers, clock.nextDelay]).toEqual([3, 10])
  await clock.advance(20)
  expect(fired).toEqual(["a 10", "b 20", "c 20"])
  expect([clock.pendingTimers, clock.nextDelay, clock.now()]).toEqual([0, undefined, 20])
})

test("ManualClock fires timers that timers set, at their own times", async () => {
  const clock = new ManualClock()
  const times: number[] = []
  const again = () => {
    times.push(clock.now())
    clock.setTimeout(again, 10)
  }
  clock.setTimeout(again, 10)
  await clock.advance(35)
  expect(times).toEqual([10, 20, 30])
  expect(clock.now()).toBe(35)
})

test("ManualClock treats a delay that is negative or not a number as 0, as the platform does", async () => {
  const clock = new ManualClock()
  const fired: string[] = []
  clock.setTimeout(() => fired.push("NaN"), Number.NaN)
  clock.setTimeout(() => fired.push("-5"), -5)
  clock.setTimeout(() => fired.push("later"), 1)
  await clock.advance(0)
  expect(fired).toEqual(["NaN", "-5"])
  await clock.advance(1)
  expect(fired).toEqual(["NaN", "-5", "later"])
})

test.each([-1, Number.NaN, Infinity])(
  "ManualClock never moves back or without end: advance(%d) throws a RangeError",
  async (ms) => {
    const clock = new ManualClock()
    await clock.advance(10)
    await expect(clock.advance(ms)).rejects.toThrow(RangeError)
    expect(clock.now()).toBe(10)
  },
)

test("ManualClock does not move back if it is advanced again before a long advance has ended", async () => {
  const clock = new ManualClock()
  const long = clock.advance(1_000)
  await clock.advance(10)
  await long
  expect(clock.now()).toBe(1_010)
})

test("ManualClock rejects with the error of a timer, and continues from there", async () => {
  const clock = new ManualClock()
  let later = 0
  clock.setTimeout(() => {
    throw new Error("of a timer")
  }, 10)
  clock.setTimeout(() => void later++, 20)
  await expect(clock.advance(30)).rejects.toThrow("of a timer")
  expect([clock.now(), later]).toEqual([10, 0])
  await clock.advance(10)
  expect(later).toBe(1)
})
