import { inspect } from "node:util"
import { afterEach, describe, expect, test } from "vitest"
import type { SseError } from "steadystream"
import { type Attempt, subscribe, type SubscribeOptions } from "steadystream/client"
import {
  type FaultScript,
  type FaultServer,
  ManualClock,
  type ScriptedAnswer,
  scriptedFetch,
  startFaultServer,
} from "steadystream/testing"
import { consume } from "../support/consumer.ts"
import { EagerClock } from "../support/eager-clock.ts"
import { failOnUnhandledRejections } from "../support/unhandled.ts"

const stall: ScriptedAnswer = { chunks: [], end: "stall" }

failOnUnhandledRejections()

const TARGET = "https://example.com/stream"
const HOUR = 3_600_000

let server: FaultServer | undefined
afterEach(() => server?.close())
const start = async (script: FaultScript) => (server = await startFaultServer(script))
const event = (id: string) => ({ body: `id: ${id}\ndata: ${id}\n\n` })

async function run(target: Parameters<typeof subscribe>[0], options: SubscribeOptions = {}) {
  const { data, outcome } = consume(subscribe(target, { clock: new EagerClock(), ...options }))
  return { data, outcome: await outcome }
}

test("subscribe() requests an event stream that no cache answers", async () => {
  await start({ status: 204 })
  await run(server!.url)
  expect(server!.requests[0]!.headers).toMatchObject({ accept: "text/event-stream", "cache-control": "no-cache" })
})

test("subscribe() makes new headers for each attempt", async () => {
  await start([event("1"), event("2"), { status: 204 }])
  const attempts: Attempt[] = []
  const headers = async (attempt: Attempt) => {
    attempts.push(attempt)
    return { authorization: `Bearer ${attempts.length}` }
  }
  expect((await run(server!.url, { headers })).data).toEqual(["1", "2"])
  expect(server!.requests.map((request) => request.headers["authorization"])).toEqual([
    "Bearer 1",
    "Bearer 2",
    "Bearer 3",
  ])
  expect(attempts.map(({ number, lastEventId, error }) => [number, lastEventId, error?.code])).toEqual([
    [0, "", undefined],
    [1, "1", "connection"],
    [1, "2", "connection"],
  ])
  expect(attempts.every(({ signal }) => signal.aborted)).toBe(true)
})

test("subscribe() repeats a POST only if an option allows it, with the same body", async () => {
  await start([{ status: 503 }, event("1"), { status: 204 }])
  const once = await run(server!.url, { method: "POST", body: "q" })
  expect(once.outcome).toMatchObject({ code: "response", status: 503 })
  expect(server!.requests).toHaveLength(1)
  await run(server!.url, { method: "POST", body: "q", resume: "same" })
  expect(server!.requests.map(({ method, body, headers }) => [method, body, headers["last-event-id"]])).toEqual([
    ["POST", "q", undefined],
    ["POST", "q", undefined],
    ["POST", "q", "1"],
  ])
})

test("subscribe() repeats bodies of bytes and bodies that a function makes", async () => {
  await start([{ status: 503 }, { status: 204 }, { status: 503 }, { status: 204 }])
  await run(server!.url, { method: "POST", body: new TextEncoder().encode("bytes"), resume: "same" })
  await run(server!.url, { method: "POST", body: ({ number }) => `body ${number}`, resume: "same" })
  expect(server!.requests.map((request) => request.body)).toEqual(["bytes", "bytes", "body 0", "body 1"])
})

test("subscribe() never repeats a one-time body, and throws the failure itself", async () => {
  await start({ status: 503 })
  const stream = () => new Blob(["once"]).stream()
  const bodies: SubscribeOptions[] = [{ body: stream() }, { body: stream(), resume: { idempotencyKey: "k" } }]
  for (const options of bodies) {
    const { outcome } = await run(server!.url, { method: "POST", resume: "same", ...options })
    expect(outcome).toMatchObject({ code: "response", status: 503 })
  }
  const request = new Request(server!.url, { method: "POST", body: "once" })
  expect((await run(request, { resume: "same" })).outcome).toMatchObject({ status: 503 })
  expect(server!.requests.map((seen) => seen.body)).toEqual(["once", "once", "once"])
})

test("subscribe() resumes a POST by GET with the cursor and without the body", async () => {
  await start([event("1"), event("2"), { status: 204 }])
  const headers = { "content-type": "application/json", "x-tenant": "7" }
  const { data } = await run(server!.url, { method: "POST", body: "{}", headers, resume: "get" })
  expect(data).toEqual(["1", "2"])
  expect(
    server!.requests.map((r) => [
      r.method,
      r.body,
      r.headers["content-type"],
      r.headers["x-tenant"],
      r.headers["last-event-id"],
    ]),
  ).toEqual([
    ["POST", "{}", "application/json", "7", undefined],
    ["GET", "", undefined, "7", "1"],
    ["GET", "", undefined, "7", "2"],
  ])
})

test("subscribe() resumes a Request with a body by GET", async () => {
  await start([event("1"), { status: 204 }])
  const request = new Request(server!.url, { method: "POST", body: "{}", headers: { "x-tenant": "7" } })
  expect(await run(request, { resume: "get" })).toEqual({ data: ["1"], outcome: "done" })
  expect(server!.requests.map((r) => [r.method, r.body, r.headers["x-tenant"]])).toEqual([
    ["POST", "{}", "7"],
    ["GET", "", "7"],
  ])
})

test("subscribe() sends an idempotency key with every attempt", async () => {
  await start([{ status: 503 }, event("1"), { status: 204 }])
  await run(server!.url, { method: "POST", body: "q", resume: { idempotencyKey: "key-1" } })
  expect(server!.requests.map((r) => [r.body, r.headers["idempotency-key"]])).toEqual([
    ["q", "key-1"],
    ["q", "key-1"],
    ["q", "key-1"],
  ])
})

