import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { subscribe, type SubscribeOptions } from "steadystream/client"
import { ManualClock, type ScriptedAnswer, scriptedFetch } from "steadystream/testing"
import { consume } from "../support/consumer.ts"

const TARGET = "https://example.com/stream"
const HOUR = 3_600_000
const stall: ScriptedAnswer = { chunks: [], end: "stall" }

const unhandled: unknown[] = []
const onUnhandled = (reason: unknown) => void unhandled.push(reason)
beforeEach(() => void process.on("unhandledRejection", onUnhandled))
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  process.off("unhandledRejection", onUnhandled)
  expect(unhandled.splice(0)).toEqual([])
})

describe("subscribe() and a fetch that breaks its word", () => {
  test.each([undefined, null, 5, "text", {}, { headers: null }, { body: 1 }])(
    "subscribe() rejects nothing unseen where fetch gives %j after close()",
    async (given) => {
      const clock = new ManualClock()
      let answer: ((response: Response) => void) | undefined
      const fetch = () => new Promise<Response>((resolve) => void (answer = resolve))
      const subscription = subscribe(TARGET, { fetch, clock })
      const { outcome } = consume(subscription)
      await clock.advance(0)
      subscription.close()
      answer!(given as unknown as Response)
      await clock.advance(HOUR)
      expect([await outcome, clock.pendingTimers]).toEqual(["done", 0])
    },
  )

  test.each([undefined, null, 5, "text", {}])(
    "subscribe() ends with a TypeError where fetch gives %j",
    async (given: unknown) => {
      const fetch = async () => given as Response
      expect(await consume(subscribe(TARGET, { fetch })).outcome).toBeInstanceOf(TypeError)
    },
  )

  test("subscribe() retries where fetch throws at once", async () => {
    const clock = new ManualClock()
    const fetch = () => {
      throw new TypeError("no")
    }
    const { outcome } = consume(subscribe(TARGET, { fetch, clock, retry: { maxRetries: 2 } }))
    await clock.advance(HOUR)
    expect(await outcome).toMatchObject({ code: "retries-exhausted", attempts: { length: 3 } })
  })

  test("subscribe() frees a late response of a fetch that ignores its signal, after each deadline", async () => {
    const clock = new ManualClock()
    const answers: ((response: Response) => void)[] = []
    let cancelled = 0
    const fetch = () => new Promise<Response>((resolve) => void answers.push(resolve))
    const { outcome } = consume(subscribe(TARGET, { fetch, clock, retry: { maxRetries: 1 } }))
    await clock.advance(HOUR)
    expect(await outcome).toMatchObject({ code: "retries-exhausted", cause: { code: "timeout", phase: "connect" } })
    for (const answer of answers) answer(new Response(new ReadableStream({ cancel: () => void cancelled++ })))
    await clock.advance(0)
    expect([cancelled, clock.pendingTimers]).toEqual([2, 0])
  })
})

describe("subscribe() and a request that was never made", () => {
  test("subscribe() with resume repeats nothing in another form that was never sent", async () => {
    const clock = new ManualClock()
    const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }, new Response(null, { status: 204 })])
    let asked = 0
    const headers = () => {
      if (++asked === 1) throw new Error("no token yet")
      return {}
    }
    const { outcome } = consume(subscribe(TARGET, { fetch, clock, headers, method: "POST", body: "x", resume: "get" }))
    await clock.advance(HOUR)
    expect(await outcome).toBe("done")
    expect(fetch.requests.map(({ method }) => method)).toEqual(["POST", "GET"])
  })

  test("subscribe() takes headers of a Request that speak of its body away with the body", async () => {
    const clock = new ManualClock()
    const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }, new Response(null, { status: 204 })])
    const headers = { "content-type": "application/json", "content-language": "en", "x-own": "1" }
    const request = new Request(TARGET, { method: "POST", body: "{}", headers })
    const { outcome } = consume(subscribe(request, { fetch, clock, resume: "get" }))
    await clock.advance(HOUR)
    expect(await outcome).toBe("done")
    expect([...fetch.requests[1]!.headers.keys()]).toEqual(["accept", "x-own"])
  })

  test.each(["javascript:alert(1)", "file:///etc/passwd", "http://", "https://user:secret@example.com/"])(
    "subscribe() does not retry what resume turns into %s, and quotes nothing of it",
    async (url) => {
      const clock = new ManualClock()
      const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }, stall])
      const { outcome } = consume(subscribe(TARGET, { fetch, clock, resume: () => ({ url }) }))
      await clock.advance(HOUR)
      const error = await outcome
      expect(error).toBeInstanceOf(TypeError)
      expect([fetch.requests.length, clock.pendingTimers]).toEqual([1, 0])
      expect(String(error) + String((error as Error).cause)).not.toMatch(/secret|passwd/)
    },
  )
})

