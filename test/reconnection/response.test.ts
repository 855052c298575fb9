import { afterEach, describe, expect, test, vi } from "vitest"
import { SseResponseError, SseRetryError } from "steadystream"
import { subscribe } from "steadystream/client"
import { type FaultScript, type FaultServer, ManualClock, scriptedFetch, startFaultServer } from "steadystream/testing"
import { consume } from "../support/consumer.ts"
import { EagerClock } from "../support/eager-clock.ts"

afterEach(() => vi.unstubAllGlobals())

const TARGET = "https://example.com/stream"
const HOUR = 3_600_000

let server: FaultServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})
const start = async (script: FaultScript) => (server = await startFaultServer(script))

test("subscribe() ends at 204, on the first attempt and on a later one", async () => {
  const fetch = scriptedFetch([new Response(null, { status: 204 })])
  expect(await consume(subscribe(TARGET, { fetch })).outcome).toBe("done")
  expect(fetch.requests).toHaveLength(1)
  await start([{ body: "data: a\n\n" }, { status: 204, headers: {} }])
  const { outcome, data } = consume(subscribe(server!.url, { clock: new EagerClock() }))
  expect([await outcome, data]).toEqual(["done", ["a"]])
})

test("subscribe() stops at a final status, with the start of the body", async () => {
  for (const status of [400, 401, 403, 404, 410, 418, 431, 451]) {
    const fetch = scriptedFetch([new Response("no", { status, headers: { "x-request-id": "7" } })])
    const error = (await consume(subscribe(TARGET, { fetch })).outcome) as SseResponseError
    expect(error).toBeInstanceOf(SseResponseError)
    expect(error).toMatchObject({ code: "response", status, body: "no", retryable: false })
    expect(error.headers.get("x-request-id")).toBe("7")
    expect(fetch.requests).toHaveLength(1)
  }
})

test("subscribe() stops at a 2xx status other than 200 and at a redirect without location", async () => {
  for (const status of [201, 202, 206, 300, 302, 304]) {
    const body = status === 304 ? null : "data: a\n\n"
    const fetch = scriptedFetch([new Response(body, { status, headers: { "content-type": "text/event-stream" } })])
    const { outcome, data } = consume(subscribe(TARGET, { fetch }))
    expect(await outcome).toMatchObject({ code: "response", status })
    expect(data).toEqual([])
  }
})

test("subscribe() retries 408, 425, 429 and 5xx", async () => {
  for (const status of [408, 425, 429, 500, 502, 503, 504, 599]) {
    const clock = new ManualClock()
    const fetch = scriptedFetch([
      new Response("", { status }),
      { chunks: ["data: a\n\n"] },
      new Response(null, { status: 204 }),
    ])
    const { outcome, data } = consume(subscribe(TARGET, { fetch, clock }))
    await clock.advance(HOUR)
    expect([await outcome, data]).toEqual(["done", ["a"]])
  }
})

test("subscribe() rejects a content type other than an event stream's, and delivers no event of the body", async () => {
  for (const type of [undefined, "text/html", "text/event-streamfoo", "application/json; a=text/event-stream", ""]) {
    await start({ headers: { "content-type": type }, body: "data: a\n\n" })
    const { outcome, data } = consume(subscribe(server!.url))
    expect(await outcome).toMatchObject({ code: "content-type", status: 200, body: "data: a\n\n", retryable: false })
    expect(data).toEqual([])
    await server!.allClosed()
    await server!.close()
  }
})

test("subscribe() accepts the essence text/event-stream in any case and with parameters", async () => {
  for (const type of ["text/event-stream", "text/event-stream;charset=x", "Text/Event-Stream ; a=b"]) {
    const fetch = scriptedFetch([{ headers: { "content-type": type }, chunks: ["data: a\n\n"] }])
    const { outcome, data } = consume(subscribe(TARGET, { fetch, retry: false }))
    expect([await outcome, data]).toEqual(["done", ["a"]])
  }
})

test("subscribe() keeps 16 KB of an endless error body and closes the connection", async () => {
  await start({ status: 404, headers: { "content-type": "text/plain" }, endless: "x".repeat(1000) })
  const error = (await consume(subscribe(server!.url)).outcome) as SseResponseError
  expect(error.status).toBe(404)
  expect(error.body).toHaveLength(16_384)
  await server!.allClosed()
})

test("subscribe() waits one second for a stalled error body, then cancels it", async () => {
  await start({ status: 404, body: "gone", end: "stall" })
  const { outcome } = consume(subscribe(server!.url, { clock: new EagerClock() }))
  expect(await outcome).toMatchObject({ status: 404 })
  await server!.allClosed()
})

test("subscribe() closes the connection of each refused response before the next attempt", async () => {
  await start({ status: 500, endless: "x".repeat(10_000) })
  const open: number[] = []
  const { outcome } = consume(
    subscribe(server!.url, {
      clock: new EagerClock(),
      retry: { maxRetries: 5 },
      fetch: async (...request) => {
        await server!.allClosed()
        open.push(server!.openSockets)
        return fetch(...request)
      },
    }),
  )
  expect(await outcome).toBeInstanceOf(SseRetryError)
  expect(open).toEqual([0, 0, 0, 0, 0, 0])
  await server!.allClosed()
})

test("subscribe() puts neither body nor headers into messages and printed errors", async () => {
  const { inspect } = await import("node:util")
  const fetch = scriptedFetch([
    new Response("secret-body", { status: 403, headers: { "set-cookie": "secret-cookie" } }),
  ])
  const headers = { authorization: "secret-token" }
  const error = await consume(subscribe(`${TARGET}?key=secret-key`, { fetch, headers })).outcome
  for (const text of [inspect(error), JSON.stringify(error), String(error)]) expect(text).not.toContain("secret")
})

