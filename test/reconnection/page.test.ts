import { afterEach, describe, expect, test, vi } from "vitest"
import { subscribe } from "steadystream/client"
import { ManualClock, type ScriptedAnswer, scriptedFetch } from "steadystream/testing"
import { consume } from "../support/consumer.ts"

const TARGET = "https://example.com/stream"
const HOUR = 3_600_000
const stream = (id: number): ScriptedAnswer => ({ chunks: [`id: ${id}\ndata: ${id}\n\n`], end: "stall" })

afterEach(() => vi.unstubAllGlobals())

/** The part of a page that the client uses. */
function stubPage() {
  const counts = { listeners: 0 }
  class Counted extends EventTarget {
    override addEventListener(...args: Parameters<EventTarget["addEventListener"]>) {
      counts.listeners++
      super.addEventListener(...args)
    }
    override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>) {
      counts.listeners--
      super.removeEventListener(...args)
    }
  }
  const document = Object.assign(new Counted(), { visibilityState: "visible", baseURI: "https://example.com/app/" })
  const window = new Counted()
  const navigator = { onLine: true }
  vi.stubGlobal("document", document)
  vi.stubGlobal("navigator", navigator)
  vi.stubGlobal("addEventListener", window.addEventListener.bind(window))
  vi.stubGlobal("removeEventListener", window.removeEventListener.bind(window))
  const show = (visibilityState: "visible" | "hidden") => {
    document.visibilityState = visibilityState
    document.dispatchEvent(new Event("visibilitychange"))
  }
  return { counts, show, navigator, dispatch: (type: string) => window.dispatchEvent(new Event(type)) }
}

test("subscribe() resolves a relative URL against the document's base or the location, or rejects it", async () => {
  const fetch = scriptedFetch([new Response(null, { status: 204 })])
  expect(() => subscribe("stream", { fetch })).toThrow(TypeError)
  vi.stubGlobal("location", { href: "https://example.com/worker.js" })
  await consume(subscribe("stream", { fetch })).outcome
  stubPage()
  await consume(subscribe("stream", { fetch })).outcome
  expect(fetch.requests.map((request) => request.url)).toEqual([
    "https://example.com/stream",
    "https://example.com/app/stream",
  ])
})

test("subscribe() changes nothing while the page is hidden, by default", async () => {
  const { show, counts } = stubPage()
  const clock = new ManualClock()
  const fetch = scriptedFetch([stream(1)])
  const subscription = subscribe(TARGET, { fetch, clock })
  const { outcome } = consume(subscription)
  await clock.advance(0)
  show("hidden")
  await clock.advance(1000)
  expect([subscription.state, fetch.openBodies, counts.listeners]).toEqual(["open", 1, 0])
  subscription.close()
  await outcome
})

test("pauseWhenHidden closes the connection while the page is hidden, then resumes from the cursor without using the budget", async () => {
  const { show, counts, dispatch } = stubPage()
  const clock = new ManualClock()
  const fetch = scriptedFetch([stream(1), stream(2), stream(3)])
  const subscription = subscribe(TARGET, { fetch, clock, pauseWhenHidden: true, retry: { maxRetries: 0 } })
  const { data, outcome } = consume(subscription)
  await clock.advance(0)
  show("hidden")
  await clock.advance(HOUR)
  expect([subscription.state, fetch.openBodies, fetch.requests.length, clock.pendingTimers]).toEqual([
    "waiting",
    0,
    1,
    0,
  ])
  show("visible")
  await clock.advance(0)
  expect(fetch.requests[1]!.headers.get("last-event-id")).toBe("1")
  dispatch("pagehide")
  dispatch("pagehide")
  await clock.advance(HOUR)
  expect([subscription.state, fetch.requests.length]).toEqual(["waiting", 2])
  dispatch("pageshow")
  await clock.advance(0)
  expect([subscription.state, data, subscription.retries]).toEqual(["open", ["1", "2", "3"], 2])
  subscription.close()
  expect([await outcome, counts.listeners]).toEqual(["done", 0])
})

test("pauseWhenHidden delays the first request until the page is shown, and close() ends that wait", async () => {
  const { show, counts } = stubPage()
  show("hidden")
  const clock = new ManualClock()
  const fetch = scriptedFetch([stream(1)])
  const first = subscribe(TARGET, { fetch, clock, pauseWhenHidden: true })
  const second = subscribe(TARGET, { fetch, clock, pauseWhenHidden: true })
  const outcomes = [consume(first).outcome, consume(second).outcome]
  await clock.advance(HOUR)
  expect(fetch.requests).toHaveLength(0)
  second.close()
  show("visible")
  await clock.advance(0)
  expect(fetch.requests).toHaveLength(1)
  first.close()
  await Promise.all(outcomes)
  expect(counts.listeners).toBe(0)
})