test("subscribe() resumes as the resume function says, and calls it for each reconnection", async () => {
  await start([event("1"), event("2"), { status: 204 }])
  const resume = async ({ lastEventId, number }: Attempt) => ({
    url: `/resume/${lastEventId}`,
    method: "GET",
    headers: { "x-number": String(number) },
  })
  await run(`${server!.url}ask`, { method: "POST", body: "q", headers: { "x-one": "1" }, resume })
  expect(server!.requests.map((r) => [r.method, r.path, r.body, r.headers["x-one"], r.headers["x-number"]])).toEqual([
    ["POST", "/ask", "q", "1", undefined],
    ["GET", "/resume/1", "", "1", "1"],
    ["GET", "/resume/2", "", "1", "1"],
  ])
})

test("subscribe() counts a headers function that throws as a failed attempt, and reports the cause", async () => {
  const mistake = new Error("no token")
  const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }])
  const headers = () => {
    throw mistake
  }
  const { outcome } = await run(TARGET, { fetch, headers, retry: { maxRetries: 2 } })
  expect(outcome).toMatchObject({
    code: "retries-exhausted",
    cause: { code: "connection", retryable: true, cause: mistake },
  })
  expect(fetch.requests).toHaveLength(0)
})

test("subscribe() stops if a function returns invalid headers, without quoting them", async () => {
  const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }])
  const { outcome } = await run(TARGET, { fetch, headers: () => ({ authorization: "secret\nx: 1" }) })
  expect(outcome).toMatchObject({ code: "connection", retryable: false })
  expect(inspect(outcome)).not.toContain("secret")
})

test("subscribe() times out a headers or body function that hangs, and ignores its late value", async () => {
  const clock = new ManualClock()
  const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }])
  const late: ((headers: HeadersInit) => void)[] = []
  const headers = () => new Promise<HeadersInit>((resolve) => void late.push(resolve))
  const { outcome } = consume(subscribe(TARGET, { fetch, clock, headers, retry: { maxRetries: 1 } }))
  await clock.advance(HOUR)
  expect(((await outcome) as SseError).cause).toMatchObject({ code: "timeout", phase: "connect", ms: 30_000 })
  for (const resolve of late) resolve({})
  await clock.advance(HOUR)
  expect(fetch.requests).toHaveLength(0)
})

test("subscribe() uses the members of a Request again for each attempt", async () => {
  await start([event("1"), { status: 204 }])
  const request = new Request(`${server!.url}?q`, { headers: { "x-one": "1" } })
  expect(await run(request, { headers: { "x-two": "2" } })).toEqual({ data: ["1"], outcome: "done" })
  for (const seen of server!.requests)
    expect(seen).toMatchObject({ path: "/?q", headers: { "x-one": "1", "x-two": "2" } })
})

test("subscribe() passes unknown members of RequestInit to fetch", async () => {
  const fetch = scriptedFetch([new Response(null, { status: 204 })])
  const dispatcher = {}
  await run(TARGET, { fetch, mode: "cors", credentials: "omit", dispatcher } as SubscribeOptions)
  expect(fetch.requests[0]!.init).toMatchObject({ mode: "cors", credentials: "omit", dispatcher })
  expect(fetch.requests[0]!.init).not.toHaveProperty("clock")
})

test("subscribe() throws at the call for an invalid target, without quoting it", () => {
  const wrong = [
    "",
    "//",
    "nonsense",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "ftp://a/",
    "https://user:secret@a/",
    "https://secret:80000/",
  ]
  for (const target of wrong) {
    const call = () => subscribe(target)
    expect(call).toThrow(TypeError)
    expect(call).not.toThrow(/secret/)
  }
  for (const target of [undefined, null, 1, {}]) expect(() => subscribe(target as never)).toThrow(TypeError)
})

test("subscribe() throws at the call for invalid options", () => {
  const wrong: [object, typeof TypeError | typeof RangeError][] = [
    [{ body: "x" }, TypeError],
    [{ body: "x", method: "HEAD" }, TypeError],
    [{ headers: { "a b": "1" } }, TypeError],
    [{ headers: { a: "1\n2" } }, TypeError],
    [{ until: 1 }, TypeError],
    [{ lastEventId: 1 }, TypeError],
    [{ resume: "always" }, TypeError],
    [{ resume: {} }, TypeError],
    [{ retry: true }, TypeError],
    [{ pauseWhenHidden: true, method: "POST" }, TypeError],
    [{ timeouts: { idle: -1 } }, RangeError],
    [{ timeouts: { connect: NaN } }, RangeError],
    [{ limits: { maxQueuedEvents: 0 } }, RangeError],
    [{ limits: { maxLineLength: NaN } }, RangeError],
  ]
  for (const [options, type] of wrong) expect(() => subscribe(TARGET, options)).toThrow(type)
})

test("subscribe() makes no request before the first next()", async () => {
  const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }])
  const iterator = subscribe(TARGET, { fetch })[Symbol.asyncIterator]()
  await new ManualClock().advance(1000)
  expect(fetch.requests).toHaveLength(0)
  expect(await iterator.next()).toMatchObject({ value: { data: "a" } })
  await iterator.return()
})

describe("subscribe() and a request that was never sent", () => {
  test("subscribe() with resume does not resume a request that was never sent", async () => {
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

  test("subscribe() removes the body headers of a Request together with its body", async () => {
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
    "subscribe() does not retry if resume returns %s, and quotes nothing of it",
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
