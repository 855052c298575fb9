import { describe, expect, test } from "vitest"
import { SseConnectionError, type SseError, type SseEvent, SseResponseError, SseRetryError } from "steadystream"
import { subscribe, type SubscribeOptions } from "steadystream/client"
import { ManualClock, type ScriptedAnswer, scriptedFetch } from "steadystream/testing"
import { consume } from "../support/consumer.ts"
import { failOnUnhandledRejections } from "../support/unhandled.ts"

failOnUnhandledRejections()

const TARGET = "https://example.com/stream"
const HOUR = 3_600_000
const noContent = () => new Response(null, { status: 204 })
const failing = new TypeError("fetch failed")

async function run(answers: readonly ScriptedAnswer[], options: SubscribeOptions = {}, clock = new ManualClock()) {
  const times: number[] = []
  const fetch = scriptedFetch(
    answers.map((answer) => (request) => {
      times.push(clock.now())
      return typeof answer === "function" ? answer(request) : answer
    }),
  )
  const delays: number[] = []
  const subscription = subscribe(TARGET, {
    fetch,
    clock,
    ...options,
    retry: options.retry === false ? false : { jitter: false, ...options.retry },
    onRetry: ({ delay }) => delays.push(delay),
  })
  const { events, data, outcome } = consume(subscription)
  await clock.advance(HOUR)
  return { clock, fetch, times, delays, subscription, events, data, outcome: await outcome }
}

const news = (id: number): ScriptedAnswer => ({ chunks: [`id: ${id}\ndata: x\n\n`] })
const refused = (date: Date) => new Response("", { status: 429, headers: { "retry-after": date.toUTCString() } })

async function attemptsAround(ms: number) {
  const clock = new ManualClock()
  const held = () => {
    const { readable, writable } = new TransformStream()
    clock.setTimeout(() => void writable.close(), ms)
    return new Response(readable, { headers: { "content-type": "text/event-stream" } })
  }
  const numbers: number[] = []
  const fetch = scriptedFetch([failing, held, failing, noContent()])
  const { outcome } = consume(subscribe(TARGET, { fetch, clock, onRetry: ({ attempt: n }) => void numbers.push(n) }))
  await clock.advance(HOUR)
  expect(await outcome).toBe("done")
  return numbers
}

async function delaysWith(random: number) {
  const clock = new ManualClock({ random: () => random })
  const delays: number[] = []
  const fetch = scriptedFetch([failing, failing, noContent()])
  consume(subscribe(TARGET, { fetch, clock, onRetry: ({ delay }) => void delays.push(delay) }))
  await clock.advance(HOUR)
  return delays
}

test("subscribe() stops after maxRetries consecutive failures", async () => {
  const { outcome, fetch, clock, subscription } = await run([failing], { retry: { maxRetries: 3 } })
  const error = outcome as SseRetryError
  expect(error).toBeInstanceOf(SseRetryError)
  expect([error.code, error.retryable]).toEqual(["retries-exhausted", false])
  expect(error.attempts.map(({ number, at }) => [number, at])).toEqual([
    [0, 0],
    [1, 1000],
    [2, 3000],
    [3, 7000],
  ])
  expect(error.cause).toBe(error.attempts[3]!.error)
  expect((error.cause as SseError).cause).toBe(failing)
  expect([fetch.requests.length, subscription.retries, clock.pendingTimers]).toEqual([4, 3, 0])
})

test("subscribe() makes one request with maxRetries 0", async () => {
  const { outcome, fetch } = await run([failing], { retry: { maxRetries: 0 } })
  expect((outcome as SseRetryError).attempts).toHaveLength(1)
  expect(fetch.requests).toHaveLength(1)
})

test("subscribe() makes 11 requests by default", async () => {
  const { fetch, delays } = await run([failing])
  expect(fetch.requests).toHaveLength(11)
  expect(delays).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000, 30000])
})

test("subscribe() makes one request with retry false and throws the failure itself", async () => {
  const { outcome, fetch } = await run([failing], { retry: false })
  expect(outcome).toBeInstanceOf(SseConnectionError)
  expect((outcome as SseConnectionError).cause).toBe(failing)
  expect(fetch.requests).toHaveLength(1)
})

test("subscribe() counts a server that accepts and closes at once as failing", async () => {
  const { outcome, fetch } = await run([{ chunks: [] }], { retry: { maxRetries: 4 } })
  expect(outcome).toBeInstanceOf(SseRetryError)
  expect(fetch.requests).toHaveLength(5)
})

