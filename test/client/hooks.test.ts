import { afterEach, describe, expect, test, vi } from "vitest"
import { subscribe, type SubscribeOptions } from "steadystream/client"
import { ManualClock, type ScriptedAnswer, scriptedFetch } from "steadystream/testing"
import { consume } from "../support/consumer.ts"
import { failOnUnhandledRejections } from "../support/unhandled.ts"

const stall: ScriptedAnswer = { chunks: [], end: "stall" }

failOnUnhandledRejections()

const TARGET = "https://example.com/stream"
const HOUR = 3_600_000
const answers: ScriptedAnswer[] = [
  new TypeError("fetch failed"),
  { headers: { "x-one": "1" }, chunks: [": hello\n\nid: 1\ndata: a\n\ndata: b\n\n"] },
  new Response(null, { status: 204 }),
]

afterEach(() => vi.unstubAllGlobals())

async function run(options: SubscribeOptions) {
  const clock = new ManualClock()
  const { data, outcome } = consume(subscribe(TARGET, { fetch: scriptedFetch(answers), clock, ...options }))
  await clock.advance(HOUR)
  return { data, outcome: await outcome }
}

test("onOpen, onRetry, onComment and onStateChange report what happens in its order", async () => {
  const seen: unknown[] = []
  await run({
    retry: { jitter: false },
    onOpen: ({ status, headers, url }) => void seen.push(["open", status, headers?.get("x-one"), url]),
    onRetry: ({ attempt, delay, error }) => void seen.push(["retry", attempt, delay, error.code]),
    onComment: (text) => void seen.push(["comment", text]),
    onStateChange: (state) => void seen.push(state),
  })
  expect(seen).toEqual([
    "waiting",
    ["retry", 1, 1000, "connection"],
    "connecting",
    "open",
    ["open", 200, "1", TARGET],
    ["comment", "hello"],
    "waiting",
    ["retry", 1, 1000, "connection"],
    "connecting",
    "closed",
  ])
})

test("onHandlerError receives the error of each hook once, thrown or rejected, and the stream continues", async () => {
  const thrown: unknown[] = []
  const fails = (text: string) => () => {
    throw text
  }
  const rejects = (text: string) => () => Promise.reject(text) as never
  vi.stubGlobal("reportError", (error: unknown) => void again.push(error))
  const again: unknown[] = []
  const { data, outcome } = await run({
    onOpen: fails("open"),
    onRetry: rejects("retry"),
    onComment: rejects("comment"),
    onStateChange: (state) => {
      if (state === "open") throw state
    },
    onHandlerError: (error) => {
      thrown.push(error)
      throw "again"
    },
  })
  expect(again).toEqual(Array.from(thrown, () => "again"))
  expect([data, outcome]).toEqual([["a", "b"], "done"])
  expect(thrown).toEqual(["retry", "open", "open", "comment", "retry"])
})

test("listen() reports what a handler throws or rejects with, and continues without a reconnection", async () => {
  const thrown: unknown[] = []
  const fetch = scriptedFetch([{ chunks: ["data: a\n\ndata: b\n\ndata: c\n\n"] }])
  const seen: string[] = []
  await subscribe(TARGET, { fetch, retry: false, onHandlerError: (error) => void thrown.push(error) }).listen({
    onEvent: (event) => {
      seen.push(event.data)
      if (event.data === "a") throw event.data
      return event.data === "b" ? Promise.reject(event.data) : undefined
    },
  })
  expect([seen, thrown, fetch.requests.length]).toEqual([["a", "b", "c"], ["a", "b"], 1])
})

test("listen() reports to reportError, or to the console, if there is no onHandlerError", async () => {
  const reported: unknown[] = []
  const logged: unknown[] = []
  vi.stubGlobal("console", { ...console, error: (error: unknown) => void logged.push(error) })
  const listen = () =>
    subscribe(TARGET, { fetch: scriptedFetch([{ chunks: ["data: a\n\n"] }]), retry: false }).listen({
      onEvent: () => {
        throw new Error("mine")
      },
    })
  vi.stubGlobal("reportError", undefined)
  await listen()
  vi.stubGlobal("reportError", (error: unknown) => void reported.push(error))
  await listen()
  expect([logged, reported]).toMatchObject([[{ message: "mine" }], [{ message: "mine" }]])
})

test("listen() waits for the handler before it takes the next event", async () => {
  const clock = new ManualClock()
  const fetch = scriptedFetch([{ chunks: ["data: a\n\ndata: b\n\n"] }])
  const log: string[] = []
  const done = subscribe(TARGET, { fetch, clock, retry: false }).listen({
    onEvent: async (event) => {
      log.push(event.data)
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 1000))
      log.push(`${event.data} done`)
    },
  })
  await clock.advance(2000)
  await done
  expect(log).toEqual(["a", "a done", "b", "b done"])
})

test("listen() passes a failure to onError, and rejects without onError", async () => {
  const refused = () => scriptedFetch([new Response("", { status: 404 })])
  const errors: unknown[] = []
  const onEvent = () => {}
  await subscribe(TARGET, { fetch: refused() }).listen({ onEvent, onError: (error) => void errors.push(error) })
  expect(errors).toMatchObject([{ status: 404 }])
  await expect(subscribe(TARGET, { fetch: refused() }).listen({ onEvent })).rejects.toMatchObject({ status: 404 })
})

