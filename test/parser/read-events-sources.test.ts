import { strict as assert } from "node:assert"
import { getEventListeners } from "node:events"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { readEvents, type SseEventIterator, SseResponseError, type SseSource } from "steadystream"

const type = { "content-type": "text/event-stream" }

const DONE = { done: true, value: undefined }

/** An object that has only the shape of a stream. */
const streamLike = (read: () => unknown, cancel: () => unknown = () => Promise.resolve()) =>
  ({ getReader: () => ({ read, cancel }) }) as unknown as SseSource

/** Fails the test at an unhandled rejection. */
function watchRejections() {
  const unhandled = vi.fn<(reason: unknown) => void>()
  process.on("unhandledRejection", unhandled)
  onTestFinished(() => void process.off("unhandledRejection", unhandled))
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(unhandled).not.toHaveBeenCalled()
  }
}

describe("readEvents() and invalid sources", () => {
  test("readEvents() rejects if the read of a stream throws, and then has ended", async () => {
    const events = readEvents(
      streamLike(() => {
        throw new Error("broken source")
      }),
    )
    await expect(events.next()).rejects.toThrow("broken source")
    expect(await events.next()).toEqual(DONE)
  })

  test("readEvents() reads a stream whose read returns no promise", async () => {
    const results = [{ done: false, value: ": c\n" }, { done: false, value: "data: a\n\n" }, DONE]
    const events = readEvents(streamLike(() => results.shift()))
    expect((await events.next()).value?.data).toBe("a")
    expect(await events.next()).toEqual(DONE)
  })

  test.each([
    ["is no object", undefined],
    ["throws", Object.defineProperty({}, "done", { get: () => assert.fail("mine") })],
    ["holds no chunk", { done: false, value: 5 }],
  ])("readEvents() fails once, cancels and releases the signal if the result of a read %s", async (_, result) => {
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

  test("readEvents() rejects waiting calls at an abort, also if return() follows at once", async () => {
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

  test("readEvents() cancels once if the cancellation closes it again, and yields nothing meanwhile", async () => {
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

  test("readEvents() does not call return() of an iterator that has failed", async () => {
    const returned = vi.fn<() => void>()
    const next = () => Promise.reject(new Error("mine"))
    const source = { [Symbol.asyncIterator]: () => ({ next, return: async () => returned() }) }
    await expect(readEvents(source as unknown as SseSource).next()).rejects.toThrow("mine")
    expect(returned).not.toHaveBeenCalled()
  })

  test.each([{}, { getReader: () => assert.fail("mine") }])(
    "readEvents() leaves no unhandled rejection if the body of a refused response cannot be read: %j",
    async (body) => {
      const check = watchRejections()
      const response = { status: 500, ok: false, headers: new Headers(), body } as unknown as Response
      const events = readEvents(response)
      await check()
      await expect(events.next()).rejects.toMatchObject({ code: "response", status: 500, body: "" })
    },
  )

  test("readEvents() leaves no unhandled rejection if a read and a cancellation reject after return()", async () => {
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

  test("readEvents() leaves a stream unlocked if it rejects an option", () => {
    const stream = new ReadableStream<string>()
    expect(() => readEvents(stream, { maxLineLength: -1 })).toThrow(RangeError)
    expect(stream.locked).toBe(false)
  })

  test("readEvents() reports a refused response whose body is only iterable, without an unhandled rejection", async () => {
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

  test("readEvents() ends at once for a 2xx without a body, whatever its type, and rejects any other", async () => {
    expect(await readEvents(new Response(null)).next()).toEqual(DONE)
    await expect(readEvents(new Response(null, { status: 401 })).next()).rejects.toThrow(SseResponseError)
    await expect(readEvents(new Response(null, { status: 304 })).next()).rejects.toThrow(SseResponseError)
    await expect(readEvents(Response.error()).next()).rejects.toThrow(SseResponseError)
  })
})
