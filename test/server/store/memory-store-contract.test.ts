import { memoryStore } from "steadystream/server"
import { ManualClock, storeContract } from "steadystream/testing"
import { expect, test } from "vitest"

const cases = storeContract("memoryStore", ({ retention }) => {
  const clock = new ManualClock()
  return { store: memoryStore({ retention, clock }), wait: (ms) => clock.advance(ms) }
})

test.each(cases)("$name", async ({ run }) => {
  await expect(run()).resolves.toBe(undefined)
})
