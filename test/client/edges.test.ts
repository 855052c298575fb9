import { afterEach, describe, expect, test, vi } from "vitest"
import { type Clock, SseTruncatedError } from "steadystream"
import { subscribe, type SubscribeOptions, type Subscription } from "steadystream/client"
import { EventSource } from "steadystream/eventsource"
import { ManualClock, scriptedFetch } from "steadystream/testing"
import { consume } from "../support/consumer.ts"

const TARGET = "https://example.com/stream"
const HOUR = 3_600_000
const type = { "content-type": "text/event-stream" }

afterEach(() => vi.unstubAllGlobals())

describe("closed from where nobody looks", () => {
  test("close() in a listener on the attempt's signal is the end: no retry, no timer", async () => {
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
  ])("EventSource.close() in such a listener is followed by no event where the stream %s", async (_, answer) => {
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
    "close() inside of the clock's %s leaves no timer and makes no request",
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

  test("a clock that cannot be used rejects next() and is no unhandled rejection", async () => {
    const subscription = subscribe(TARGET, { fetch: scriptedFetch([{}]), clock: {} as never })
    await expect(subscription[Symbol.asyncIterator]().next()).rejects.toThrow(TypeError)
  })

  test("the failure is told to the first of those who wait, before the end to the others", async () => {
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

describe("options from elsewhere", () => {
  const outcomeOf = async (options: SubscribeOptions, target: string | Request = TARGET) => {
    const clock = new ManualClock()
    const { outcome } = consume(subscribe(target, Object.assign(options, { clock })))
    await clock.advance(HOUR)
    return outcome
  }

  test("an inherited until holds: a stream without it is truncated", async () => {
    const options = Object.create({ until: "[DONE]" }) as SubscribeOptions
    const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }])
    expect(await outcomeOf(Object.assign(options, { fetch, retry: false as const }))).toBeInstanceOf(SseTruncatedError)
  })

  test("an object of a class gives its getters and methods as options", async () => {
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

  test.each([null, 0, "", Number.NaN, true])("retry: %j is a TypeError", (retry) => {
    expect(() => subscribe(TARGET, { retry: retry as never })).toThrow('"retry" must be false or an object')
  })

  test("an idempotency key that no header takes is a TypeError that does not tell it", () => {
    const options: SubscribeOptions = { method: "POST", resume: { idempotencyKey: "secret\nkey" } }
    expect(() => subscribe(TARGET, options)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("secret") }),
    )
  })

  test("onHandlerError: null reports as if it were left out", async () => {
    const reportError = vi.fn<(error: unknown) => void>()
    vi.stubGlobal("reportError", reportError)
    const onOpen = () => {
      throw new Error("mine")
    }
    const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }])
    await outcomeOf({ fetch, retry: false, onOpen, onHandlerError: null as never })
    expect(reportError).toHaveBeenCalledExactlyOnceWith(new Error("mine"))
  })

  test.each(["PUT", "GET"])("a Request's body goes with no other method, %s", async (method) => {
    const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }])
    const request = new Request(TARGET, { method: "POST", body: "payload" })
    expect(await outcomeOf({ fetch, method }, request)).toMatchObject({ code: "connection", retryable: false })
    expect(fetch.requests).toHaveLength(0)
  })

  test("an empty body is a body: it follows a redirect, and its type goes where it goes", async () => {
    const fetch = scriptedFetch([{ status: 307, headers: { location: "/other" } }, { status: 503 }, { status: 204 }])
    const headers = { "content-type": "application/json" }
    expect(await outcomeOf({ fetch, method: "POST", body: "", headers, resume: "get" })).toBe("done")
    expect(fetch.requests.map((request) => [request.method, request.headers.get("content-type")])).toEqual([
      ["POST", "application/json"],
      ["POST", "application/json"],
      ["GET", null],
    ])
  })

  test("fetch gets an init of its own for each hop", async () => {
    const seen: RequestInit[] = []
    const fetch = (_url: unknown, init?: RequestInit) => {
      seen.push(Object.freeze(init!))
      const redirect = new Response(null, { status: 303, headers: { location: "/other" } })
      return Promise.resolve(seen.length === 1 ? redirect : new Response(null, { status: 204 }))
    }
    expect(await outcomeOf({ fetch, method: "POST", body: "x" })).toBe("done")
    expect(seen.map(({ method, body }) => [method, body])).toEqual([
      ["POST", "x"],
      ["GET", null],
    ])
  })
})

describe("answers that are no stream", () => {
  test.each(["tenant CONCERT is not reachable", "error sending request for url (https://example.com/CERT/s)"])(
    "a failure is tried again whatever its message says: %s",
    async (message) => {
      const clock = new ManualClock()
      const fetch = vi.fn(() => Promise.reject(Object.assign(new TypeError(message), { code: Object.create(null) })))
      const { outcome } = consume(subscribe(TARGET, { fetch, clock, retry: { maxRetries: 2 } }))
      await clock.advance(HOUR)
      expect(await outcome).toMatchObject({ code: "retries-exhausted" })
      expect(fetch).toHaveBeenCalledTimes(3)
    },
  )

  test("the deadline of connect ends with the headers: the body of a refusal has its own", async () => {
    const clock = new ManualClock()
    const fetch = scriptedFetch([{ status: 401, chunks: ["no"], end: "stall" }])
    const { outcome } = consume(subscribe(TARGET, { fetch, clock, timeouts: { connect: 500 } }))
    await clock.advance(HOUR)
    expect(await outcome).toMatchObject({ code: "response", status: 401, body: "no" })
    expect(fetch.requests).toHaveLength(1)
  })

  test("a refusal whose body is locked, or missing, is what its status says", async () => {
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

  test("a type that is missing is told as missing", async () => {
    const fetch = () => Promise.resolve(new Response(new Uint8Array(2)))
    expect(await consume(subscribe(TARGET, { fetch })).outcome).toMatchObject({
      message: expect.stringContaining("not missing"),
    })
  })

  test.each(["soon 2999 GMT", "1/2/3000 GMT", "-1 GMT", "Nov 2094 08:49:37 GMT"])(
    "a Retry-After of %j asks for nothing",
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

  test("shouldRetry sees the signal of an attempt that is over", async () => {
    let aborted: boolean | undefined
    const shouldRetry = (_: unknown, { signal }: { signal: AbortSignal }) => {
      aborted = signal.aborted
      return false
    }
    await consume(subscribe(TARGET, { fetch: scriptedFetch([{ status: 503 }]), retry: { shouldRetry } })).outcome
    expect(aborted).toBe(true)
  })

  test("the phase of a timeout is that of the deadline that was set first, in each attempt", async () => {
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

describe("a page that is hidden", () => {
  function stubPage() {
    const document = Object.assign(new EventTarget(), { visibilityState: "visible", baseURI: TARGET })
    vi.stubGlobal("document", document)
    return (visibilityState: string) => {
      document.visibilityState = visibilityState
      document.dispatchEvent(new Event("visibilitychange"))
    }
  }

  test("health counts also where the page's being hidden ended the attempt", async () => {
    const show = stubPage()
    const clock = new ManualClock()
    const failed = { status: 503 }
    const stream = (id: number) => ({ chunks: [`id: ${id}\ndata: ${id}\n\n`], end: "stall" as const })
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

  test("showing the page does not cut a delay short, only the network's return does", async () => {
    const show = stubPage()
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
