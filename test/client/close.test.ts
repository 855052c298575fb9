import { afterEach, describe, expect, test, vi } from "vitest"
import { subscribe, type Subscription } from "steadystream/client"
import { ManualClock, type ScriptedAnswer, scriptedFetch, startFaultServer } from "steadystream/testing"
import { consume } from "../support/consumer.ts"
import type { Clock } from "steadystream"
import { EventSource } from "steadystream/eventsource"
import { failOnUnhandledRejections } from "../support/unhandled.ts"

const stall: ScriptedAnswer = { chunks: [], end: "stall" }

failOnUnhandledRejections()

const type = { "content-type": "text/event-stream" }

afterEach(() => vi.unstubAllGlobals())

const TARGET = "https://example.com/stream"
const HOUR = 3_600_000
const stream: ScriptedAnswer = { chunks: ["id: 1\ndata: a\n\nid: 2\ndata: b\n\n"], end: "stall" }

test("close() before the first next() makes no request, and next() returns done", async () => {
  const fetch = scriptedFetch([stream])
  const subscription = subscribe(TARGET, { fetch })
  subscription.close()
  subscription.close()
  expect(subscription.state).toBe("closed")
  expect(await subscription[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  expect(fetch.requests).toHaveLength(0)
})

test("close() before the response ends the wait and cancels a late response, also if it is called twice", async () => {
  const clock = new ManualClock()
  let answer: ((response: Response) => void) | undefined
  let cancelled = 0
  const fetch = () => new Promise<Response>((resolve) => void (answer = resolve))
  const subscription = subscribe(TARGET, { fetch, clock })
  const { outcome } = consume(subscription)
  await clock.advance(0)
  subscription.close()
  subscription.close()
  expect(await outcome).toBe("done")
  answer!(new Response(new ReadableStream({ cancel: () => void cancelled++ })))
  await clock.advance(HOUR)
  expect([cancelled, clock.pendingTimers]).toEqual([1, 0])
})

test("close() during the backoff makes no further request and clears the timer", async () => {
  const clock = new ManualClock()
  const fetch = scriptedFetch([new TypeError("fetch failed")])
  const subscription = subscribe(TARGET, { fetch, clock })
  const { outcome } = consume(subscription)
  await clock.advance(1)
  expect([subscription.state, clock.pendingTimers]).toEqual(["waiting", 1])
  subscription.close()
  expect([await outcome, clock.pendingTimers, subscription.state]).toEqual(["done", 0, "closed"])
  await clock.advance(HOUR)
  expect(fetch.requests).toHaveLength(1)
})

test("close() makes no request if the headers function is still running", async () => {
  const clock = new ManualClock()
  const fetch = scriptedFetch([stream])
  let subscription: Subscription | undefined
  const headers = () => {
    subscription!.close()
    return {}
  }
  subscription = subscribe(TARGET, { fetch, clock, headers })
  expect(await consume(subscription).outcome).toBe("done")
  await clock.advance(HOUR)
  expect([fetch.requests.length, clock.pendingTimers]).toEqual([0, 0])
})

test("close() cancels the error body that is being read", async () => {
  const server = await startFaultServer({ status: 404, body: "x", end: "stall" })
  const subscription = subscribe(server.url)
  const { outcome } = consume(subscription)
  await server.received(1)
  subscription.close()
  expect(await outcome).toBe("done")
  await server.allClosed()
  await server.close()
})

test("close() in a handler drops the other events of that chunk and keeps the cursor", async () => {
  const fetch = scriptedFetch([stream])
  const subscription = subscribe(TARGET, { fetch })
  const got: string[] = []
  await subscription.listen({
    onEvent: (event) => {
      got.push(event.data)
      subscription.close()
    },
  })
  expect([got, subscription.lastEventId, fetch.openBodies]).toEqual([["a"], "1", 0])
})

test("close() in any hook is the last thing that has an effect", async () => {
  const hooks = ["onOpen", "onComment", "onStateChange", "onRetry", "onGap"] as const
  for (const name of hooks) {
    const clock = new ManualClock()
    let subscription: Subscription | undefined
    const calls: string[] = []
    const call = (hook: string) => {
      if (calls.length > 0) calls.push(hook)
      else if (hook === name) {
        calls.push(hook)
        subscription!.close()
      }
    }
    const watched = Object.fromEntries(hooks.map((hook) => [hook, () => call(hook)]))
    const fetch = scriptedFetch([{ chunks: ["event: steadystream.gap\ndata: {}\n\n", ": c\n\ndata: a\n\n"] }, stream])
    subscription = subscribe(TARGET, { fetch, clock, ...watched })
    const { outcome } = consume(subscription)
    await clock.advance(HOUR)
    expect(await outcome).toBe("done")
    expect(calls).toEqual([name, "onStateChange"])
    expect([fetch.openBodies, clock.pendingTimers, subscription.state]).toEqual([0, 0, "closed"])
    expect(fetch.requests.length).toBe(1)
  }
})

test("close() settles every waiting next()", async () => {
  const clock = new ManualClock()
  const subscription = subscribe(TARGET, { fetch: scriptedFetch([stream]), clock })
  const iterator = subscription[Symbol.asyncIterator]()
  const results = Array.from({ length: 5 }, () => iterator.next())
  await clock.advance(0)
  subscription.close()
  expect((await Promise.all(results)).map(({ value }) => value?.data)).toEqual([
    "a",
    "b",
    undefined,
    undefined,
    undefined,
  ])
  expect(await iterator.next()).toEqual({ done: true, value: undefined })
})

test("close() drops the queued events", async () => {
  const clock = new ManualClock()
  const subscription = subscribe(TARGET, { fetch: scriptedFetch([stream]), clock })
  const iterator = subscription[Symbol.asyncIterator]()
  expect(await iterator.next()).toMatchObject({ value: { data: "a" } })
  subscription.close()
  expect(await iterator.next()).toMatchObject({ done: true })
  expect(subscription.lastEventId).toBe("1")
})

test("break, return(), throw() and disposal close the connection and clear the timers", async () => {
  const exits: ((subscription: Subscription) => Promise<unknown>)[] = [
    async (subscription) => {
      for await (const event of subscription) if (event.data === "a") break
    },
    async (subscription) => {
      const iterator = subscription[Symbol.asyncIterator]()
      await iterator.next()
      expect(await iterator.return()).toEqual({ done: true, value: undefined })
    },
    async (subscription) => {
      const iterator = subscription[Symbol.asyncIterator]()
      await iterator.next()
      await expect(iterator.throw(new Error("mine"))).rejects.toThrow("mine")
    },
    async (subscription) => {
      await expect(
        (async () => {
          for await (const event of subscription) throw new Error(event.data)
        })(),
      ).rejects.toThrow("a")
    },
    async (subscription) => {
      await using disposed = subscription
      await disposed[Symbol.asyncIterator]().next()
    },
  ]
  for (const exit of exits) {
    const server = await startFaultServer({ body: "data: a\n\ndata: b\n\n", end: "stall" })
    const clock = new ManualClock()
    const subscription = subscribe(server.url, { clock })
    await exit(subscription)
    expect([subscription.state, clock.pendingTimers]).toEqual(["closed", 0])
    await server.allClosed()
    await server.close()
  }
})

test("subscribe() has one consumer; a second is a TypeError", () => {
  const subscription = subscribe(TARGET, { fetch: scriptedFetch([stream]) })
  void subscription[Symbol.asyncIterator]()
  expect(() => subscription[Symbol.asyncIterator]()).toThrow(TypeError)
  return expect(subscription.listen({ onEvent: () => {} })).rejects.toThrow(TypeError)
})

test("close() after any number of microtasks calls, requests and leaves open nothing more", async () => {
  const late: string[] = []
  for (let moment = 0; moment < 150; moment++) {
    const clock = new ManualClock()
    const script: ScriptedAnswer[] = [
      { chunks: ["data: a\n\n", ": c\n\n"], end: "reset" },
      new Response("no", { status: 503 }),
    ]
    const fetch = scriptedFetch(script)
    let isClosed = false
    const note = (what: string) => () => void (isClosed && late.push(`${what} after close() at ${moment}`))
    const subscription = subscribe(TARGET, {
      clock,
      // A fetch that ignores signals, so that only the client's own checks can stop it.
      fetch: (input, init) => {
        note("a request")()
        return fetch(input, { ...init, signal: null })
      },
      onOpen: note("onOpen"),
      onComment: note("onComment"),
      onRetry: note("onRetry"),
    })
    const done = subscription.listen({ onEvent: note("an event") })
    for (let step = 0; step < moment; step++) {
      await Promise.resolve()
      if (step % 40 === 39) await clock.advance(1000)
    }
    subscription.close()
    isClosed = true
    await done
    await clock.advance(HOUR)
    if (fetch.openBodies > 0) late.push(`an open body after close() at ${moment}`)
    if (clock.pendingTimers > 0) late.push(`a timer after close() at ${moment}`)
  }
  expect(late).toEqual([])
})

describe("subscribe() closed in an unusual place", () => {
  test("close() in a listener on the attempt's signal ends the stream without a retry or a timer", async () => {
    const clock = new ManualClock()
    const onRetry = vi.fn<() => void>()
    let attempts = 0
    const subscription: Subscription = subscribe(
      ({ signal }) => {
        attempts++
        signal.addEventListener("abort", () => subscription.close())
        return ["data: a\n\n"]
      },
      { clock, onRetry },
    )
    const { data, outcome } = consume(subscription)
    await clock.advance(HOUR)
    expect(await outcome).toBe("done")
    expect({ data, attempts, timers: clock.pendingTimers }).toEqual({ data: ["a"], attempts: 1, timers: 0 })
    expect(subscription.state).toBe("closed")
    expect(onRetry).not.toHaveBeenCalled()
  })

  test.each([
    ["ends", () => new Response("data: a\n\n", { headers: type })],
    ["is refused", () => new Response("", { status: 404 })],
  ])("EventSource.close() in such a listener is followed by no event if the stream %s", async (_, answer) => {
    const clock = new ManualClock()
    const source: EventSource = new EventSource(TARGET, {
      clock,
      fetch: (_url, { signal }) => {
        signal.addEventListener("abort", () => source.close())
        return Promise.resolve(answer())
      },
    })
    const onerror = vi.fn<() => void>()
    source.addEventListener("error", onerror)
    await clock.advance(0)
    await clock.advance(HOUR)
    expect(source.readyState).toBe(EventSource.CLOSED)
    expect(onerror).not.toHaveBeenCalled()
    expect(clock.pendingTimers).toBe(0)
  })

  test.each(["close", "abort"] as const)(
    "%s in onStateChange wins over the failure that ends the stream",
    async (way) => {
      const clock = new ManualClock()
      const controller = new AbortController()
      const mine = new Error("mine")
      const subscription: Subscription = subscribe(TARGET, {
        fetch: scriptedFetch([{ chunks: ["data: a\n\n"], end: "reset" }]),
        clock,
        retry: false,
        signal: controller.signal,
        onStateChange(state) {
          if (state !== "closed") return
          if (way === "close") subscription.close()
          else controller.abort(mine)
        },
      })
      const read = async () => {
        for await (const _ of subscription) await clock.advance(10)
      }
      if (way === "close") await expect(read()).resolves.toBeUndefined()
      else await expect(read()).rejects.toBe(mine)
    },
  )

  test.each(["now", "setTimeout", "clearTimeout"] as const)(
    "close() in the clock's %s leaves no timer and makes no request",
    async (name) => {
      for (let call = 1; call <= 12; call++) {
        const clock = new ManualClock()
        const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }, { chunks: [": b\n\n", "data: b\n\n"], end: "stall" }])
        let calls = 0
        let requests: number | undefined
        const closeAt = <Result>(method: string, result: Result): Result => {
          if (method === name && ++calls === call) {
            subscription.close()
            requests = fetch.requests.length
          }
          return result
        }
        const loud: Clock = {
          now: () => closeAt("now", clock.now()),
          setTimeout: (run, ms) => closeAt("setTimeout", clock.setTimeout(run, ms)),
          clearTimeout: (handle) => closeAt("clearTimeout", clock.clearTimeout(handle)),
          random: () => 0.5,
        }
        const subscription = subscribe(TARGET, { fetch, clock: loud, timeouts: { firstEvent: 500, eventIdle: 700 } })
        const { outcome } = consume(subscription)
        await clock.advance(10_000)
        if (requests === undefined) subscription.close()
        await outcome
        expect(clock.pendingTimers).toBe(0)
        expect(fetch.requests).toHaveLength(requests ?? fetch.requests.length)
      }
    },
  )

  test("next() rejects without an unhandled rejection if the clock throws", async () => {
    const subscription = subscribe(TARGET, { fetch: scriptedFetch([{}]), clock: { setTimeout() {} } as never })
    await expect(subscription[Symbol.asyncIterator]().next()).rejects.toThrow(TypeError)
  })

  test("next() rejects for the first waiting call and returns done for the others", async () => {
    const order: string[] = []
    const events = subscribe(TARGET, { fetch: scriptedFetch([{ end: "reset" }]), retry: false })[Symbol.asyncIterator]()
    const wait = (name: string) =>
      events.next().then(
        () => order.push(`${name} done`),
        () => order.push(`${name} failed`),
      )
    await Promise.all([wait("first"), wait("second"), wait("third")])
    expect(order).toEqual(["first failed", "second done", "third done"])
  })
})

describe("subscribe() and its cleanup", () => {
  test("subscribe() cancels the body of a 204 that has one", async () => {
    let cancelled = 0
    const body = new ReadableStream({ cancel: () => void cancelled++ })
    const response = Object.defineProperty(new Response(body), "status", { value: 204 })
    expect(await consume(subscribe(TARGET, { fetch: async () => response })).outcome).toBe("done")
    expect(cancelled).toBe(1)
  })

  test("states() reports nothing after the observer leaves, not even a pending state", async () => {
    const subscription = subscribe(TARGET, { fetch: scriptedFetch([stall]) })
    const states = subscription.states()
    await states.return!()
    expect(await states.next()).toEqual({ done: true, value: undefined })
    subscription.close()
    expect(await states.next()).toEqual({ done: true, value: undefined })
  })
})
