import { expect, test } from "vitest"
import { SseRetryError, type SseTimeoutError } from "steadystream"
import { subscribe, type SubscribeOptions } from "steadystream/client"
import { ManualClock, type ScriptedAnswer, scriptedFetch, startFaultServer } from "steadystream/testing"
import { consume } from "../support/consumer.ts"

const TARGET = "https://example.com/stream"
const HOUR = 3_600_000
const never = () => new Promise<Response>(() => {})

/** A body that delivers each text at its time and then stays silent. */
function timed(clock: ManualClock, pieces: readonly (readonly [number, string])[]): () => Response {
  return () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const write = (text: string) => void writer.write(new TextEncoder().encode(text)).catch(() => {})
    for (const [ms, text] of pieces) clock.setTimeout(() => write(text), ms)
    return new Response(readable, { headers: { "content-type": "text/event-stream" } })
  }
}

async function run(script: (clock: ManualClock) => ScriptedAnswer[], options: SubscribeOptions = {}) {
  const clock = new ManualClock()
  const fetch = scriptedFetch(script(clock))
  const { data, outcome } = consume(subscribe(TARGET, { fetch, clock, retry: false, ...options }))
  await clock.advance(HOUR)
  const end = await Promise.race([outcome, clock.advance(0).then(() => "pending")])
  return { clock, fetch, data, end: end as SseTimeoutError }
}

test("subscribe() times out without a response within connect, 30 s by default, and retries", async () => {
  const { end } = await run(() => [never])
  expect(end).toMatchObject({ name: "SseTimeoutError", code: "timeout", phase: "connect", ms: 30_000, retryable: true })
  const again = await run(() => [never, { chunks: ["data: a\n\n"] }, new Response(null, { status: 204 })], {
    retry: {},
  })
  expect(again.data).toEqual(["a"])
})

test("subscribe() times out without a first event within firstEvent, per attempt", async () => {
  const { end, data } = await run((clock) => [timed(clock, [[900, ": hello\n\n"]])], { timeouts: { firstEvent: 1000 } })
  expect(end).toMatchObject({ phase: "firstEvent", ms: 1000 })
  expect(data).toEqual([])
  const late = await run(
    (clock) => [
      timed(clock, [
        [900, "data: a\n\n"],
        [5000, "data: b\n\n"],
      ]),
    ],
    { timeouts: { firstEvent: 1000 } },
  )
  expect([late.data, late.end.phase]).toEqual([["a", "b"], "idle"])
})

test("subscribe() times out without a byte within idle, 300 s by default, and counts comments", async () => {
  const { end, clock } = await run((clock_) => [
    timed(clock_, [
      [1000, ":\n"],
      [200_000, ":\n"],
    ]),
  ])
  expect(end).toMatchObject({ phase: "idle", ms: 300_000 })
  expect(clock.pendingTimers).toBe(0)
})

test("subscribe() times out without an event within eventIdle, and does not count comments", async () => {
  const beats = Array.from({ length: 20 }, (_, index) => [index * 500, ":\n"] as const)
  const { end, data } = await run((clock) => [timed(clock, [[100, "data: a\n\n"], ...beats])], {
    timeouts: { eventIdle: 2000, idle: 1000 },
  })
  expect([end.phase, data]).toEqual(["eventIdle", ["a"]])
})

test("subscribe() counts an event that it drops as a received event", async () => {
  const again = Array.from({ length: 10 }, (_, index) => [500 * index, "id: 1\ndata: a\n\n"] as const)
  const { end, data, clock } = await run((now) => [timed(now, again)], {
    dedupe: true,
    lastEventId: "1",
    timeouts: { firstEvent: 1000, eventIdle: 2000 },
  })
  expect([end.phase, data, clock.pendingTimers]).toEqual(["eventIdle", [], 0])
  const at: number[] = []
  const late = await run((now) => [timed(now, again)], {
    dedupe: true,
    lastEventId: "1",
    timeouts: { eventIdle: 2000 },
    retry: { maxRetries: 1 },
    onRetry: () => void at.push(1),
  })
  expect((late.end as unknown as SseRetryError).attempts[0]!.at).toBe(4500 + 2000)
})