describe("subscribe() with lastEventIdParam", () => {
  test.each([
    ["?sig=a%20b%2Fc~(d)&flag&x=1+2", "?sig=a%20b%2Fc~(d)&flag&x=1+2&from=i%2F1+%C3%A9"],
    ["?from=old&a=1&from=older", "?a=1&from=i%2F1+%C3%A9"],
    ["", "?from=i%2F1+%C3%A9"],
    ["?#part", "?from=i%2F1+%C3%A9#part"],
  ])("subscribe() with lastEventIdParam leaves the rest of the query %s as it is", async (search, expected) => {
    const fetch = scriptedFetch([new Response(null, { status: 204 })])
    await consume(subscribe(TARGET + search, { fetch, lastEventId: "i/1 é", lastEventIdParam: "from" })).outcome
    expect(fetch.requests[0]!.url).toBe(TARGET + expected)
    expect(fetch.requests[0]!.headers.has("last-event-id")).toBe(false)
  })
})

describe("subscribe() and functions of the caller's that fail", () => {
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

  test("subscribe() ends with what shouldRetry throws", async () => {
    expect(await endOf({ retry: { shouldRetry: fail } })).toEqual({
      outcome: new Error("of the caller's"),
      data: ["a"],
      requests: 1,
      timers: 0,
      open: 0,
    })
  })

  test("subscribe() ends with what until throws, after the events before it, and frees the connection", async () => {
    const until = ({ data }: { data: string }) => (data === "b" ? fail() : false)
    const end = await endOf({ until, retry: {} }, ["data: a\n\ndata: b\n\ndata: c\n\n"])
    expect(end).toEqual({ outcome: new Error("of the caller's"), data: ["a"], requests: 1, timers: 0, open: 0 })
  })

  test("subscribe() leaves the cursor where it was before the event that until throws at", async () => {
    const chunks = ["id: 1\ndata: a\n\nid: 2\ndata: b\n\n"]
    const until = ({ data }: { data: string }) => (data === "b" ? fail() : false)
    const subscription = subscribe(TARGET, { fetch: scriptedFetch([{ chunks }]), until })
    await consume(subscription).outcome
    expect(subscription.lastEventId).toBe("1")
  })

  test.each(["onOpen", "onRetry", "onComment", "onStateChange", "onGap", "onWarning"] as const)(
    "subscribe() goes on where %s rejects and onHandlerError throws",
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

  test("subscribe() ends with what its clock throws, and rejects nothing unseen", async () => {
    const clock = { now: fail, setTimeout: fail, clearTimeout: () => {}, random: () => 0 }
    const subscription = subscribe(TARGET, { fetch: scriptedFetch([stall]), clock })
    expect(await consume(subscription).outcome).toEqual(new Error("of the caller's"))
    expect(subscription.state).toBe("closed")
  })

  test("subscribe() takes null for no signal, as fetch does", async () => {
    const fetch = scriptedFetch([new Response(null, { status: 204 })])
    expect(await consume(subscribe(TARGET, { fetch, signal: null as never })).outcome).toBe("done")
  })

  test("listen() rejects at once where there is no onEvent", async () => {
    const fetch = scriptedFetch([stall])
    const subscription = subscribe(TARGET, { fetch })
    await expect(subscription.listen({} as never)).rejects.toThrow(TypeError)
    expect(fetch.requests).toHaveLength(0)
  })

  test.each([undefined, null])("listen() rejects with a TypeError where its handlers are %s", async (handlers) => {
    await expect(subscribe(TARGET).listen(handlers as never)).rejects.toThrow(TypeError)
  })
})

describe("subscribe() and servers that try to fool its budget", () => {
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
    ["events without an id", () => "data: a\n\n", 6],
    ["a new id each time, with no event", (n: number) => `id: ${n}\n\n`, 6],
    ["ids that are too long to remember", (n: number) => `id: ${"x".repeat(5_000)}${n}\ndata: a\n\n`, 6],
    ["an empty id each time", () => "id:\ndata: a\n\n", 6],
    ["an event that is cut", (n: number) => `id: ${n}\ndata: a\n`, 6],
    ["retry: 0", () => "retry: 0\n\n", 6],
    ["gaps with new ids", (n: number) => `event: steadystream.gap\nid: ${n}\ndata: 0\n\n`, 6],
  ])("subscribe() gives up on a server that sends %s", async (_, make, requests) => {
    expect(await requestsOf(bodies(make), { onGap: () => {} })).toEqual([requests, "retries-exhausted"])
  })

  test("subscribe() gives up within maxElapsed whatever the server asks for", async () => {
    const busy = () => new Response("", { status: 503, headers: { "retry-after": "30" } })
    expect(await requestsOf([busy], { retry: { maxElapsed: 100_000, maxRetries: Infinity } })).toEqual([
      3,
      "retries-exhausted",
    ])
  })
})

