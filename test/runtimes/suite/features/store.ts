/* The contract of every event store, on the store in memory. */
import { memoryStore } from "steadystream/server"
import { ManualClock, storeContract } from "steadystream/testing"
import type { SuiteCases } from "../suite.ts"

const contract = storeContract("memoryStore", ({ retention }) => {
  const clock = new ManualClock()
  return { store: memoryStore({ retention, clock }), wait: (ms) => clock.advance(ms) }
})

// The store in memory does not have the method of these cases.
const cases = contract.filter(({ name }) => !name.includes("findChanged()"))

export const store: SuiteCases = Object.fromEntries(cases.map(({ name, run }) => [name, () => run()]))
