import { expect, test } from "vitest"
import { ManualClock } from "steadystream/testing"
import { Leadership } from "../../../src/client/tabs/leadership.ts"

/** A leadership whose lock another tab holds, and what it did. */
function waiting() {
  const clock = new ManualClock({ random: () => 0 })
  const calls: string[] = []
  let late = 0
  const locks = {
    async request(_: string, options: object, run: (lock: unknown) => unknown) {
      calls.push(Object.keys(options).join())
      return "steal" in options ? run({}) : "signal" in options ? new Promise(() => {}) : run(null)
    },
  }
  const lateClock = {
    now: () => clock.now() + late,
    setTimeout: (run: () => void, ms: number) => clock.setTimeout(run, ms),
    clearTimeout: (handle: unknown) => clock.clearTimeout(handle),
    random: () => 0,
  }
  const leadership = new Leadership(locks, "name", lateClock, 1_000, {
    onLead: () => void calls.push("lead"),
    onLost: () => void calls.push("lost"),
    onSilence: () => void calls.push("silence"),
    onRefused: () => void calls.push("refused"),
  })
  leadership.start()
  return { clock, calls, leadership, sleep: (ms: number) => void (late += ms) }
}

test("Leadership asks a silent leader and then takes its lock", async () => {
  const { clock, calls } = waiting()
  await clock.advance(499)
  expect(calls).toEqual(["ifAvailable", "signal"])
  await clock.advance(1)
  expect(calls.slice(2)).toEqual(["silence"])
  await clock.advance(500)
  expect(calls.slice(3)).toEqual(["steal", "lead"])
})

test("Leadership asks again when its timer is late, because an answer may wait in the queue of a tab that slept", async () => {
  const { clock, calls, leadership, sleep } = waiting()
  await clock.advance(500)
  sleep(60_000)
  await clock.advance(500)
  expect(calls.slice(2)).toEqual(["silence", "silence"])
  leadership.onHeard()
  await clock.advance(499)
  expect(calls.slice(4)).toEqual([])
})

test("Leadership sets no timer after it has stopped", async () => {
  const { clock, leadership } = waiting()
  leadership.stop()
  await clock.advance(0)
  expect(clock.pendingTimers).toBe(0)
})
