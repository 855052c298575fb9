import { SseLimitError, SseResponseError, SseRetryError, SseTimeoutError } from "steadystream"
import { EventSource, type EventSourceErrorEvent, type EventSourceInit } from "steadystream/eventsource"
import { ManualClock, type ScriptedAnswer, scriptedFetch, type ScriptedRequest } from "steadystream/testing"
import { afterEach, describe, expect, test, vi } from "vitest"

const TARGET = "https://example.com/stream"

const URL_OF_STREAM = "https://example.com/stream"
const stall = { chunks: [": hello\n\n"], end: "stall" } as const

const opened: EventSource[] = []
afterEach(() => {
  for (const source of opened.splice(0)) source.close()
  vi.unstubAllGlobals()
})

/** An EventSource in virtual time, with the events that it has fired so far. */
function connect(fetch: ReturnType<typeof scriptedFetch> | undefined, init: EventSourceInit = {}, url = URL_OF_STREAM) {
  const clock = new ManualClock()
  const source = new EventSource(url, { fetch, clock, ...init })
  opened.push(source)
  const lines: string[] = []
  const errors: EventSourceErrorEvent[] = []
  source.addEventListener("open", () => lines.push(`open ${source.readyState}`))
  source.addEventListener("message", ({ data }) => lines.push(`message ${data}`))
  source.addEventListener("error", (event) => {
    lines.push(`error ${source.readyState}`)
    errors.push(event)
  })
  return { source, clock, lines, errors }
}

/** A scripted `fetch` that records the clock's time of each request. */
function timed(clock: () => ManualClock, answers: readonly ScriptedAnswer[]) {
  const times: number[] = []
  const answer = (given: ScriptedAnswer) => (request: ScriptedRequest) => {
    times.push(clock().now())
    return typeof given === "function" ? given(request) : given
  }
  return { fetch: scriptedFetch(answers.map(answer)), times }
}

