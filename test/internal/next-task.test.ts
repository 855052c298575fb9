import { afterEach, expect, test, vi } from "vitest"
import { nextTask } from "../../src/internal/next-task.ts"

afterEach(() => vi.unstubAllGlobals())

const throws = () => {
  throw new Error("not supported")
}

test.each([
  ["has setImmediate", globalThis.setImmediate],
  ["has none", undefined],
  ["has one that throws", throws],
])("nextTask() resolves in a later task where the platform %s", async (_, setImmediate) => {
  vi.stubGlobal("setImmediate", setImmediate)
  const order: string[] = []
  const later = nextTask().then(() => order.push("task"))
  await Promise.resolve().then(() => Promise.resolve())
  order.push("microtasks")
  await later
  expect(order).toEqual(["microtasks", "task"])
})
