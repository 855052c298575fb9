import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { subscribe, type SubscribeOptions } from "ssekit/client"
import { ManualClock, type ScriptedAnswer, scriptedFetch } from "ssekit/testing"
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
      const chunks = [": c\n\nevent: ssekit.gap\ndata: 0\n\nid: \u0001\ndata: a\n\n"]
      const { data, requests } = await endOf({ [name]: hook, onHandlerError: fail }, chunks)
      expect(data.at(-1)).toBe("a")
      expect(requests).toBe(2)
      expect(report).toHaveBeenCalled()
      report.mockRestore()
    },
  )

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
    ["an event that is cut", (n: number) => `id: ${n}\ndata: a\n`, 6],
    ["retry: 0", () => "retry: 0\n\n", 6],
    ["gaps with new ids", (n: number) => `event: ssekit.gap\nid: ${n}\ndata: 0\n\n`, 6],
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