test("subscribe() rejects a fetch result that is not a response", async () => {
  const fetch = (async () => ({})) as unknown as typeof globalThis.fetch
  expect(await consume(subscribe(TARGET, { fetch })).outcome).toBeInstanceOf(TypeError)
})

test("subscribe() stops at a line over its limit and closes the connection, also for a compressed body", async () => {
  await start({ body: `data: ${"a".repeat(5_000_000)}`, gzip: true })
  const { outcome, data } = consume(subscribe(server!.url, { limits: { maxLineLength: 100_000 } }))
  expect(await outcome).toMatchObject({ code: "limit", limit: "maxLineLength", retryable: false })
  expect(data).toEqual([])
  await server!.allClosed()
})

test("subscribe() delivers the events before a limit, then fails", async () => {
  const fetch = scriptedFetch([{ chunks: ["data: a\n\ndata: b\n\ndata: far too long\n\ndata: c\n\n"] }])
  const { outcome, data } = consume(subscribe(TARGET, { fetch, limits: { maxEventSize: 10 } }))
  expect(await outcome).toMatchObject({ code: "limit", limit: "maxEventSize" })
  expect(data).toEqual(["a", "b"])
})

test("subscribe() retries a refused connection, and keeps the cause", async () => {
  const { url } = await start({ status: 204 })
  await server!.close()
  server = undefined
  const { outcome } = consume(subscribe(url, { clock: new EagerClock(), retry: { maxRetries: 2 } }))
  const { attempts } = (await outcome) as SseRetryError
  expect(attempts.map(({ error }) => [error.code, error.retryable])).toEqual([
    ["connection", true],
    ["connection", true],
    ["connection", true],
  ])
  expect(attempts[0]!.error.cause).toMatchObject({ cause: { code: "ECONNREFUSED" } })
})

describe("subscribe() and responses that are not streams", () => {
  test.each(["tenant CONCERT is not reachable", "error sending request for url (https://example.com/CERT/s)"])(
    "subscribe() retries a failure with any message: %s",
    async (message) => {
      const clock = new ManualClock()
      const fetch = vi.fn(() => Promise.reject(Object.assign(new TypeError(message), { code: Object.create(null) })))
      const { outcome } = consume(subscribe(TARGET, { fetch, clock, retry: { maxRetries: 2 } }))
      await clock.advance(HOUR)
      expect(await outcome).toMatchObject({ code: "retries-exhausted" })
      expect(fetch).toHaveBeenCalledTimes(3)
    },
  )

  test("subscribe() ends the connect deadline at the headers, and the body of a refusal has its own", async () => {
    const clock = new ManualClock()
    const fetch = scriptedFetch([{ status: 401, chunks: ["no"], end: "stall" }])
    const { outcome } = consume(subscribe(TARGET, { fetch, clock, timeouts: { connect: 500 } }))
    await clock.advance(HOUR)
    expect(await outcome).toMatchObject({ code: "response", status: 401, body: "no" })
    expect(fetch.requests).toHaveLength(1)
  })

  test("subscribe() reports the status of a refusal whose body is locked or missing", async () => {
    const clock = new ManualClock()
    let requests = 0
    const fetch = (() => {
      const response = new Response("busy", { status: 503 })
      response.body!.getReader()
      const bodiless = { status: 401, ok: false, url: "", headers: new Headers() } as Response
      return Promise.resolve(++requests === 1 ? response : bodiless)
    }) as typeof globalThis.fetch
    const { outcome } = consume(subscribe(TARGET, { fetch, clock }))
    await clock.advance(HOUR)
    expect(await outcome).toMatchObject({ code: "response", status: 401, body: "" })
    expect(requests).toBe(2)
  })

  test("subscribe() reports a missing content type as missing", async () => {
    const fetch = () => Promise.resolve(new Response(new Uint8Array(2)))
    expect(await consume(subscribe(TARGET, { fetch })).outcome).toMatchObject({
      message: expect.stringContaining("not missing"),
    })
  })

  test.each(["soon 2999 GMT", "1/2/3000 GMT", "-1 GMT", "Nov 2094 08:49:37 GMT"])(
    "subscribe() ignores a Retry-After of %j",
    async (value) => {
      const clock = new ManualClock()
      const delays: number[] = []
      const fetch = scriptedFetch([{ status: 503, headers: { "retry-after": value } }, { status: 204 }])
      const retry = { jitter: false }
      const { outcome } = consume(
        subscribe(TARGET, { fetch, clock, retry, onRetry: ({ delay }) => void delays.push(delay) }),
      )
      await clock.advance(HOUR)
      expect(await outcome).toBe("done")
      expect(delays).toEqual([1000])
    },
  )

  test("shouldRetry receives the aborted signal of a finished attempt", async () => {
    let aborted: boolean | undefined
    const shouldRetry = (_: unknown, { signal }: { signal: AbortSignal }) => {
      aborted = signal.aborted
      return false
    }
    await consume(subscribe(TARGET, { fetch: scriptedFetch([{ status: 503 }]), retry: { shouldRetry } })).outcome
    expect(aborted).toBe(true)
  })

  test("subscribe() reports the phase of the deadline that was set first, in each attempt", async () => {
    const clock = new ManualClock()
    const phases: unknown[] = []
    const fetch = scriptedFetch([{ end: "stall" }, { end: "stall" }])
    const timeouts = { firstEvent: 5000, idle: 5000 }
    const onRetry = ({ error }: { error: object }) => void phases.push((error as { phase?: string }).phase)
    const subscription = subscribe(TARGET, { fetch, clock, timeouts, onRetry })
    consume(subscription)
    await clock.advance(14_000)
    subscription.close()
    expect(phases).toEqual(["firstEvent", "firstEvent"])
  })
})
