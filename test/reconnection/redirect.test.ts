import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { SseRetryError } from "steadystream"
import { subscribe, type SubscribeOptions } from "steadystream/client"
import { type FaultScript, type FaultServer, ManualClock, scriptedFetch, startFaultServer } from "steadystream/testing"
import { consume } from "../support/consumer.ts"
import { EagerClock } from "../support/eager-clock.ts"

const HOUR = 3_600_000

const unhandled: unknown[] = []

const onUnhandled = (reason: unknown) => void unhandled.push(reason)

beforeEach(() => void process.on("unhandledRejection", onUnhandled))

afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  process.off("unhandledRejection", onUnhandled)
  expect(unhandled.splice(0)).toEqual([])
})

const TARGET = "https://example.com/stream"
const servers: FaultServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})
async function start(script: FaultScript) {
  const server = await startFaultServer(script)
  servers.push(server)
  return server
}
const redirect = (location: string, status = 307) => ({ status, headers: { location } })
const moved = (location: string, status = 307) => new Response(null, { status, headers: { location } })

test("subscribe() follows redirects of one origin with headers, cursor and body", async () => {
  const server = await start([redirect("/a"), redirect("b", 308), { body: "id: 1\ndata: a\n\n" }, { status: 204 }])
  const opened: (string | undefined)[] = []
  const { data, outcome } = consume(
    subscribe(`${server.url}start?x=1`, {
      clock: new EagerClock(),
      method: "POST",
      body: "question",
      resume: "same",
      headers: { authorization: "Bearer 1" },
      lastEventId: "0",
      onOpen: ({ url }) => void opened.push(url),
    }),
  )
  expect([await outcome, data]).toEqual(["done", ["a"]])
  expect(server.requests.slice(0, 3).map((request) => [request.method, request.path, request.body])).toEqual([
    ["POST", "/start?x=1", "question"],
    ["POST", "/a", "question"],
    ["POST", "/b", "question"],
  ])
  for (const { headers } of server.requests.slice(0, 3)) {
    expect(headers).toMatchObject({ authorization: "Bearer 1", "last-event-id": "0", accept: "text/event-stream" })
  }
  expect(opened).toEqual([`${server.url}b`])
})

test("subscribe() starts a reconnection at the original URL, also after permanent redirects", async () => {
  const server = await start([redirect("/b", 301), { body: "id: 1\ndata: a\n\n" }, { status: 204 }])
  await consume(subscribe(`${server.url}a`, { clock: new EagerClock() })).outcome
  expect(server.requests.map((request) => request.path)).toEqual(["/a", "/b", "/a"])
})

test("subscribe() follows as GET without a body after 303, and after 301 and 302 to a POST", async () => {
  for (const status of [301, 302, 303]) {
    const server = await start([redirect("/b", status), { body: "data: a\n\n" }])
    const { outcome } = consume(
      subscribe(server.url, { method: "POST", body: "{}", headers: { "content-type": "application/json" } }),
    )
    expect(await outcome).toBe("done")
    expect(server.requests.map(({ method, body, headers }) => [method, body, headers["content-type"]])).toEqual([
      ["POST", "{}", "application/json"],
      ["GET", "", undefined],
    ])
  }
})

test("subscribe() follows a redirect to another origin only without private data", async () => {
  const other = await start({ body: "data: a\n\n" })
  const server = await start(redirect(`${other.url}there`))
  const { outcome, data } = consume(subscribe(server.url, { retry: false }))
  expect([await outcome, data]).toEqual(["done", ["a"]])
  expect(other.requests[0]!.headers).not.toHaveProperty("last-event-id")
})

test("subscribe() does not send headers, body, credentials or cursor to another origin", async () => {
  const other = await start({ body: "data: a\n\n" })
  const server = await start(redirect(other.url))
  const privacies: SubscribeOptions[] = [
    { headers: { "x-api-key": "1" } },
    { headers: { authorization: "1" } },
    { method: "POST", body: "x" },
    { credentials: "include" },
    { lastEventId: "5" },
    { lastEventId: "5", lastEventIdParam: "since" },
    { method: "POST", resume: { idempotencyKey: "k" } },
  ]
  for (const options of privacies) {
    const { outcome } = consume(subscribe(server.url, options))
    expect(await outcome).toMatchObject({
      code: "redirect-refused",
      status: 307,
      retryable: false,
    })
  }
  expect(other.requests).toHaveLength(0)
})

