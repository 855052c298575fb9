import { strict as assert } from "node:assert"
import { getEventListeners } from "node:events"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { readEvents, type SseEventIterator, SseLimitError, SseResponseError, type SseSource } from "steadystream"

const type = { "content-type": "text/event-stream" }
const DONE = { done: true, value: undefined }

/** What only looks like a stream. */
const streamLike = (read: () => unknown, cancel: () => unknown = () => Promise.resolve()) =>
  ({ getReader: () => ({ read, cancel }) }) as unknown as SseSource

/** Fails the test at a rejection that nobody handles. */
function watchRejections() {
  const unhandled = vi.fn<(reason: unknown) => void>()
  process.on("unhandledRejection", unhandled)
  onTestFinished(() => void process.off("unhandledRejection", unhandled))
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(unhandled).not.toHaveBeenCalled()
  }
}

describe("readEvents() and hostile sources", () => {
  test("readEvents() rejects where the read of a stream throws, and then is at its end", async () => {
    const events = readEvents(
      streamLike(() => {
        throw new Error("hostile")
      }),
    )
    await expect(events.next()).rejects.toThrow("hostile")
    expect(await events.next()).toEqual(DONE)
  })

  test("readEvents() reads a stream whose read gives no promise", async () => {
    const results = [{ done: false, value: ": c\n" }, { done: false, value: "data: a\n\n" }, DONE]
    const events = readEvents(streamLike(() => results.shift()))
    expect((await events.next()).value?.data).toBe("a")
    expect(await events.next()).toEqual(DONE)
  })

  test.each([
    ["is no object", undefined],
    ["throws", Object.defineProperty({}, "done", { get: () => assert.fail("mine") })],
    ["holds no chunk", { done: false, value: 5 }],
  ])("readEvents() fails once, cancels and lets the signal go where the result of a read %s", async (_, result) => {
    for (const silent of [false, true]) {
      const { signal } = new AbortController()
      const returned = vi.fn<() => void>()
      const results = silent ? [{ done: false, value: ":\n" }, result] : [result]
      const source = {
        [Symbol.asyncIterator]: () => ({ next: async () => results.shift(), return: async () => returned() }),
      }
      const events = readEvents(source as unknown as SseSource, { signal })
      await expect(events.next()).rejects.toBeInstanceOf(Error)
      expect(await events.next()).toEqual(DONE)
      expect(getEventListeners(signal, "abort")).toHaveLength(0)
      expect(returned).toHaveBeenCalledOnce()
    }
  })

  test("readEvents() tells calls that wait of an abort, also where return() follows at once", async () => {
    const controller = new AbortController()
    const source = (async function* () {
      yield ":\n"
      await new Promise(() => {})
    })()
    const events = readEvents(source, { signal: controller.signal })
    const waiting = Promise.allSettled([events.next(), events.next()])
    await new Promise((resolve) => setTimeout(resolve, 1))
    const reason = new Error("mine")
    controller.abort(reason)
    await events.return()
    expect(await waiting).toEqual([
      { status: "rejected", reason },
      { status: "rejected", reason },
    ])
    expect(await events.next()).toEqual(DONE)
  })

  test("readEvents() cancels once where the cancellation closes it again, and gives nothing on the way", async () => {
    const seen: unknown[] = []
    const chunk = { done: false, value: "data: a\n\ndata: b\n\n" }
    const cancel = vi.fn<() => Promise<void>>(() => {
      seen.push(events.next(), events.return())
      return Promise.resolve()
    })
    const events: SseEventIterator = readEvents(streamLike(() => Promise.resolve(chunk), cancel))
    await events.next()
    await events.return()
    expect(await Promise.all(seen)).toEqual([DONE, DONE])
    expect(cancel).toHaveBeenCalledOnce()
  })

  test("readEvents() asks an iterator that has failed for no clean-up", async () => {
    const returned = vi.fn<() => void>()
    const next = () => Promise.reject(new Error("mine"))
    const source = { [Symbol.asyncIterator]: () => ({ next, return: async () => returned() }) }
    await expect(readEvents(source as unknown as SseSource).next()).rejects.toThrow("mine")
    expect(returned).not.toHaveBeenCalled()
  })

  test.each([{}, { getReader: () => assert.fail("mine") }])(
    "readEvents() leaves nothing unhandled where the body of a refused response cannot be read: %j",
    async (body) => {
      const check = watchRejections()
      const response = { status: 500, ok: false, headers: new Headers(), body } as unknown as Response
      const events = readEvents(response)
      await check()
      await expect(events.next()).rejects.toMatchObject({ code: "response", status: 500, body: "" })
    },
  )

  test("readEvents() leaves nothing unhandled where a read and a cancellation reject after return()", async () => {
    const check = watchRejections()
    let fail: (error: Error) => void = () => {}
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise((_, reject) => (fail = reject)),
        return: () => Promise.reject(new Error("clean-up")),
      }),
    }
    const events = readEvents(source)
    const waiting = events.next()
    await Promise.resolve()
    expect(await events.return()).toEqual(DONE)
    fail(new Error("late"))
    expect(await waiting).toEqual(DONE)
    await check()
    expect(await events.next()).toEqual(DONE)
  })

  test("readEvents() leaves a stream unlocked where an option is refused", () => {
    const stream = new ReadableStream<string>()
    expect(() => readEvents(stream, { maxLineLength: -1 })).toThrow(RangeError)
    expect(stream.locked).toBe(false)
  })

  test("readEvents() gives the error of a refused response whose body is only iterable, and leaves nothing unhandled", async () => {
    const check = watchRejections()
    let ended = false
    const body = async function* () {
      try {
        for (;;) yield new TextEncoder().encode("no".repeat(5000))
      } finally {
        ended = true
      }
    }
    const response = { status: 401, ok: false, headers: new Headers(type), body: body() } as unknown as Response
    const events = readEvents(response)
    await check()
    const error = await events.next().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SseResponseError)
    expect((error as SseResponseError).body).toHaveLength(16_384)
    expect(ended).toBe(true)
  })

  test("readEvents() ends at once for a 2xx without a body, whatever its type, and refuses any other", async () => {
    expect(await readEvents(new Response(null)).next()).toEqual(DONE)
    await expect(readEvents(new Response(null, { status: 401 })).next()).rejects.toThrow(SseResponseError)
    await expect(readEvents(new Response(null, { status: 304 })).next()).rejects.toThrow(SseResponseError)
    await expect(readEvents(Response.error()).next()).rejects.toThrow(SseResponseError)
  })
})