describe("subscribe() and a consumer that asks in odd ways", () => {
  test("subscribe() with dedupe delivers every event whose id is empty", async () => {
    const fetch = scriptedFetch([{ chunks: ["id:\ndata: a\n\nid:\ndata: b\n\n"] }])
    const { data, outcome } = consume(subscribe(TARGET, { fetch, dedupe: true, retry: false }))
    expect([await outcome, data]).toEqual(["done", ["a", "b"]])
  })

  test("next() that is called again and again does not put a deadline off", async () => {
    const clock = new ManualClock()
    const fetch = scriptedFetch([() => new Promise<never>(() => {})])
    const events = subscribe(TARGET, { fetch, clock, retry: false })[Symbol.asyncIterator]()
    const first = events.next().catch((error: unknown) => error)
    await clock.advance(29_999)
    void events.next()
    await clock.advance(1)
    expect(await Promise.race([first, Promise.resolve("waiting")])).toMatchObject({ code: "timeout", phase: "connect" })
  })

  test("next() throws the reason of an abort once, to all that wait, and is done from then on", async () => {
    const abort = new AbortController()
    const events = subscribe(TARGET, { fetch: scriptedFetch([stall]), signal: abort.signal })[Symbol.asyncIterator]()
    const waiting = [events.next(), events.next()]
    abort.abort(new Error("enough"))
    expect(await Promise.allSettled(waiting)).toEqual([
      { status: "rejected", reason: new Error("enough") },
      { status: "rejected", reason: new Error("enough") },
    ])
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  test("subscribe() leaves its signal alone once the last event of an ended stream was taken", async () => {
    const { signal } = new AbortController()
    const remove = vi.spyOn(signal, "removeEventListener")
    const fetch = scriptedFetch([{ chunks: ["data: a\n\ndata: b\n\n"] }])
    const events = subscribe(TARGET, { fetch, signal, retry: false })[Symbol.asyncIterator]()
    await events.next()
    await new Promise((resolve) => setImmediate(resolve))
    expect(remove).not.toHaveBeenCalled()
    await events.next()
    expect(remove).toHaveBeenCalledTimes(1)
  })

  test("close() in onStateChange keeps onRetry, and everything else, from being called", async () => {
    const clock = new ManualClock()
    const called: string[] = []
    const subscription = subscribe(TARGET, {
      fetch: scriptedFetch([{ chunks: ["data: a\n\n"] }]),
      clock,
      onStateChange: (state) => {
        called.push(state)
        if (state === "waiting") subscription.close()
      },
      onRetry: () => called.push("retry"),
      onOpen: () => called.push("opened"),
    })
    await consume(subscription).outcome
    await clock.advance(HOUR)
    expect(called).toEqual(["open", "opened", "waiting", "closed"])
  })
})

describe("subscribe() and redirects that lead astray", () => {
  test.each([
    ["http://example.com/", "https://example.com/", 1],
    ["https://example.com/", "https://example.com:444/", 1],
    ["https://example.com/", "https://EXAMPLE.com:443/next", 2],
    ["https://example.com/", "//example.com/next", 2],
    ["https://example.com/", "//other.example/next", 1],
    ["https://example.com/", "https://user@example.com/", 1],
    ["https://example.com/", "data:text/event-stream,data:x", 1],
    ["https://example.com/", "http://[", 1],
    ["https://example.com/a", "", 6],
  ])(
    "subscribe() with a header of its own, sent from %s to %j, makes %i requests",
    async (from, location, requests) => {
      const clock = new ManualClock()
      const fetch = scriptedFetch([
        { status: 302, headers: { location } },
        location === "" ? { status: 302, headers: { location } } : new Response(null, { status: 204 }),
      ])
      const retry = { maxRetries: 0 }
      const { outcome } = consume(subscribe(from, { fetch, clock, headers: { "x-key": "1" }, retry }))
      await clock.advance(HOUR)
      expect(fetch.requests).toHaveLength(requests)
      const error = (await outcome) as { code?: string; cause?: { code: string } }
      if (requests !== 2) expect(error.cause?.code ?? error.code).toBe("redirect-refused")
    },
  )
})

describe("subscribe() and what it leaves behind", () => {
  test("subscribe() frees the body of a 204 that has one", async () => {
    let cancelled = 0
    const body = new ReadableStream({ cancel: () => void cancelled++ })
    const response = Object.defineProperty(new Response(body), "status", { value: 204 })
    expect(await consume(subscribe(TARGET, { fetch: async () => response })).outcome).toBe("done")
    expect(cancelled).toBe(1)
  })

  test("states() that is left tells nothing more, not even what it had not told", async () => {
    const subscription = subscribe(TARGET, { fetch: scriptedFetch([stall]) })
    const states = subscription.states()
    await states.return!()
    expect(await states.next()).toEqual({ done: true, value: undefined })
    subscription.close()
    expect(await states.next()).toEqual({ done: true, value: undefined })
  })
})
