import { afterEach, describe, expect, test, vi } from "vitest"
import { SseTruncatedError } from "steadystream"
import { type RetryInfo, subscribe, type SubscribeOptions } from "steadystream/client"
import { EventSource } from "steadystream/eventsource"
import { ManualClock, scriptedFetch } from "steadystream/testing"
import { consume } from "../support/consumer.ts"

const TARGET = "https://example.com/stream"

const HOUR = 3_600_000

afterEach(() => vi.unstubAllGlobals())

describe("subscribe() and unusual options objects", () => {
  const outcomeOf = async (options: SubscribeOptions, target: string | Request = TARGET) => {
    const clock = new ManualClock()
    const { outcome } = consume(subscribe(target, Object.assign(options, { clock })))
    await clock.advance(HOUR)
    return outcome
  }

  test("subscribe() reads an inherited until, without which the stream counts as truncated", async () => {
    const options = Object.create({ until: "[DONE]" }) as SubscribeOptions
    const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }])
    expect(await outcomeOf(Object.assign(options, { fetch, retry: false as const }))).toBeInstanceOf(SseTruncatedError)
  })

  test("subscribe() reads getters and methods of an options object of a class", async () => {
    const onOpen = vi.fn<() => void>()
    const fetch = scriptedFetch([{ chunks: ["data: a\n\ndata: [DONE]\n\n"] }])
    class Options {
      readonly fetch = fetch
      get until() {
        return "[DONE]"
      }
      get headers() {
        return { "x-a": "1" }
      }
      get lastEventId() {
        return "7"
      }
      get lastEventIdParam() {
        return "from"
      }
      onOpen() {
        onOpen()
      }
    }
    expect(await outcomeOf(new Options())).toBe("done")
    expect(onOpen).toHaveBeenCalledOnce()
    expect(fetch.requests[0]!.url).toBe(`${TARGET}?from=7`)
    expect(fetch.requests[0]!.headers.get("x-a")).toBe("1")
  })

  test.each([0, "", Number.NaN, true])("subscribe() throws a TypeError for retry: %j", (retry) => {
    expect(() => subscribe(TARGET, { retry: retry as never })).toThrow('"retry" must be false or an object')
  })

  test("subscribe() throws a TypeError for an idempotency key that no header accepts, without quoting it", () => {
    const options: SubscribeOptions = { method: "POST", resume: { idempotencyKey: "secret\nkey" } }
    expect(() => subscribe(TARGET, options)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("secret") }),
    )
  })

  test("subscribe() treats onHandlerError: null as absent", async () => {
    const reportError = vi.fn<(error: unknown) => void>()
    vi.stubGlobal("reportError", reportError)
    const onOpen = () => {
      throw new Error("mine")
    }
    const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }])
    await outcomeOf({ fetch, retry: false, onOpen, onHandlerError: null as never })
    expect(reportError).toHaveBeenCalledExactlyOnceWith(new Error("mine"))
  })

  test.each(["lastEventId", "lastEventIdParam", "until", "fetch", "headers", "onGap", "resume", "timeouts", "limits"])(
    "subscribe() treats %s: null as absent, as storage returns null for what it does not have",
    async (name) => {
      const events = "id: 1\ndata: a\n\nevent: steadystream.gap\ndata: {}\n\n"
      const fetch = scriptedFetch([{ chunks: [events] }, new Response(null, { status: 204 })])
      vi.stubGlobal("fetch", fetch)
      const clock = new ManualClock()
      const errors: string[] = []
      const onRetry = ({ error }: RetryInfo) => void errors.push(error.code)
      const subscription = subscribe(TARGET, { clock, onRetry, [name]: null })
      const { data, outcome } = consume(subscription)
      await clock.advance(HOUR)
      expect([await outcome, data, subscription.lastEventId, errors]).toEqual([
        "done",
        ["a", "{}"],
        "1",
        ["connection"],
      ])
      expect(fetch.requests.map(({ url, headers }) => [url, headers.get("last-event-id")])).toEqual([
        [TARGET, null],
        [TARGET, "1"],
      ])
    },
  )

  test.each(["PUT", "GET"])("subscribe() sends a Request's body with no other method, %s", async (method) => {
    const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }])
    const request = new Request(TARGET, { method: "POST", body: "payload" })
    expect(await outcomeOf({ fetch, method }, request)).toMatchObject({ code: "connection", retryable: false })
    expect(fetch.requests).toHaveLength(0)
  })

  test("subscribe() treats an empty body as a body, which follows a redirect with its type", async () => {
    const fetch = scriptedFetch([{ status: 307, headers: { location: "/other" } }, { status: 503 }, { status: 204 }])
    const headers = { "content-type": "application/json" }
    vi.stubGlobal("fetch", fetch)
    expect(await outcomeOf({ method: "POST", body: "", headers, resume: "get" })).toBe("done")
    expect(fetch.requests.map((request) => [request.method, request.headers.get("content-type")])).toEqual([
      ["POST", "application/json"],
      ["POST", "application/json"],
      ["GET", null],
    ])
  })

  test("subscribe() passes fetch a new init for each hop", async () => {
    const seen: RequestInit[] = []
    const fetch = (_url: unknown, init?: RequestInit) => {
      seen.push(Object.freeze(init!))
      const redirect = new Response(null, { status: 303, headers: { location: "/other" } })
      return Promise.resolve(seen.length === 1 ? redirect : new Response(null, { status: 204 }))
    }
    vi.stubGlobal("fetch", fetch)
    expect(await outcomeOf({ method: "POST", body: "x" })).toBe("done")
    expect(seen.map(({ method, body }) => [method, body])).toEqual([
      ["POST", "x"],
      ["GET", null],
    ])
  })
})

describe("subscribe() and wrong targets", () => {
  const refused: [string, () => unknown, RegExp][] = [
    ["a relative URL outside a page", () => subscribe("/rel"), /absolute, because no page resolves/],
    ["nothing", () => (subscribe as () => unknown)(), /target must be .* not undefined/],
    ["null", () => subscribe(null as never), /not null/],
    ["an object", () => subscribe({ url: TARGET } as never), /not another object/],
    ["a number", () => subscribe(5 as never), /not a number/],
    ["a scheme without a colon", () => subscribe("htp//x"), /absolute/],
    ["a URL that cannot be parsed", () => subscribe("http://["), /that can be parsed/],
    ["another protocol", () => subscribe("ftp://example.com/"), /http or https, not ftp:/],
    ["credentials", () => subscribe("https://user:pw@example.com/"), /no credentials/],
  ]
  test.each(refused)("subscribe() says what is wrong with %s", (_, open, words) => {
    expect(open).toThrow(TypeError)
    expect(open).toThrow(words)
    expect(open).not.toThrow(/pw/)
  })
})

test("EventSource names the option that is wrong, not a subscription", () => {
  expect(() => new EventSource(TARGET, { headers: { "a b": "c" } })).toThrow(
    'Cannot use options: "headers" must be valid',
  )
  expect(() => subscribe(TARGET, { headers: { "a b": "c" } })).toThrow('Cannot use options: "headers" must be valid')
})
