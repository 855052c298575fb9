/* The parts of the test: sessions at rest and broadcasts, clients that stop reading, that come and go, that come back. */
import { quartiles } from "../measure.ts"
import type { Latencies } from "./clients.ts"
import type { ContenderName } from "./contenders.ts"
import { type Counts, EVENT_BYTES, LARGE_EVENT_BYTES, pause, quiet, Scene, type Settings } from "./scene.ts"
import type { BroadcastCost } from "./server.ts"
import { sleep, stamp } from "./stamp.ts"

/** The medians of all broadcasts. */
export interface SessionsResult extends BroadcastCost, Latencies {
  /** Sessions per second. */
  readonly connectRate: number
  /** Bytes per session. */
  readonly rss: number
  readonly heap: number
  readonly counts: Counts
}

export interface StalledResult {
  /** The bytes that were offered to each client; fewer than wanted if the memory reached its limit. */
  readonly offered: number
  /** The growth of memory in bytes: at its peak, and after a collection of garbage. */
  readonly peak: number
  readonly kept: number
  readonly counts: Counts
}

export interface ChurnResult {
  readonly seconds: number
  readonly connections: number
  /** Megabytes in 10 minutes, with the standard error. */
  readonly slope: number
  readonly slopeError: number
  /** The sessions after all clients have left. */
  readonly sessionsLeft: number
  readonly counts: Counts
}

export interface ReplayResult {
  /** Milliseconds from the first connect until all clients have everything. */
  readonly took: number
  /** The CPU time of the server in this time, in milliseconds. */
  readonly cpu: number
  readonly peak: number
  readonly kept: number
  readonly counts: Counts
}

export const MB = 1e6

/** The growth at which no more is offered to clients that do not read. */
const STALLED_LIMIT = 512 * MB

/** How long the clients may take to receive all that waits for them. */
const BACKLOG_DEADLINE = 60_000

const CHURN_RATE = 100
/** Clients come and go for up to so many milliseconds before the heap is measured, because it grows until it is warm. */
const CHURN_WARM_UP = 20_000

/** The events before the cursor of the clients that come back: a store that keeps 1,000 must not have trimmed it. */
const WARM_REPLAY_EVENTS = 5

const median = (values: readonly number[]): number => quartiles(values).median

export function measureSessions(name: ContenderName, settings: Settings): Promise<SessionsResult> {
  const { sessions, broadcasts, hold } = settings
  return Scene.run(name, async (scene) => {
    await scene.warmUp()
    const before = await scene.server.call("memory", undefined)
    const took = await scene.open(sessions)
    await quiet()
    const after = await scene.server.call("memory", undefined)
    const samples: (BroadcastCost & Latencies)[] = []
    while (samples.length < broadcasts) {
      await pause()
      const cost = await scene.broadcast()
      samples.push({ ...cost, ...(await scene.clients.call("latencies", undefined)) })
    }
    if (hold > 0) {
      await sleep(hold * 1000)
      await scene.broadcast()
    }
    const counts = await scene.counts()
    await scene.close()
    const medianOf = (key: keyof BroadcastCost | keyof Latencies) => median(samples.map((sample) => sample[key]))
    return {
      connectRate: (sessions / took) * 1000,
      rss: (after.rss - before.rss) / sessions,
      heap: (after.heap - before.heap) / sessions,
      call: medianOf("call"),
      blocked: medianOf("blocked"),
      cpu: medianOf("cpu"),
      p50: medianOf("p50"),
      p99: medianOf("p99"),
      counts,
    }
  })
}

export function measureStalled(name: ContenderName, { stalled, offered }: Settings): Promise<StalledResult> {
  return Scene.run(name, async (scene) => {
    await scene.warmUp()
    // Opened before the memory is measured, so that the sessions themselves do not count.
    await scene.open(stalled)
    const before = await scene.server.call("memory", undefined)
    await scene.clients.call("pause", undefined)
    const events = Math.ceil(offered / LARGE_EVENT_BYTES)
    const request = { events, bytes: LARGE_EVENT_BYTES, limit: STALLED_LIMIT }
    const published = await scene.server.call("offer", request, BACKLOG_DEADLINE)
    const peak = await scene.server.call("peak", undefined)
    const after = await scene.server.call("memory", undefined)
    await scene.clients.call("resume", undefined)
    const { sequence } = await scene.server.call("broadcast", EVENT_BYTES)
    await scene.received(sequence, BACKLOG_DEADLINE)
    const counts = await scene.counts()
    await scene.close()
    return {
      offered: published * LARGE_EVENT_BYTES,
      peak: peak - before.rss,
      kept: after.heap - before.heap,
      counts,
    }
  })
}

export function measureChurn(name: ContenderName, { churn }: Settings): Promise<ChurnResult> {
  return Scene.run(name, async (scene) => {
    await scene.warmUp()
    // A log that keeps 1,000 events is full before the heap is measured.
    await scene.server.call("offer", { events: 2_000, bytes: EVENT_BYTES, limit: STALLED_LIMIT })
    const { port } = scene
    const ms = churn * 1000
    await scene.clients.call("churn", { port, rate: CHURN_RATE, ms: Math.min(CHURN_WARM_UP, ms) })
    await scene.server.call("sampleHeap", Math.max(250, ms / 120))
    const connections = await scene.clients.call("churn", { port, rate: CHURN_RATE, ms }, ms + 30_000)
    const samples = await scene.server.call("heapSamples", undefined)
    const counts = await scene.counts()
    await scene.close()
    const sessionsLeft = await scene.server.call("sessions", undefined)
    const { slope, error } = regression(samples)
    const perTenMinutes = 600 / MB
    return {
      seconds: churn,
      connections,
      slope: slope * perTenMinutes,
      slopeError: error * perTenMinutes,
      sessionsLeft,
      counts,
    }
  })
}

/** Resolves with `undefined` if the server keeps no events for clients that come back. */
export function measureReplay(name: ContenderName, settings: Settings): Promise<ReplayResult | undefined> {
  const { returning, missed } = settings
  return Scene.run(name, async (scene) => {
    if (!(await scene.server.call("hasHistory", undefined))) return undefined
    await scene.warmUp(WARM_REPLAY_EVENTS)
    const cursor = await scene.server.call("cursor", undefined)
    const next = await scene.server.call("next", undefined)
    await scene.server.call("offer", { events: missed, bytes: EVENT_BYTES, limit: STALLED_LIMIT })
    const before = await scene.server.call("memory", undefined)
    await scene.server.call("watchPeak", undefined)
    const cpuBefore = await scene.server.call("cpu", undefined)
    const start = stamp()
    await scene.open(returning, { lastEventId: cursor, next })
    await scene.received(next + missed - 1)
    const took = stamp() - start
    const cpu = (await scene.server.call("cpu", undefined)) - cpuBefore
    const peak = await scene.server.call("peak", undefined)
    await sleep(100)
    const after = await scene.server.call("memory", undefined)
    const counts = await scene.counts()
    await scene.close()
    return { took, cpu, peak: peak - before.rss, kept: after.heap - before.heap, counts }
  })
}

/** The slope of a line through points by the method of least squares, with its standard error. */
export function regression(points: readonly (readonly [x: number, y: number])[]): { slope: number; error: number } {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread
  const rest = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0)
  return { slope, error: Math.sqrt(rest / (points.length - 2) / spread) }
}
