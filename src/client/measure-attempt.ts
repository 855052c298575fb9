import type { AttemptMetrics } from "../reconnection/index.ts"

const NAME = "event stream"

/**
 * Adds an attempt to the timeline of the platform, as a measure of `performance`: pass it to `subscribe` as `onMetrics`.
 * Chrome's Performance panel shows it in a track of its own; a `PerformanceObserver` gets it, too.
 *
 * The measure has the name `event stream` and the metrics as its `detail.metrics`. Two more, `event stream: response` and
 * `event stream: first event`, are the times until then. The platform keeps none of them.
 *
 * @see https://developer.chrome.com/docs/devtools/performance/extension
 * @example
 * ```ts
 * import { measureAttempt, subscribe } from "steadystream/client"
 * import { scriptedFetch } from "steadystream/testing"
 *
 * new PerformanceObserver((list) => console.log(list.getEntries().length)).observe({ type: "measure" })
 * const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }])
 * for await (const event of subscribe("https://example.com/", { fetch, retry: false, onMetrics: measureAttempt })) {
 *   console.log(event.data)
 * }
 * ```
 */
export function measureAttempt(metrics: AttemptMetrics): void {
  if (typeof metrics !== "object") throw new TypeError("Cannot measure attempt: there must be metrics of an attempt")
  const { startTime, responseTime, firstEventTime, duration, events, bytes, longestGap, error } = metrics
  const { performance } = globalThis as Partial<Pick<typeof globalThis, "performance">>
  if (typeof performance?.measure !== "function") return
  const properties = Object.entries({ events, bytes, longestGap, error }).map(([name, value]) => [name, String(value)])
  const color = error === undefined ? "primary" : "error"
  const add = (name: string, from: number, to: number | undefined): void => {
    if (to === undefined) return
    const devtools = { dataType: "track-entry", track: "Event streams", color, properties }
    performance.measure(name, { start: startTime + from, end: startTime + to, detail: { devtools, metrics } })
    // Observers have it already; without this, a long-lived page would keep each one.
    performance.clearMeasures(name)
  }
  add(NAME, 0, duration)
  add(`${NAME}: response`, 0, responseTime)
  add(`${NAME}: first event`, responseTime ?? 0, firstEventTime)
}