describe("EventSource by default", () => {
  test("EventSource reconnects without end, 3 seconds after each failure", async () => {
    let clock: ManualClock
    const { fetch, times } = timed(() => clock, [new Error("down")])
    const context = connect(fetch)
    clock = context.clock
    await clock.advance(3 * 60_000)
    expect(times).toHaveLength(61)
    expect(new Set(times.slice(1).map((time, index) => time - times[index]!))).toEqual(new Set([3_000]))
    expect(context.lines).toHaveLength(61)
    expect(context.source.readyState).toBe(EventSource.CONNECTING)
  })

  test.each([
    ["0", 100],
    ["99", 100],
    ["2500", 2_500],
    ["2147483648", 2_147_483_648],
    ["99999999999", 99_999_999_999],
  ])("EventSource reads retry: %s as %i ms", async (retry, delay) => {
    let clock: ManualClock
    const { fetch, times } = timed(() => clock, [{ chunks: [`retry: ${retry}\n`] }, stall])
    ;({ clock } = connect(fetch))
    await clock.advance(delay - 1)
    expect(times).toEqual([0])
    await clock.advance(1)
    expect(times).toEqual([0, delay])
  })

  test("EventSource makes at most 10 requests per second whatever the server sends", async () => {
    let clock: ManualClock
    const { fetch, times } = timed(() => clock, [{ chunks: ["retry: 0\ndata: a\n\n"] }])
    ;({ clock } = connect(fetch))
    await clock.advance(10_000)
    expect(times.length).toBeLessThanOrEqual(101)
    for (const [index, time] of times.entries())
      if (index >= 10) expect(time - times[index - 10]!).toBeGreaterThanOrEqual(1_000)
  })

  test("EventSource has no timeouts", async () => {
    const fetch = scriptedFetch([() => new Promise<never>(() => {})])
    const { clock, lines } = connect(fetch)
    await clock.advance(24 * 60 * 60_000)
    expect([fetch.requests.length, lines]).toEqual([1, []])
    expect(clock.pendingTimers).toBe(0)
  })

  test("EventSource keeps working after an id that no header can carry", async () => {
    const ids = ["a\u0001b", "x".repeat(5_000)]
    for (const id of ids) {
      const fetch = scriptedFetch([{ chunks: [`id: ${id}\ndata: a\n\n`] }, stall])
      const { clock, lines, source } = connect(fetch)
      await clock.advance(3_000)
      expect(fetch.requests.map(({ headers }) => headers.has("last-event-id"))).toEqual([false, false])
      expect(lines).toEqual(["open 1", "message a", "error 0", "open 1"])
      source.close()
    }
  })

  test("EventSource follows a redirect to another origin with the last event ID, at most 5 times in a row", async () => {
    const redirect = () => new Response(null, { status: 307, headers: { location: "https://other.example/stream" } })
    const fetch = scriptedFetch([{ chunks: ["id: 1\ndata: a\n\n"] }, redirect, stall])
    vi.stubGlobal("fetch", fetch)
    const { clock, lines } = connect(undefined)
    await clock.advance(3_000)
    expect(fetch.requests.map(({ url }) => url)).toEqual([URL_OF_STREAM, URL_OF_STREAM, "https://other.example/stream"])
    expect(fetch.requests[2]!.headers.get("last-event-id")).toBe("1")
    expect(lines).toEqual(["open 1", "message a", "error 0", "open 1"])
  })

  test("EventSource makes at most 10 requests per second in a redirect loop", async () => {
    let clock: ManualClock
    const redirect = () => new Response(null, { status: 302, headers: { location: "?again" } })
    const { fetch, times } = timed(() => clock, [{ chunks: ["retry: 0\n"] }, redirect])
    vi.stubGlobal("fetch", fetch)
    const context = connect(undefined)
    clock = context.clock
    await clock.advance(5_000)
    expect(times.length).toBeGreaterThan(40)
    expect(times.length).toBeLessThanOrEqual(51)
    expect(new Set(context.lines.slice(1))).toEqual(new Set(["error 0"]))
  })

  test("EventSource closes itself if the server's certificate is not trusted", async () => {
    const cause = Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" })
    const fetch = scriptedFetch([new TypeError("fetch failed", { cause })])
    const { clock, lines } = connect(fetch)
    await clock.advance(10_000)
    expect([fetch.requests.length, lines]).toEqual([1, ["error 2"]])
  })

  test("EventSource reports the failure in its error events", async () => {
    const refused = connect(scriptedFetch([new Response("no such user: secret", { status: 403 })]))
    const broken = connect(scriptedFetch([new TypeError("fetch failed")]))
    await refused.clock.advance(0)
    await broken.clock.advance(0)
    const [{ error, code, message }] = refused.errors as [EventSourceErrorEvent]
    expect(error).toBeInstanceOf(SseResponseError)
    expect([code, message?.includes("403"), message?.includes("secret")]).toEqual([403, true, false])
    expect(broken.errors[0]).toMatchObject({ error: { code: "connection" }, code: undefined })
    expect(Object.keys(refused.errors[0]!)).toEqual(Object.keys(new Event("error")))
  })

  test("EventSource reads on only after it has dispatched the events of a chunk", async () => {
    const chunk = new TextEncoder().encode("data: a\n\n".repeat(100))
    let pulled = 0
    const body = new ReadableStream<Uint8Array>(
      { pull: (controller) => (pulled++ < 20 ? controller.enqueue(chunk) : controller.close()) },
      { highWaterMark: 0 },
    )
    // `scriptedFetch` would clone its responses.
    const fetch = async () => new Response(body, { headers: { "content-type": "text/event-stream" } })
    const { clock, source, lines } = connect(scriptedFetch([]), { fetch, retry: false })
    const ahead: number[] = []
    let fired = 0
    source.addEventListener("message", () => ahead.push(pulled - Math.ceil(++fired / 100)))
    await clock.advance(100)
    expect([fired, Math.max(...ahead)]).toEqual([2_000, 0])
    expect(lines.at(-1)).toBe("error 2")
  })

  test("EventSource closes itself at an event over its limit, after the events before it", async () => {
    const fetch = scriptedFetch([{ chunks: [`data: a\n\ndata: ${"x".repeat(100)}\n\n`] }])
    const { clock, lines, errors } = connect(fetch, { limits: { maxEventSize: 50 } })
    await clock.advance(10_000)
    expect(lines).toEqual(["open 1", "message a", "error 2"])
    expect(errors[0]!.error).toBeInstanceOf(SseLimitError)
    expect([fetch.requests.length, fetch.openBodies]).toEqual([1, 0])
  })
})