test("subscribe() reconnects from the last event ID if a half-open connection is silent", async () => {
  const answers = (clock: ManualClock): ScriptedAnswer[] => [
    timed(clock, [[0, "id: 7\ndata: a\n\n"]]),
    new Response(null, { status: 204 }),
  ]
  const { fetch, end } = await run(answers, { retry: {}, timeouts: { idle: 1000 } })
  expect(end).toBe("done")
  expect(fetch.requests[1]!.headers.get("last-event-id")).toBe("7")
  expect(fetch.requests[0]!.signal!.reason).toMatchObject({ phase: "idle" })
})

test("subscribe() closes the socket of an attempt that timed out", async () => {
  const server = await startFaultServer([{ body: ":\n", end: "stall" }, { status: 204 }])
  const clock = new ManualClock()
  const { outcome } = consume(subscribe(server.url, { clock, timeouts: { idle: 50 }, retry: { initialDelay: 0 } }))
  await server.received(1)
  while (server.requests.length < 2) await clock.advance(25)
  expect(await outcome).toBe("done")
  await server.allClosed()
  await server.close()
})

test("subscribe() ends after total over all attempts, after the queued events, and does not retry", async () => {
  const { end, fetch, clock } = await run(() => [new TypeError("fetch failed")], {
    retry: { jitter: false },
    timeouts: { total: 10_000 },
  })
  expect(end).toMatchObject({ code: "timeout", phase: "total", ms: 10_000 })
  expect(fetch.requests).toHaveLength(4)
  expect(clock.pendingTimers).toBe(0)
})

test("subscribe() runs no deadline but total while the consumer is busy", async () => {
  const clock = new ManualClock()
  const fetch = scriptedFetch([{ chunks: ["data: a\n\n"], end: "stall" }])
  const timeouts = { connect: 10, firstEvent: 10, idle: 1000, eventIdle: 2000 }
  const iterator = subscribe(TARGET, { fetch, clock, timeouts, retry: false })[Symbol.asyncIterator]()
  expect(await iterator.next()).toMatchObject({ value: { data: "a" } })
  await clock.advance(HOUR)
  const next = iterator.next().catch((error: unknown) => error)
  await clock.advance(999)
  expect(fetch.requests[0]!.signal!.aborted).toBe(false)
  await clock.advance(1)
  expect(await next).toMatchObject({ phase: "idle" })
  const busy = subscribe(TARGET, { fetch, clock, timeouts: { total: 100 }, retry: false })[Symbol.asyncIterator]()
  await busy.next()
  await clock.advance(100)
  await expect(busy.next()).rejects.toMatchObject({ phase: "total" })
})

test("subscribe() treats 0 and Infinity as off, and sets no timer over the platform's limit", async () => {
  for (const off of [0, Infinity]) {
    const { end, clock } = await run(() => [never], { timeouts: { connect: off, idle: off } })
    expect([end, clock.pendingTimers]).toEqual(["pending", 0])
  }
  const longest: number[] = []
  class Watched extends ManualClock {
    override setTimeout(call: () => void, ms: number): number {
      longest.push(ms)
      return super.setTimeout(call, ms)
    }
  }
  const clock = new Watched()
  const fetch = scriptedFetch([new TypeError("fetch failed"), never])
  const subscription = subscribe(TARGET, {
    fetch,
    clock,
    timeouts: { connect: 1e12, total: 1e13 },
    retry: { initialDelay: 1e11, maxDelay: Infinity },
  })
  const { outcome } = consume(subscription)
  await clock.advance(2e11)
  expect(fetch.requests).toHaveLength(2)
  subscription.close()
  await outcome
  expect(Math.max(...longest)).toBe(2 ** 31 - 1)
  expect(clock.pendingTimers).toBe(0)
})

test("subscribe() makes one attempt, not several, after the clock has jumped", async () => {
  const clock = new ManualClock()
  const fetch = scriptedFetch([{ chunks: ["data: a\n\n"], end: "stall" }, never])
  const subscription = subscribe(TARGET, { fetch, clock, timeouts: { connect: 0, eventIdle: 1000 } })
  const { outcome } = consume(subscription)
  await clock.advance(24 * HOUR)
  expect(fetch.requests).toHaveLength(2)
  subscription.close()
  await outcome
})

test("subscribe() counts timeouts as failed attempts of the budget", async () => {
  const { end, fetch } = await run(() => [never], { retry: { maxRetries: 2 } })
  expect(end).toBeInstanceOf(SseRetryError)
  expect((end as unknown as SseRetryError).attempts.map(({ error }) => error.code)).toEqual([
    "timeout",
    "timeout",
    "timeout",
  ])
  expect(fetch.requests.every((request) => request.signal!.aborted)).toBe(true)
})
