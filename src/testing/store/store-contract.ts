import { appendCases } from "./append-cases.ts"
import { changedCases } from "./changed-cases.ts"
import { leaseCases } from "./lease-cases.ts"
import { randomCases } from "./random-cases.ts"
import { readCases } from "./read-cases.ts"
import type { StoreCase, StoreRetention, StoreUnderTest } from "./store-subject.ts"
import { watchCases } from "./watch-cases.ts"

/** One case of {@link storeContract}. */
export interface StoreContractCase {
  /** What a store must do, as a sentence. */
  readonly name: string
  /** Makes a store and runs the case on it. Rejects with an error that names the rule that the store breaks. */
  run(): Promise<void>
}

/** Makes a store without logs for one case. The retention is part of what the case checks. */
export type MakeStore = (options: {
  readonly retention?: StoreRetention | undefined
}) => StoreUnderTest | Promise<StoreUnderTest>

/**
 * Returns the cases that every {@link EventStore} must pass, for any test runner. Each case has a store of its own, and
 * its operations are the same in every run.
 *
 * @param name - The name of the store, with which the name of each case begins.
 * @param makeStore - Called once for each case.
 * @example
 * ```ts
 * import { memoryStore } from "steadystream/server"
 * import { ManualClock, storeContract } from "steadystream/testing"
 *
 * const cases = storeContract("memoryStore", ({ retention }) => {
 *   const clock = new ManualClock()
 *   return { store: memoryStore({ retention, clock }), wait: (ms) => clock.advance(ms) }
 * })
 * for (const { name, run } of cases) {
 *   await run() // In a test runner: test(name, run)
 *   console.log(name)
 * }
 * ```
 */
export function storeContract(name: string, makeStore: MakeStore): StoreContractCase[] {
  if (typeof makeStore !== "function") throw new TypeError('Cannot test store: "makeStore" must be a function')
  const cases = { ...appendCases, ...readCases, ...watchCases, ...changedCases, ...leaseCases, ...randomCases }
  return Object.entries(cases).map(([rule, run]) => ({
    name: `${name}: ${rule}`,
    run: () => runCase(run, makeStore),
  }))
}

async function runCase(run: StoreCase, makeStore: MakeStore): Promise<void> {
  const made = await makeStore({ retention: run.retention })
  const { store, other = store, wait = platformWait, extraEvents = 0 } = made
  try {
    await run({ store, other, wait, extraEvents })
  } finally {
    await store.close()
    await other.close()
    await made.close?.()
  }
}

function platformWait(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