describe("EventSource options", () => {
  test("EventSource sends headers and calls the headers function for each request", async () => {
    let token = 0
    const fetch = scriptedFetch([{ chunks: ["retry: 100\n"] }, stall])
    const { clock } = connect(fetch, { headers: () => ({ authorization: `Bearer ${++token}` }) })
    await clock.advance(100)
    expect(fetch.requests.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer 1", "Bearer 2"])
  })

  test("EventSource treats a failing headers function as a failed connection", async () => {
    const fetch = scriptedFetch([stall])
    let asked = 0
    const headers = async () => {
      if (asked++ === 0) throw new Error("the token service is down")
      return { authorization: "Bearer token" }
    }
    const { clock, lines, errors } = connect(fetch, { headers })
    await clock.advance(3_000)
    expect(lines).toEqual(["error 0", "open 1"])
    expect(errors[0]!.message).not.toContain("token service")
  })

  test("EventSource does not send headers to another origin", async () => {
    const redirect = new Response(null, { status: 302, headers: { location: "https://other.example/" } })
    const fetch = scriptedFetch([redirect, stall])
    vi.stubGlobal("fetch", fetch)
    const { clock, lines } = connect(undefined, {
      headers: { authorization: "Bearer secret", "accept-language": "de" },
    })
    await clock.advance(10)
    expect(lines).toEqual(["open 1"])
    expect(fetch.requests.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer secret", null])
    expect(fetch.requests[1]!.headers.get("accept-language")).toBe("de")
  })

  test("EventSource leaves redirects to a fetch of the caller", async () => {
    const fetch = scriptedFetch([new Response(null, { status: 302, headers: { location: "https://other.example/" } })])
    const { clock, errors } = connect(fetch)
    await clock.advance(10)
    expect(fetch.requests).toHaveLength(1)
    expect(errors[0]!.error).toMatchObject({ code: "response", status: 302 })
  })

  test("EventSource sends a body once", async () => {
    const fetch = scriptedFetch([{ chunks: ["retry: 100\ndata: a\n\n"] }])
    const { clock, lines } = connect(fetch, { method: "post", body: '{"prompt":"hi"}' })
    await clock.advance(60_000)
    expect(fetch.requests.map(({ method, body }) => [method, body])).toEqual([["POST", '{"prompt":"hi"}']])
    expect(lines).toEqual(["open 1", "message a", "error 2"])
  })

  test("EventSource stops at its retry limit and reports the attempts", async () => {
    const fetch = scriptedFetch([new Error("down")])
    const { clock, lines, errors } = connect(fetch, { retry: { maxRetries: 2, initialDelay: undefined } })
    await clock.advance(60_000)
    expect([fetch.requests.length, lines]).toEqual([3, ["error 0", "error 0", "error 2"]])
    expect(errors[2]!.error).toBeInstanceOf(SseRetryError)
  })

  test("EventSource retries a status only if shouldRetry returns true", async () => {
    const answers = [new Response(null, { status: 503 }), stall]
    const strict = connect(scriptedFetch(answers), { retry: { maxRetries: 5 } })
    await strict.clock.advance(10_000)
    expect(strict.lines).toEqual(["error 2"])
    const lenient = connect(scriptedFetch([new Response(null, { status: 503 }), stall]), {
      retry: { shouldRetry: (failure) => failure.retryable },
    })
    await lenient.clock.advance(10_000)
    expect(lenient.lines).toEqual(["error 0", "open 1"])
  })

  test("EventSource makes one request if retry is false", async () => {
    const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }])
    const { clock, lines } = connect(fetch, { retry: false })
    await clock.advance(60_000)
    expect([fetch.requests.length, lines]).toEqual([1, ["open 1", "message a", "error 2"]])
  })

  test("EventSource reconnects when a deadline passes, with the last event ID", async () => {
    const fetch = scriptedFetch([{ chunks: ["id: 1\ndata: a\n\n"], end: "stall" }, stall])
    const { clock, lines, errors } = connect(fetch, { timeouts: { idle: 20_000 } })
    await clock.advance(23_000)
    expect(lines).toEqual(["open 1", "message a", "error 0", "open 1"])
    expect(errors[0]!.error).toBeInstanceOf(SseTimeoutError)
    expect(fetch.requests[1]!.headers.get("last-event-id")).toBe("1")
  })

  test("EventSource stops waiting for headers, a body or an event at its deadline", async () => {
    const hang = () => new Promise<never>(() => {})
    const deadlines = [
      [{ headers: hang, timeouts: { connect: 5_000 } }, "connect"],
      [{ fetch: hang, timeouts: { connect: 5_000 } }, "connect"],
      [{ timeouts: { firstEvent: 5_000 } }, "firstEvent"],
      [{ timeouts: { eventIdle: 5_000 } }, "eventIdle"],
    ] as const
    for (const [init, phase] of deadlines) {
      const { clock, errors, source } = connect(scriptedFetch([stall]), init)
      await clock.advance(5_000)
      expect(errors.map(({ error }) => error)).toMatchObject([{ code: "timeout", phase, ms: 5_000 }])
      expect(source.readyState).toBe(EventSource.CONNECTING)
    }
  })

  test("EventSource closes itself if a function of the caller throws any value", async () => {
    for (const thrown of [null, undefined, "no", new RangeError("no")]) {
      const shouldRetry = () => {
        throw thrown
      }
      const { clock, lines, errors } = connect(scriptedFetch([new Error("down")]), { retry: { shouldRetry } })
      await clock.advance(10_000)
      expect(lines).toEqual(["error 2"])
      expect(errors[0]!.error).toBe(thrown)
    }
  })

  test("EventSource passes spreadable headers and credentials to a fetch of the caller", async () => {
    const seen: RequestInit[] = []
    const stream = scriptedFetch([{ chunks: ["id: ä\nretry: 100\ndata: a\n\n"] }, stall])
    const { clock } = connect(stream, {
      withCredentials: true,
      fetch: (url, init) => {
        seen.push(init)
        return stream(url, { ...init, headers: { ...init.headers, Authorization: "Bearer token" } })
      },
    })
    await clock.advance(100)
    expect(seen.map(({ headers }) => headers)).toEqual([
      { Accept: "text/event-stream" },
      { Accept: "text/event-stream", "Last-Event-ID": "Ã¤" },
    ])
    expect(seen[0]).toMatchObject({ method: "GET", credentials: "include", cache: "no-store" })
    expect(stream.requests[1]!.headers.get("authorization")).toBe("Bearer token")
  })

  test.each([
    ["a method that takes no body", { method: "GET", body: "x" }, TypeError],
    ["invalid headers", { headers: { "a b": "c" } }, TypeError],
    ["an invalid retry limit", { retry: { maxRetries: -1 } }, RangeError],
    ["an invalid retry policy", { retry: 5 as never }, TypeError],
    ["an invalid timeout", { timeouts: { idle: Number.NaN } }, RangeError],
    ["an invalid limit", { limits: { maxEventSize: 0 } }, RangeError],
  ] as const)("EventSource throws at once for %s", (_, init, error) => {
    expect(() => new EventSource(URL_OF_STREAM, init)).toThrow(error)
  })

  test("EventSource names no URL in the error for an invalid URL", () => {
    expect(() => new EventSource("https://user:secret@[")).toThrow(/^(?!.*secret).*$/)
  })
})