describe("readEvents() and responses of other platforms", () => {
  const responseLike = (members: object) =>
    ({ status: 200, ok: true, headers: new Headers(type), ...members }) as unknown as Response

  test("readEvents() is a TypeError at once for a used body that is not locked", () => {
    const response = responseLike({ bodyUsed: true, body: new ReadableStream() })
    expect(() => readEvents(response)).toThrow("must not be locked or used")
  })

  test("readEvents() cancels the body of a 204, which has no events", async () => {
    const cancel = vi.fn<() => void>()
    const body = new ReadableStream({ cancel })
    expect(await readEvents(responseLike({ status: 204, body })).next()).toEqual(DONE)
    expect(cancel).toHaveBeenCalledTimes(1)
  })

  test("readEvents() writes the type that it refuses into its message so that no terminal obeys it", async () => {
    const response = new Response("x", { headers: { "content-type": 'a"\u001B[31m' } })
    await expect(readEvents(response).next()).rejects.toThrow(String.raw`not "a\"\u001b[31m"`)
  })

  test.each(["AbortError", "TimeoutError"])(
    "readEvents() passes on the %s of the fetch that gave the response",
    async (name) => {
      const failure = new DOMException("over", name)
      const body = new ReadableStream({ start: (controller) => controller.error(failure) })
      await expect(readEvents(responseLike({ body })).next()).rejects.toBe(failure)
    },
  )
})

describe("readEvents() closed from inside a handler", () => {
  const stream = ": now\nid: 7\ndata: 1\n\n: then\ndata: 2\n\n"

  test("readEvents() gives nothing after return() in a handler, and keeps the cursor", async () => {
    const comments: string[] = []
    const events: SseEventIterator = readEvents(stream, {
      onComment(text) {
        comments.push(text)
        void events.return()
      },
    })
    expect(await events.next()).toEqual(DONE)
    expect(await events.next()).toEqual(DONE)
    expect(events.lastEventId).toBe("")
    expect(comments).toEqual(["now"])
  })

  test("readEvents() gives nothing after an abort in a handler, and keeps the cursor", async () => {
    const controller = new AbortController()
    const onComment = () => controller.abort(new Error("mine"))
    const events = readEvents(stream, { signal: controller.signal, onComment })
    await expect(events.next()).rejects.toThrow("mine")
    expect(await events.next()).toEqual(DONE)
    expect(events.lastEventId).toBe("")
  })

  test("readEvents() keeps the cursor before an event that a later handler of its chunk drops", async () => {
    const controller = new AbortController()
    const onComment = (text: string) => text === "then" && controller.abort(new Error("mine"))
    const events = readEvents(stream, { signal: controller.signal, onComment })
    await expect(events.next()).rejects.toThrow("mine")
    expect(events.lastEventId).toBe("")
  })

  test("readEvents() is over for a handler that closes it and throws", async () => {
    const events: SseEventIterator = readEvents(stream, {
      onComment() {
        void events.return()
        throw new Error("late")
      },
    })
    expect(await events.next()).toEqual(DONE)
    expect(await events.next()).toEqual(DONE)
  })
})

describe("readEvents() and many", () => {
  test("readEvents() has one listener on a signal for a thousand readers, and none after them", async () => {
    const controller = new AbortController()
    const add = vi.spyOn(controller.signal, "addEventListener")
    const remove = vi.spyOn(controller.signal, "removeEventListener")
    const open = () => readEvents(new ReadableStream<string>(), { signal: controller.signal })
    const readers = Array.from({ length: 1000 }, open)
    expect(add).toHaveBeenCalledTimes(1)
    await Promise.all(readers.slice(1).map((events) => events.return()))
    expect(remove).not.toHaveBeenCalled()
    const last = readers[0]!.next()
    controller.abort(new Error("mine"))
    await expect(last).rejects.toThrow("mine")
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0)
  })

  test("readEvents() answers 100,000 concurrent calls in their order", async () => {
    const events = readEvents([Array.from({ length: 100_000 }, (_, n) => `data: ${n}\n\n`).join("")])
    const results = await Promise.all(Array.from({ length: 100_000 }, () => events.next()))
    expect(results.every(({ value }, n) => value?.data === `${n}`)).toBe(true)
  })

  test("readEvents() drops what is queued before a failure when the signal aborts", async () => {
    const controller = new AbortController()
    const { signal } = controller
    const events = readEvents("data: 1\n\ndata: 2\n\ndata: too long", { signal, maxLineLength: 8 })
    expect((await events.next()).value?.data).toBe("1")
    controller.abort(new Error("mine"))
    await expect(events.next()).rejects.toThrow("mine")
    expect(await events.next()).toEqual(DONE)
    expect(getEventListeners(signal, "abort")).toHaveLength(0)
    const whole = readEvents("data: 1\n\ndata: too long", { signal: new AbortController().signal, maxLineLength: 8 })
    await whole.next()
    await expect(whole.next()).rejects.toThrow(SseLimitError)
  })
})