test("subscribe() treats a change of the port or the scheme as another origin", async () => {
  for (const location of ["https://example.com:8443/", "https://www.example.com/", "https://user@example.com/"]) {
    const fetch = scriptedFetch([moved(location)])
    const { outcome } = consume(subscribe(TARGET, { fetch, headers: { a: "1" } }))
    expect(await outcome).toMatchObject({ code: "redirect-refused" })
    expect(fetch.requests).toHaveLength(1)
  }
})

test("subscribe() never follows a redirect from https to http, nor to another scheme", async () => {
  for (const location of ["http://example.com/", "file:///etc/passwd", "javascript:1", "http://[", "data:,x"]) {
    const fetch = scriptedFetch([moved(location)])
    expect(await consume(subscribe(TARGET, { fetch })).outcome).toMatchObject({ code: "redirect-refused" })
    expect(fetch.requests).toHaveLength(1)
  }
})

test("subscribe() follows at most 5 redirects, and treats a loop as a failed attempt with backoff", async () => {
  const clock = new ManualClock()
  const times: number[] = []
  const fetch = scriptedFetch([
    () => {
      times.push(clock.now())
      return moved(TARGET)
    },
  ])
  const { outcome } = consume(subscribe(TARGET, { fetch, clock, retry: { maxRetries: 2, jitter: false } }))
  await clock.advance(60_000)
  const error = (await outcome) as SseRetryError
  expect(error).toBeInstanceOf(SseRetryError)
  expect(error.attempts.map((attempt) => attempt.error.code)).toEqual(Array(3).fill("redirect-refused"))
  expect(times).toHaveLength(18)
  expect(times.filter((time) => time < 1000)).toHaveLength(6)
})

test("subscribe() counts redirect hops in its 10 requests per second", async () => {
  const clock = new ManualClock({ random: () => 0 })
  const times: number[] = []
  let id = 0
  const fetch = scriptedFetch([
    () => {
      times.push(clock.now())
      return times.length % 6 === 0 ? { chunks: [`retry: 0\nid: ${++id}\ndata: x\n\n`] } : moved(TARGET)
    },
  ])
  const subscription = subscribe(TARGET, { fetch, clock, retry: { initialDelay: 0 } })
  const { outcome } = consume(subscription)
  await clock.advance(10_000)
  subscription.close()
  await outcome
  expect(times.length).toBeGreaterThan(90)
  for (const time of times)
    expect(times.filter((other) => other >= time && other < time + 1000).length).toBeLessThan(11)
})

test("subscribe() does not send a one-time body twice", async () => {
  const server = await start(redirect("/b"))
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("once"))
      controller.close()
    },
  })
  const { outcome } = consume(subscribe(server.url, { method: "POST", body }))
  expect(await outcome).toMatchObject({ code: "redirect-refused" })
  const request = new Request(server.url, { method: "POST", body: "once" })
  expect(await consume(subscribe(request)).outcome).toMatchObject({ code: "redirect-refused" })
  expect(server.requests.map((seen) => seen.body)).toEqual(["once", "once"])
})

test("subscribe() leaves redirects to fetch if the caller sets a mode", async () => {
  const other = await start({ body: "data: a\n\n" })
  const server = await start(redirect(other.url))
  const headers = { "x-one": "1" }
  const follow = consume(subscribe(server.url, { redirect: "follow", headers, retry: false }))
  expect([await follow.outcome, follow.data]).toEqual(["done", ["a"]])
  const manual = consume(subscribe(server.url, { redirect: "manual" }))
  expect(await manual.outcome).toMatchObject({ code: "response", status: 307 })
  const error = consume(subscribe(server.url, { redirect: "error", retry: false }))
  expect(await error.outcome).toMatchObject({ code: "connection" })
})

test("subscribe() cancels the body of each hop before it follows", async () => {
  const log: string[] = []
  const hop = () =>
    new Response(new ReadableStream({ cancel: () => void log.push("freed") }), {
      status: 302,
      headers: { location: "/b" },
    })
  const answers = [hop, () => new Response("data: a\n\n", { headers: { "content-type": "text/event-stream" } })]
  const fetch = async () => {
    log.push("request")
    return answers.shift()!()
  }
  expect(await consume(subscribe(TARGET, { fetch, retry: false })).outcome).toBe("done")
  expect(log).toEqual(["request", "freed", "request"])
})

describe("subscribe() and redirects with private headers", () => {
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