describe("EventSource.close()", () => {
  test.each([
    ["before the request", 0, [stall]],
    ["while nothing answers", 1, [() => new Promise<never>(() => {})]],
    ["while the stream is open", 1, [stall]],
    ["between two attempts", 1_000, [{ chunks: ["data: a\n\n"] }]],
    ["after a failure", 1_000, [new Response(null, { status: 404 })]],
  ] as const)("EventSource.close() %s leaves no timer, body or request", async (_, ms, answers) => {
    const fetch = scriptedFetch(answers)
    const { source, clock, lines } = connect(fetch, { timeouts: { connect: 5_000, idle: 5_000, total: 90_000 } })
    if (ms > 0) await clock.advance(ms)
    const [requests, fired] = [fetch.requests.length, lines.length]
    source.close()
    await clock.advance(0)
    expect([clock.pendingTimers, fetch.openBodies]).toEqual([0, 0])
    await clock.advance(100_000)
    expect([fetch.requests.length, lines.length, source.readyState]).toEqual([requests, fired, 2])
  })
})

test.each([
  ["/relative", "https://example.com"],
  ["not a url at all:", "https://example.com"],
  ["https://other.example/x", "https://other.example"],
  ["http://[", "https://example.com"],
  ["", "https://example.com"],
])("EventSource dispatches events with an origin if the response's url is %j", async (url, origin) => {
  const clock = new ManualClock()
  const inner = scriptedFetch([{ chunks: ["data: a\n\n"], end: "stall" }])
  const fetch = async (...given: Parameters<typeof inner>) =>
    Object.defineProperty(await inner(...given), "url", { value: url })
  const source = new EventSource(TARGET, { fetch, clock })
  const origins: string[] = []
  source.onmessage = (event) => void origins.push(event.origin)
  await clock.advance(0)
  expect([source.readyState, origins]).toEqual([EventSource.OPEN, [origin]])
  source.close()
})