test("states() reports the current state and each later one to any number of observers until it is closed", async () => {
  const clock = new ManualClock()
  const subscription = subscribe(TARGET, { fetch: scriptedFetch(answers), clock })
  const observe = async () => {
    const states: string[] = []
    for await (const state of subscription.states()) states.push(state)
    return states
  }
  const observers = [observe(), observe()]
  const { outcome } = consume(subscription)
  await clock.advance(HOUR)
  await outcome
  const all = ["connecting", "waiting", "connecting", "open", "waiting", "connecting", "closed"]
  expect(await Promise.all(observers)).toEqual([all, all])
  expect(await observe()).toEqual(["closed"])
})

test("states() stops for an observer that leaves, and buffers at most 100 states for a slow one", async () => {
  const clock = new ManualClock()
  const fetch = scriptedFetch([new TypeError("fetch failed")])
  const subscription = subscribe(TARGET, { fetch, clock, retry: { maxRetries: 200, factor: 1 } })
  const slow = subscription.states()
  const leaving = subscription.states()
  expect(await leaving.next()).toEqual({ done: false, value: "connecting" })
  const waits = leaving.next()
  await leaving.return!()
  expect([await waits, await leaving.next()]).toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
  ])
  const { outcome } = consume(subscription)
  await clock.advance(HOUR)
  await outcome
  const states: string[] = []
  for await (const state of slow) states.push(state)
  expect([states.length, states.at(-1)]).toEqual([100, "closed"])
})

describe("subscribe() and functions of the caller that fail", () => {
  async function endOf(options: SubscribeOptions, chunks = ["id: 1\ndata: a\n\n"]) {
    const clock = new ManualClock()
    const fetch = scriptedFetch([{ chunks }, stall])
    const subscription = subscribe(TARGET, { fetch, clock, ...options })
    const { outcome, data } = consume(subscription)
    await clock.advance(HOUR / 60)
    subscription.close()
    return {
      outcome: await outcome,
      data,
      requests: fetch.requests.length,
      timers: clock.pendingTimers,
      open: fetch.openBodies,
    }
  }
  const fail = () => {
    throw new Error("of the caller's")
  }

  test("subscribe() rejects with the error that shouldRetry throws", async () => {
    expect(await endOf({ retry: { shouldRetry: fail } })).toEqual({
      outcome: new Error("of the caller's"),
      data: ["a"],
      requests: 1,
      timers: 0,
      open: 0,
    })
  })

  test("subscribe() rejects with the error that until throws, after the events before it, and closes the connection", async () => {
    const until = ({ data }: { data: string }) => (data === "b" ? fail() : false)
    const end = await endOf({ until, retry: {} }, ["data: a\n\ndata: b\n\ndata: c\n\n"])
    expect(end).toEqual({ outcome: new Error("of the caller's"), data: ["a"], requests: 1, timers: 0, open: 0 })
  })

  test("subscribe() keeps the cursor before the event for which until throws", async () => {
    const chunks = ["id: 1\ndata: a\n\nid: 2\ndata: b\n\n"]
    const until = ({ data }: { data: string }) => (data === "b" ? fail() : false)
    const subscription = subscribe(TARGET, { fetch: scriptedFetch([{ chunks }]), until })
    await consume(subscription).outcome
    expect(subscription.lastEventId).toBe("1")
  })

  test.each(["onOpen", "onRetry", "onComment", "onStateChange", "onGap", "onWarning"] as const)(
    "subscribe() continues if %s rejects and onHandlerError throws",
    async (name) => {
      const report = vi.spyOn(console, "error").mockImplementation(() => {})
      const hook = async () => fail()
      const chunks = [": c\n\nevent: steadystream.gap\ndata: 0\n\nid: \u0001\ndata: a\n\n"]
      const { data, requests } = await endOf({ [name]: hook, onHandlerError: fail }, chunks)
      expect(data.at(-1)).toBe("a")
      expect(requests).toBe(2)
      expect(report).toHaveBeenCalled()
      report.mockRestore()
    },
  )

  test("subscribe() rejects with the error that its clock throws, without an unhandled rejection", async () => {
    const clock = { now: fail, setTimeout: fail, clearTimeout: () => {}, random: () => 0 }
    const subscription = subscribe(TARGET, { fetch: scriptedFetch([stall]), clock })
    expect(await consume(subscription).outcome).toEqual(new Error("of the caller's"))
    expect(subscription.state).toBe("closed")
  })

  test("subscribe() treats a signal of null as no signal, as fetch does", async () => {
    const fetch = scriptedFetch([new Response(null, { status: 204 })])
    expect(await consume(subscribe(TARGET, { fetch, signal: null as never })).outcome).toBe("done")
  })

  test("listen() rejects at once without onEvent", async () => {
    const fetch = scriptedFetch([stall])
    const subscription = subscribe(TARGET, { fetch })
    await expect(subscription.listen({} as never)).rejects.toThrow(TypeError)
    expect(fetch.requests).toHaveLength(0)
  })

  test.each([undefined, null])("listen() rejects with a TypeError if its handlers are %s", async (handlers) => {
    await expect(subscribe(TARGET).listen(handlers as never)).rejects.toThrow(TypeError)
  })
})
