import { type AttemptMetrics, measureAttempt } from "steadystream/client"
import { expect, test, vi } from "vitest"

const metrics: AttemptMetrics = {
  attempt: 0,
  startTime: 1_000,
  responseTime: 20,
  firstByteTime: 25,
  firstEventTime: 60,
  duration: 500,
  status: 200,
  events: 7,
  bytes: 90,
  longestGap: 120,
  error: undefined,
}

async function entriesOf(run: () => void): Promise<PerformanceEntry[]> {
  const seen: PerformanceEntry[] = []
  const observer = new PerformanceObserver((list) => void seen.push(...list.getEntries()))
  observer.observe({ entryTypes: ["measure"] })
  run()
  await new Promise((resolve) => setTimeout(resolve, 20))
  observer.disconnect()
  return seen
}

test("measureAttempt() adds the attempt, its response and its first event to the timeline", async () => {
  const entries = await entriesOf(() => measureAttempt(metrics))
  expect(entries.map(({ name, startTime, duration }) => [name, startTime, duration])).toEqual([
    ["event stream", 1_000, 500],
    ["event stream: response", 1_000, 20],
    ["event stream: first event", 1_020, 40],
  ])
  const { detail } = entries[0] as PerformanceMeasure
  expect(detail).toMatchObject({ metrics, devtools: { dataType: "track-entry", track: "Event streams" } })
})

test("measureAttempt() leaves out moments that did not come, and keeps no entry", async () => {
  const failed = { ...metrics, responseTime: undefined, firstEventTime: undefined, error: "connection" }
  const entries = await entriesOf(() => measureAttempt(failed))
  expect(entries.map(({ name }) => name)).toEqual(["event stream"])
  expect((entries[0] as PerformanceMeasure).detail).toMatchObject({ devtools: { color: "error" } })
  expect(performance.getEntriesByType("measure")).toEqual([])
})

test("measureAttempt() does nothing on a platform without performance.measure()", () => {
  vi.stubGlobal("performance", { now: () => 0 })
  expect(() => measureAttempt(metrics)).not.toThrow()
  vi.unstubAllGlobals()
})