test.each([undefined, null, 5, {}, { headers: {} }])(
  "EventSource closes if fetch returns %j, without an unhandled rejection",
  async (given) => {
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown) => void unhandled.push(reason)
    process.on("unhandledRejection", onUnhandled)
    const clock = new ManualClock()
    const source = new EventSource(TARGET, { clock, fetch: async () => given as unknown as Response })
    const errors: unknown[] = []
    source.onerror = (event) => void errors.push([source.readyState, event.error instanceof TypeError])
    await clock.advance(10_000)
    expect([source.readyState, errors, clock.pendingTimers]).toEqual([2, [[2, true]], 0])
    process.off("unhandledRejection", onUnhandled)
    expect(unhandled).toEqual([])
  },
)

test("EventSource dispatches nothing and requests nothing after close() in any of its handlers", async () => {
  for (const closing of ["open", "message", "error", "named"]) {
    const clock = new ManualClock()
    const chunks = ["data: a\n\nevent: named\ndata: b\n\nevent: error\ndata: c\n\nevent: open\ndata: d\n\ndata: e\n\n"]
    const fetch = scriptedFetch([{ chunks }])
    const source = new EventSource(TARGET, { fetch, clock })
    const fired: string[] = []
    for (const type of ["open", "message", "error", "named"]) {
      source.addEventListener(type, () => {
        fired.push(type)
        if (type === closing) source.close()
      })
    }
    await clock.advance(100_000)
    expect(fired.at(-1)).toBe(closing)
    expect(fired.filter((type) => type === closing)).toHaveLength(1)
    expect([source.readyState, fetch.requests.length, clock.pendingTimers, fetch.openBodies]).toEqual([2, 1, 0, 0])
  }
})

test("EventSource keeps its last event ID over reconnections, and clears it if the server resets it", async () => {
  const clock = new ManualClock()
  const fetch = scriptedFetch([
    { chunks: ["retry: 100\nid: 1\ndata: a\n\n"] },
    { chunks: ["data: b\n\nid\ndata: c\n\n"] },
    { chunks: ["data: d\n\n"], end: "stall" },
  ])
  const source = new EventSource(TARGET, { fetch, clock })
  const ids: string[] = []
  source.onmessage = ({ data, lastEventId }) => void ids.push(`${data} ${lastEventId}`)
  await clock.advance(1_000)
  expect(ids).toEqual(["a 1", "b 1", "c ", "d "])
  expect(fetch.requests.map(({ headers }) => headers.get("last-event-id"))).toEqual([null, "1", null])
  source.close()
})

test("EventSource of a data: URL can be closed at any time and throws no uncaught error", async () => {
  const thrown: unknown[] = []
  const onThrown = (error: unknown) => void thrown.push(error)
  process.on("uncaughtException", onThrown)
  for (const closing of ["at once", "open", "message", "error"]) {
    const source = new EventSource("data:text/event-stream,data:%20a%0A%0Adata:%20b%0A%0A")
    const closed = new Promise<void>((resolve) => {
      const close = () => {
        source.close()
        resolve()
      }
      if (closing === "at once") close()
      else source.addEventListener(closing, close)
    })
    await closed
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  process.off("uncaughtException", onThrown)
  expect(thrown).toEqual([])
})

test("EventSource does not call a removed handler, and calls one that is set again after the others", async () => {
  const clock = new ManualClock()
  const source = new EventSource(TARGET, { clock, fetch: scriptedFetch([{ chunks: ["data: a\n\n"], end: "stall" }]) })
  const called: string[] = []
  source.onmessage = () => void called.push("first")
  source.addEventListener("message", () => void called.push("listener"))
  source.onmessage = null
  source.onmessage = () => void called.push("second")
  await clock.advance(0)
  expect(called).toEqual(["listener", "second"])
  source.close()
})
