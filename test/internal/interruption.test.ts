import { expect, test } from "vitest"
import { INTERRUPTED, Interruption } from "../../src/internal/interruption.ts"

test("Interruption breaks the wait that is on, and discards what comes too late", async () => {
  const interruption = new Interruption()
  const late: string[] = []
  let give: ((value: string) => void) | undefined
  const promise = new Promise<string>((resolve) => void (give = resolve))
  const wait = interruption.wait(
    () => promise,
    (value) => void late.push(value),
  )
  interruption.interrupt(new Error("enough"))
  interruption.interrupt(new Error("later reasons do not count"))
  await expect(wait).rejects.toThrow("enough")
  expect([interruption.signal.aborted, (interruption.signal.reason as Error).message]).toEqual([true, "enough"])
  give!("late")
  await promise
  expect(late).toEqual(["late"])
})

test("Interruption begins no wait once it has come", async () => {
  const interruption = new Interruption()
  interruption.interrupt()
  let begun = false
  const wait = interruption.wait(async () => (begun = true))
  await expect(wait).rejects.toBe(INTERRUPTED)
  expect(begun).toBe(false)
  expect(interruption.signal.aborted).toBe(true)
})

test("Interruption lets a wait through, with its value or its failure, one after the other", async () => {
  const interruption = new Interruption()
  expect(await interruption.wait(async () => 1)).toBe(1)
  await expect(interruption.wait(() => Promise.reject(new Error("own")))).rejects.toThrow("own")
  await expect(
    interruption.wait(() => {
      throw new Error("at once")
    }),
  ).rejects.toThrow("at once")
  expect(await interruption.wait(async () => 2)).toBe(2)
  interruption.check()
})