test("pauseWhenHidden makes at most 10 requests per second for a page that changes often", async () => {
  const { show } = stubPage()
  const clock = new ManualClock()
  const fetch = scriptedFetch([stream(1)])
  const subscription = subscribe(TARGET, { fetch, clock, pauseWhenHidden: true })
  const { outcome } = consume(subscription)
  for (let flicker = 0; flicker < 50; flicker++) {
    show("hidden")
    await clock.advance(5)
    show("visible")
    await clock.advance(5)
  }
  expect(fetch.requests.length).toBeLessThan(11)
  subscription.close()
  await outcome
})

test("waitForOnline makes no request while the platform is offline, and one at once when it is online", async () => {
  const { navigator, dispatch, counts } = stubPage()
  const clock = new ManualClock()
  const fetch = scriptedFetch([new TypeError("fetch failed"), stream(1)])
  const subscription = subscribe(TARGET, { fetch, clock, waitForOnline: true })
  const { data, outcome } = consume(subscription)
  await clock.advance(0)
  navigator.onLine = false
  await clock.advance(24 * HOUR)
  expect(fetch.requests).toHaveLength(1)
  navigator.onLine = true
  dispatch("online")
  await clock.advance(0)
  expect([data, subscription.state]).toEqual([["1"], "open"])
  subscription.close()
  expect([await outcome, counts.listeners, clock.pendingTimers]).toEqual(["done", 0, 0])
})

test("waitForOnline ends a long wait early when the network returns", async () => {
  const { dispatch } = stubPage()
  const clock = new ManualClock()
  const fetch = scriptedFetch([new TypeError("fetch failed"), stream(1)])
  const subscription = subscribe(TARGET, { fetch, clock, waitForOnline: true, retry: { initialDelay: 30_000 } })
  const { outcome } = consume(subscription)
  await clock.advance(10)
  dispatch("online")
  await clock.advance(0)
  expect(fetch.requests).toHaveLength(2)
  subscription.close()
  await outcome
})

test("pauseWhenHidden with waitForOnline makes no request for a hidden page when the network returns", async () => {
  const { show, dispatch } = stubPage()
  const clock = new ManualClock()
  const fetch = scriptedFetch([stream(1), stream(2)])
  const subscription = subscribe(TARGET, { fetch, clock, pauseWhenHidden: true, waitForOnline: true })
  const { outcome } = consume(subscription)
  await clock.advance(0)
  show("hidden")
  for (const type of ["online", "online"]) {
    await clock.advance(HOUR)
    dispatch(type)
  }
  await clock.advance(HOUR)
  expect([subscription.state, fetch.requests.length]).toEqual(["waiting", 1])
  show("visible")
  await clock.advance(0)
  expect([subscription.state, fetch.requests.length]).toEqual(["open", 2])
  subscription.close()
  await outcome
})

describe("pauseWhenHidden and the retry policy", () => {
  test("pauseWhenHidden counts a healthy attempt that the hidden page ended", async () => {
    const { show } = stubPage()
    const clock = new ManualClock()
    const failed = { status: 503 }
    const fetch = scriptedFetch([failed, failed, stream(1), failed, stream(2)])
    const retry = { jitter: false, maxRetries: 2, maxElapsed: 60_000 }
    const subscription = subscribe(TARGET, { fetch, clock, pauseWhenHidden: true, timeouts: { idle: 0 }, retry })
    const { data } = consume(subscription)
    await clock.advance(600_000)
    show("hidden")
    await clock.advance(1000)
    show("visible")
    await clock.advance(20_000)
    expect(data).toEqual(["1", "2"])
    subscription.close()
  })

  test("pauseWhenHidden does not shorten a delay when the page is shown, and the network's return does", async () => {
    const { show } = stubPage()
    const clock = new ManualClock()
    const fetch = scriptedFetch([{ status: 503, headers: { "retry-after": "60" } }])
    const subscription = subscribe(TARGET, { fetch, clock, pauseWhenHidden: true, waitForOnline: true })
    consume(subscription)
    for (let turn = 0; turn < 4; turn++) {
      await clock.advance(50)
      show("hidden")
      await clock.advance(1)
      show("visible")
    }
    expect(fetch.requests).toHaveLength(1)
    subscription.close()
  })
})
