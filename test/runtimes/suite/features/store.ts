/* The contract of every event store, on the store in memory. */
import { memoryStore } from "steadystream/server"
import { ManualClock, storeContract } from "steadystream/testing"
import type { SuiteCases } from "../suite.ts"

const contract = storeContract("memoryStore", ({ retention }) => {
  const clock = new ManualClock()
  return { store: memoryStore({ retention, clock }), wait: (ms) => clock.advance(ms) }
})

export const store: SuiteCases = Object.fromEntries(contract.map(({ name, run }) => [name, () => run()]))
