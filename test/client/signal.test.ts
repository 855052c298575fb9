import { getEventListeners } from "node:events"
import { expect, test } from "vitest"
import { subscribe } from "steadystream/client"
import { ManualClock, type ScriptedAnswer, scriptedFetch } from "steadystream/testing"
import { consume } from "../support/consumer.ts"

const TARGET = "https://example.com/stream"
const stream: ScriptedAnswer = { chunks: ["id: 1\ndata: a\n\nid: 2\ndata: b\n\n"], end: "stall" }

test("subscribe() rejects with the reason of a signal that is already aborted, and makes no request", async () => {
  const fetch = scriptedFetch([stream])
  const reason = new DOMException("too late", "TimeoutError")
  const subscription = subscribe(TARGET, { fetch, signal: AbortSignal.abort(reason) })
  expect(await consume(subscription).outcome).toBe(reason)
  expect([fetch.requests.length, subscription.state]).toEqual([0, "closed"])
})

test("subscribe() rejects waiting calls with the signal's reason, in each state", async () => {
  const hang: ScriptedAnswer = () => new Promise<Response>(() => {})
  for (const [answer, state] of [
    [hang, "connecting"],
    [stream, "open"],
    [new TypeError("fetch failed"), "waiting"],
  ] as const) {
    const clock = new ManualClock()
    const fetch = scriptedFetch([answer])
    const abort = new AbortController()
    const subscription = subscribe(TARGET, { fetch, clock, signal: abort.signal })
    const { outcome } = consume(subscription)
    await clock.advance(1)
    expect(subscription.state).toBe(state)
    abort.abort("enough")
    expect(await outcome).toBe("enough")
    expect([subscription.state, clock.pendingTimers, fetch.openBodies]).toEqual(["closed", 0, 0])
    expect(getEventListeners(abort.signal, "abort")).toHaveLength(0)
  }
})

test("subscribe() rejects all waiting calls and drops the queued events at an abort", async () => {
  const clock = new ManualClock()
  const abort = new AbortController()
  const subscription = subscribe(TARGET, { fetch: scriptedFetch([stream]), clock, signal: abort.signal })
  const iterator = subscription[Symbol.asyncIterator]()
  await iterator.next()
  abort.abort("enough")
  await expect(iterator.next()).rejects.toBe("enough")
  expect(await iterator.next()).toMatchObject({ done: true })
  const more = subscribe(TARGET, {
    fetch: scriptedFetch([() => new Promise<Response>(() => {})]),
    signal: AbortSignal.timeout(1),
  })
  const other = more[Symbol.asyncIterator]()
  const waits = [other.next(), other.next()]
  for (const wait of waits) await expect(wait).rejects.toMatchObject({ name: "TimeoutError" })
})

test("subscribe() obeys the signal of a Request", async () => {
  const abort = new AbortController()
  const request = new Request(TARGET, { signal: abort.signal })
  const clock = new ManualClock()
  const { outcome } = consume(subscribe(request, { fetch: scriptedFetch([stream]), clock }))
  await clock.advance(0)
  abort.abort("enough")
  expect(await outcome).toBe("enough")
})

test("subscribe() leaves no listener on the signal, however it ends", async () => {
  const { signal } = new AbortController()
  const ends: ScriptedAnswer[] = [new Response(null, { status: 204 }), new Response("", { status: 404 }), stream]
  const counts: number[] = []
  for (const answer of ends) {
    const subscription = subscribe(TARGET, { fetch: scriptedFetch([answer]), signal })
    const { outcome } = consume(subscription)
    counts.push(getEventListeners(signal, "abort").length)
    await new ManualClock().advance(0)
    subscription.close()
    await outcome
    counts.push(getEventListeners(signal, "abort").length)
  }
  expect(counts).toEqual([1, 0, 1, 0, 1, 0])
})

test("subscribe() keeps one listener for 1,000 subscriptions on one signal", async () => {
  const abort = new AbortController()
  const outcomes: Promise<unknown>[] = []
  for (let index = 0; index < 1000; index++) {
    outcomes.push(consume(subscribe(TARGET, { fetch: scriptedFetch([stream]), signal: abort.signal })).outcome)
  }
  await new ManualClock().advance(0)
  expect(getEventListeners(abort.signal, "abort")).toHaveLength(1)
  abort.abort("enough")
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(["enough"]))
  expect(getEventListeners(abort.signal, "abort")).toHaveLength(0)
})