test("subscribe() does not reset its budget for a greeting that isProgress excludes, or an event with a known id", async () => {
  const greeting = ["data: welcome\n\nid: 0\ndata: start\n\n"]
  const ids = new Set<string | undefined>([undefined])
  const isProgress = ({ id }: SseEvent) => !ids.has(id) && ids.add(id).size > 0
  const { outcome, fetch, data } = await run([{ chunks: greeting }], { retry: { maxRetries: 4, isProgress } })
  expect(outcome).toBeInstanceOf(SseRetryError)
  // The first attempt's id was new, so the failures count from there.
  expect(fetch.requests).toHaveLength(5)
  expect(data).toHaveLength(10)
})

test("subscribe() resets its budget after an event with a new id", async () => {
  const answers: ScriptedAnswer[] = []
  for (let id = 1; id <= 20; id++) answers.push(failing, { chunks: [`id: ${id}\ndata: ${id}\n\n`] })
  const { outcome, data, delays } = await run([...answers, noContent()], { retry: { maxRetries: 2 } })
  expect(outcome).toBe("done")
  expect(data).toHaveLength(20)
  expect(new Set(delays)).toEqual(new Set([1000, 2000]))
})

test("subscribe() resets its budget after resetAfter of open time, and not before", async () => {
  expect(await attemptsAround(10_000)).toEqual([1, 1, 2])
  expect(await attemptsAround(9_999)).toEqual([1, 2, 3])
})

test("subscribe() stops when maxElapsed has passed", async () => {
  const { outcome, times } = await run([failing], { retry: { maxElapsed: 5_000 } })
  expect(outcome).toBeInstanceOf(SseRetryError)
  expect(times).toEqual([0, 1000, 3000])
})

test("subscribe() restarts maxElapsed at the end of a healthy connection", async () => {
  const { times } = await run([failing, failing, news(1), failing, failing], { retry: { maxElapsed: 5_000 } })
  expect(times).toEqual([0, 1000, 3000, 4000, 6000])
})

test("subscribe() clamps the retry field from 100 ms to 30 s", async () => {
  for (const [retry, delay] of [
    ["0", 100],
    ["2500", 2500],
    ["99999999999", 30_000],
    ["9".repeat(400), 30_000],
    ["-5", 1000],
    ["1e3", 1000],
  ] as const) {
    const { delays } = await run([{ chunks: [`retry: ${retry}\n\n`] }, noContent()])
    expect([retry, ...delays]).toEqual([retry, delay])
  }
})

test("subscribe() increases delays from the retry field up to maxDelay, and never goes below the retry field", async () => {
  const { delays } = await run([{ chunks: ["retry: 20000\n\n"] }, failing, failing, noContent()])
  expect(delays).toEqual([20_000, 30_000, 30_000])
  const small = await run([{ chunks: ["retry: 20000\n\n"] }, failing, noContent()], { retry: { maxDelay: 500 } })
  expect(small.delays).toEqual([20_000, 20_000])
})

test("subscribe() makes at most 10 requests per second whatever the server sends", async () => {
  let id = 0
  const clock = new ManualClock({ random: () => 0 })
  const times: number[] = []
  const fetch = scriptedFetch([
    () => {
      times.push(clock.now())
      return { chunks: [`retry: 0\nid: ${++id}\ndata: new\n\n`] }
    },
  ])
  const subscription = subscribe(TARGET, { fetch, clock, retry: { initialDelay: 0, minServerDelay: 0, factor: 1 } })
  const { outcome } = consume(subscription)
  await clock.advance(5_000)
  subscription.close()
  expect(await outcome).toBe("done")
  expect(times.length).toBeGreaterThan(40)
  for (const time of times)
    expect(times.filter((other) => other >= time && other < time + 1000).length).toBeLessThan(11)
})

test("subscribe() spreads delays over the whole span between their limits", async () => {
  expect(await delaysWith(0)).toEqual([100, 100])
  expect(await delaysWith(0.5)).toEqual([550, 1050])
})

test("subscribe() obeys Retry-After in seconds and dates, within limits, and ignores invalid values", async () => {
  const date = "Tue, 24 Nov 2026 06:00:00 GMT"
  for (const [value, delay] of [
    ["7", 7_000],
    ["3600", 300_000],
    ["Tue, 24 Nov 2026 06:00:20 GMT", 20_000],
    ["Tue, 24 Nov 2026 05:00:00 GMT", 1_000],
    ["-1", 1_000],
    ["soon", 1_000],
    ["1.5", 1_500],
    ["", 1_000],
  ] as const) {
    const busy = new Response("later", { status: 503, headers: { "retry-after": value, date } })
    const { delays, outcome } = await run([busy, noContent()])
    expect(outcome).toBe("done")
    expect([value, ...delays]).toEqual([value, delay])
  }
})

