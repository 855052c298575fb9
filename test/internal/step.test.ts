import { expect, test } from "vitest"
import { ManualClock } from "steadystream/testing"
import { Step } from "../../src/internal/step.ts"

test("Step.end() rejects the current wait and discards a late value", async () => {
  const step = new Step(new ManualClock())
  const late: string[] = []
  let deliver: ((value: string) => void) | undefined
  const promise = new Promise<string>((resolve) => void (deliver = resolve))
  const wait = step.wait(
    () => promise,
    (value) => void late.push(value),
  )
  step.end(new Error("enough"))
  step.end(new Error("later reasons do not count"))
  await expect(wait).rejects.toThrow("enough")
  expect([step.signal.aborted, (step.signal.reason as Error).message]).toEqual([true, "enough"])
  deliver!("late")
  await promise
  expect(late).toEqual(["late"])
})

test("Step.wait() starts nothing after the step has ended", async () => {
  const step = new Step(new ManualClock())
  step.end()
  let begun = false
  const wait = step.wait(async () => (begun = true))
  await expect(wait).rejects.toBe(undefined)
  expect(begun).toBe(false)
  expect(step.signal.aborted).toBe(true)
})

test("Step.wait() settles each wait with its value or its failure, one after the other", async () => {
  const step = new Step(new ManualClock())
  expect(await step.wait(async () => 1)).toBe(1)
  await expect(step.wait(() => Promise.reject(new Error("own")))).rejects.toThrow("own")
  await expect(
    step.wait(() => {
      throw new Error("at once")
    }),
  ).rejects.toThrow("at once")
  expect(await step.wait(async () => 2)).toBe(2)
  step.check()
})

test("Step.after() uses one timer for all spans, which end at their times, and none after the step has ended", async () => {
  const clock = new ManualClock()
  const step = new Step(clock)
  const called: unknown[] = []
  const call = (name: string) => () => void called.push([name, clock.now()])
  step.after("late", 300, call("late"))
  step.after("soon", 100, call("soon"))
  step.after("never", Infinity, call("never"))
  step.after("put off", 50, call("put off"))
  step.after("put off", 200, call("put off"))
  expect(clock.pendingTimers).toBe(1)
  await clock.advance(250)
  expect(called).toEqual([
    ["soon", 100],
    ["put off", 200],
  ])
  step.end()
  step.after("soon", 1, call("soon"))
  expect(clock.pendingTimers).toBe(0)
})

test("Step.after() sets no timer over the platform's limit, whatever time the clock shows", () => {
  const delays: number[] = []
  const clock = { now: () => 1234.567, setTimeout: (_: () => void, ms: number) => delays.push(ms), clearTimeout() {} }
  new Step(clock).after("late", 1e13, () => {})
  expect(delays).toEqual([2 ** 31 - 1])
})
