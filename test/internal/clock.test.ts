import { expect, onTestFinished, test, vi } from "vitest"
import { MAX_TIMER_MS, systemClock } from "../../src/internal/clock.ts"

test.each([MAX_TIMER_MS + 1, 1e12, Infinity])("systemClock does not call at once after %d ms", (ms) => {
  const timeouts = vi.spyOn(globalThis, "setTimeout")
  onTestFinished(() => timeouts.mockRestore())
  systemClock.clearTimeout(systemClock.setTimeout(() => {}, ms))
  expect(timeouts.mock.calls.map(([, delay]) => delay)).toEqual([MAX_TIMER_MS])
})