test("subscribe() compares a Retry-After date with the wall clock if the response has no Date", async () => {
  expect((await run([refused(new Date(Date.now() + 7_200_000)), noContent()])).delays).toEqual([300_000])
  expect((await run([refused(new Date(Date.now() - 7_200_000)), noContent()])).delays).toEqual([1_000])
})

test("subscribe() calls shouldRetry within the budget and never beyond it", async () => {
  const seen: unknown[] = []
  const shouldRetry = (failure: SseError, attempt: { number: number }) => {
    seen.push([failure.code, attempt.number])
    return true
  }
  const { outcome, fetch } = await run([new Response("", { status: 404 })], { retry: { maxRetries: 2, shouldRetry } })
  expect(outcome).toBeInstanceOf(SseRetryError)
  expect(fetch.requests).toHaveLength(3)
  expect(seen).toEqual([
    ["response", 0],
    ["response", 1],
    ["response", 2],
  ])
  const never = await run([failing], { retry: { shouldRetry: () => false } })
  expect(never.outcome).toBeInstanceOf(SseConnectionError)
  expect(never.fetch.requests).toHaveLength(1)
})

test("subscribe() rejects with the error that shouldRetry throws", async () => {
  const mistake = new Error("mistake")
  const shouldRetry = () => {
    throw mistake
  }
  expect((await run([failing], { retry: { shouldRetry } })).outcome).toBe(mistake)
})

test("subscribe() does not retry certificate errors", async () => {
  for (const code of ["DEPTH_ZERO_SELF_SIGNED_CERT", "CERT_HAS_EXPIRED", "ERR_TLS_CERT_ALTNAME_INVALID"]) {
    const cause = Object.assign(new Error("certificate"), { code })
    const { outcome, fetch } = await run([new TypeError("fetch failed", { cause })])
    expect(outcome).toMatchObject({ code: "connection", retryable: false })
    expect(fetch.requests).toHaveLength(1)
  }
})

test("subscribe() keeps the last 20 attempts", async () => {
  const { outcome } = await run([failing], { retry: { maxRetries: 30, factor: 1 } })
  expect((outcome as SseRetryError).attempts.map((attempt) => attempt.number)).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 11),
  )
})

test("subscribe() rejects every retry option outside its range", () => {
  for (const retry of [
    { maxRetries: -1 },
    { maxRetries: 1.5 },
    { maxRetries: NaN },
    { factor: 0.5 },
    { factor: NaN },
    { initialDelay: -1 },
    { maxDelay: NaN },
    { resetAfter: -1 },
  ]) {
    expect(() => subscribe(TARGET, { retry })).toThrow(RangeError)
  }
})

test("subscribe() keeps the response's status, headers and body in the failed attempts", async () => {
  const { outcome } = await run([new Response("busy", { status: 503 })], { retry: { maxRetries: 1 } })
  const [first] = (outcome as SseRetryError).attempts
  expect(first!.error).toBeInstanceOf(SseResponseError)
  expect(first!.error).toMatchObject({ status: 503, body: "busy", retryable: true })
})

describe("subscribe() and servers that try to bypass its budget", () => {
  async function requestsOf(answers: readonly ScriptedAnswer[], options: SubscribeOptions = {}) {
    const clock = new ManualClock()
    const fetch = scriptedFetch(answers)
    const { outcome } = consume(subscribe(TARGET, { fetch, clock, retry: { maxRetries: 5 }, ...options }))
    await clock.advance(HOUR)
    return [fetch.requests.length, ((await outcome) as { code?: string }).code]
  }
  const bodies = (make: (n: number) => string) =>
    Array.from({ length: 50 }, (_, n): ScriptedAnswer => ({ chunks: [make(n)], end: n % 2 === 0 ? "reset" : "close" }))

  test.each([
    ["the same id", () => "id: 1\ndata: a\n\n", 6],
    ["two ids in turn", (n: number) => `id: ${n % 2}\ndata: a\n\n`, 7],
    ["a new id each time, with no event", (n: number) => `id: ${n}\n\n`, 6],
    ["an event that is cut", (n: number) => `id: ${n}\ndata: a\n`, 6],
    ["retry: 0", () => "retry: 0\n\n", 6],
    ["gaps with new ids", (n: number) => `event: steadystream.gap\nid: ${n}\ndata: 0\n\n`, 6],
  ])("subscribe() stops retrying a server that sends %s", async (_, make, requests) => {
    expect(await requestsOf(bodies(make), { onGap: () => {} })).toEqual([requests, "retries-exhausted"])
  })

  test("subscribe() stops within maxElapsed whatever the server asks for", async () => {
    const busy = () => new Response("", { status: 503, headers: { "retry-after": "30" } })
    expect(await requestsOf([busy], { retry: { maxElapsed: 100_000, maxRetries: Infinity } })).toEqual([
      3,
      "retries-exhausted",
    ])
  })
})
