import { describe, expect, test, vi } from "vitest"
import {
  readEvents,
  SseConnectionError,
  SseLimitError,
  SseResponseError,
  type SseEventIterator,
  type SseSource,
} from "steadystream"

const type = { "content-type": "text/event-stream" }
const utf8 = (text: string) => new TextEncoder().encode(text)

async function collect(events: SseEventIterator): Promise<string[]> {
  const data: string[] = []
  for await (const event of events) data.push(event.data)
  return data
}

/** An endless stream that counts its reads. Chunk n is `data: n`. */
function endless() {
  const seen = { pulled: 0, cancelled: undefined as unknown[] | undefined }
  const stream = new ReadableStream<string>(
    {
      pull(controller) {
        controller.enqueue(`data: ${seen.pulled++}\n\ndata: again\n\n`)
      },
      cancel(reason) {
        seen.cancelled = [reason]
      },
    },
    { highWaterMark: 0 },
  )
  return { seen, stream }
}

/** A stream that never delivers a chunk. */
function silent() {
  const cancel = vi.fn()
  return { cancel, stream: new ReadableStream<Uint8Array>({ cancel }) }
}

describe("readEvents() sources", () => {
  const sources: Record<string, () => SseSource> = {
    "a Response": () => new Response("data: a\n\ndata: b\n\n", { headers: type }),
    "a stream of bytes": () => new Response("data: a\n\ndata: b\n\n").body!,
    "a stream of text": () => new Response("data: a\n\ndata: b\n\n").body!.pipeThrough(new TextDecoderStream()),
    "a string": () => "data: a\n\ndata: b\n\n",
    "an array": () => ["data: a\n\nda", utf8("ta: b\n\n")],
    "an async generator": async function* () {
      yield "data: a\n"
      yield utf8("\ndata: b\n\n")
    },
    "a stream without an async iterator": () => {
      const { body } = new Response("data: a\n\ndata: b\n\n")
      return Object.defineProperty(body!, Symbol.asyncIterator, { value: undefined })
    },
    "a body that is only iterable": () =>
      ({
        status: 200,
        ok: true,
        headers: new Headers(type),
        body: (async function* () {
          yield "data: a\n\ndata: b\n\n"
        })(),
      }) as unknown as Response,
  }

  test.each(Object.keys(sources))("readEvents() reads %s", async (name) => {
    expect(await collect(readEvents(sources[name]!()))).toEqual(["a", "b"])
  })

  test("readEvents() throws a TypeError at once for anything else", () => {
    for (const source of [undefined, null, 1, {}, () => "data: a\n\n"]) {
      expect(() => readEvents(source as never)).toThrow(TypeError)
    }
  })

  test("readEvents() throws a TypeError at once for a locked or used body", async () => {
    const locked = new Response("data: a\n\n", { headers: type })
    locked.body!.getReader()
    expect(() => readEvents(locked)).toThrow(
      new TypeError("Cannot read event stream: the body of the response must not be locked or used"),
    )
    const used = new Response("data: a\n\n", { headers: type })
    await used.text()
    expect(() => readEvents(used)).toThrow(TypeError)
    expect(() => readEvents(locked.body!)).toThrow(TypeError)
  })

  test("readEvents() throws a TypeError at once if responses have no body stream", () => {
    const response = { status: 200, ok: true, headers: new Headers(type), body: undefined }
    expect(() => readEvents(response as unknown as Response)).toThrow("no body stream")
  })
})

describe("readEvents() and its check of a Response", () => {
  test.each([
    ["204", () => new Response(null, { status: 204 })],
    ["a null body", () => new Response(null, { headers: type })],
  ])("readEvents() yields no events for %s", async (_, response) => {
    expect(await collect(readEvents(response()))).toEqual([])
  })

  test.each([
    ["a 401", new Response("no", { status: 401 }), "response", "the status must be 2xx, not 401", false],
    ["a 401 without body", new Response(null, { status: 401 }), "response", "the status must be 2xx, not 401", false],
    ["a 503", new Response("no", { status: 503 }), "response", "the status must be 2xx, not 503", true],
    [
      "a login page",
      new Response("no", { headers: { "content-type": "text/html; charset=utf-8" } }),
      "content-type",
      'the content type must be "text/event-stream", not "text/html; charset=utf-8"',
      false,
    ],
    ["a JSON error", Response.json({ error: 1 }), "content-type", 'not "application/json"', false],
    ["no type", new Response(utf8("data: a\n\n")), "content-type", "not missing", false],
    [
      "a longer type",
      new Response("no", { headers: { "content-type": "text/event-streamfoo" } }),
      "content-type",
      "text/event-streamfoo",
      false,
    ],
  ])("readEvents() rejects the first next() for %s", async (_, response, code, message, retryable) => {
    const events = readEvents(response)
    const error: unknown = await events.next().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SseResponseError)
    expect(error).toMatchObject({ code, retryable, status: response.status, headers: response.headers })
    expect((error as Error).message).toContain(message)
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  test.each(["text/event-stream", "TEXT/Event-Stream", "text/event-stream;charset=x", " text/event-stream ; a=b"])(
    "readEvents() accepts the type %j",
    async (contentType) => {
      const response = new Response("data: a\n\n", { headers: { "content-type": contentType } })
      expect(await collect(readEvents(response))).toEqual(["a"])
    },
  )

  test("readEvents() keeps at most 16,384 bytes of a refused body and cancels the rest", async () => {
    const cancel = vi.fn()
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(utf8("é".repeat(5000))),
      cancel,
    })
    const error: unknown = await readEvents(new Response(body, { status: 500 }))
      .next()
      .catch((reason: unknown) => reason)
    expect((error as SseResponseError).body).toBe("é".repeat(8192))
    expect(cancel).toHaveBeenCalledOnce()
  })

  test("readEvents() prints nothing of a refused body or its headers", async () => {
    const response = new Response("secret", { status: 500, headers: { "x-token": "secret" } })
    const error: unknown = await readEvents(response)
      .next()
      .catch((reason: unknown) => reason)
    expect((error as SseResponseError).body).toBe("secret")
    expect(JSON.stringify(error) + String(error)).not.toContain("secret")
  })

  test("readEvents() stops reading a stalled refused body when the signal aborts", async () => {
    const { cancel, stream } = silent()
    const controller = new AbortController()
    const next = readEvents(new Response(stream, { status: 500 }), { signal: controller.signal }).next()
    controller.abort(new Error("enough"))
    await expect(next).rejects.toThrow("enough")
    expect(cancel).toHaveBeenCalledOnce()
  })

  test("readEvents() with check: false reads any response", async () => {
    expect(await collect(readEvents(new Response("data: a\n\n", { status: 500 }), { check: false }))).toEqual(["a"])
  })
})

describe("readEvents() and backpressure", () => {
  test("readEvents() reads nothing before the first next(), and then one chunk at a time", async () => {
    const { seen, stream } = endless()
    const events = readEvents(stream)
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(seen.pulled).toBe(0)
    await events.next()
    await events.next()
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(seen.pulled).toBe(1)
    await events.next()
    expect(seen.pulled).toBe(2)
  })

  test("readEvents() keeps the order of concurrent next() calls", async () => {
    const { stream } = endless()
    const events = readEvents(stream)
    const results = await Promise.all(Array.from({ length: 7 }, async () => (await events.next()).value?.data))
    expect(results).toEqual(["0", "again", "1", "again", "2", "again", "3"])
  })

  test("readEvents() settles concurrent next() calls at the end", async () => {
    const events = readEvents("data: a\n\n")
    const results = await Promise.all([events.next(), events.next(), events.next()])
    expect(results.map((result) => result.value?.data)).toEqual(["a", undefined, undefined])
  })

  test("readEvents() reads on through chunks without events", async () => {
    expect(await collect(readEvents([": a\n", "", "id: 1\n\n", "data: x", "\n", "\n"]))).toEqual(["x"])
  })

  test("readEvents() passes comments, retries, ids and unknown lines to its handlers", async () => {
    const calls: unknown[] = []
    const push = (value: unknown) => void calls.push(value)
    await collect(
      readEvents(": c\nretry: 5\nid: 1\nfoo\n\n", { onComment: push, onRetry: push, onId: push, onUnknownLine: push }),
    )
    expect(calls).toEqual(["c", 5, "foo", "1"])
  })
})

describe("readEvents() and lastEventId", () => {
  test("readEvents() moves lastEventId with the events that are taken, id-only blocks included", async () => {
    const events = readEvents("id: 1\ndata: a\n\nid: 2\n\nid: 3\ndata: b\n\nid: 4\n\n", { lastEventId: "0" })
    const seen = [events.lastEventId]
    for await (const _ of events) seen.push(events.lastEventId)
    expect([...seen, events.lastEventId]).toEqual(["0", "1", "4", "4"])
  })

  test("readEvents() keeps lastEventId at the last taken event when it is aborted", async () => {
    const controller = new AbortController()
    const events = readEvents("id: 1\ndata: a\n\nid: 2\ndata: b\n\n", { signal: controller.signal })
    await events.next()
    controller.abort()
    expect(events.lastEventId).toBe("1")
  })

  test("readEvents() moves lastEventId for a stream of id-only blocks", async () => {
    const events = readEvents(["id: 1\n\n", "id: 2\n\n"])
    await collect(events)
    expect(events.lastEventId).toBe("2")
  })
})

describe("readEvents() and the end", () => {
  test("readEvents() cancels the source when the consumer leaves the loop", async () => {
    const { seen, stream } = endless()
    for await (const _ of readEvents(stream)) break
    expect(seen.cancelled).toEqual([undefined])
  })

  test("readEvents() cancels the source when the loop body throws", async () => {
    const { seen, stream } = endless()
    await expect(async () => {
      for await (const _ of readEvents(stream)) throw new Error("mine")
    }).rejects.toThrow("mine")
    expect(seen.cancelled).toBeDefined()
  })

  test("readEvents().return() settles waiting calls, and a second call has no effect", async () => {
    const { cancel, stream } = silent()
    const events = readEvents(stream)
    const waiting = [events.next(), events.next()]
    expect(await events.return()).toEqual({ done: true, value: undefined })
    await events.return()
    expect(await Promise.all(waiting)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ])
    expect(cancel).toHaveBeenCalledOnce()
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  test("readEvents().return() does not wait for a pending generator", async () => {
    let finished = false
    const events = readEvents(
      (async function* () {
        try {
          yield "data: a\n\n"
          await new Promise(() => {})
        } finally {
          finished = true
        }
      })(),
    )
    await events.next()
    void events.next()
    await events.return()
    expect(finished).toBe(false)
  })

  test("readEvents() runs the finally block of a generator when the consumer leaves the loop", async () => {
    let finished = false
    const source = (async function* () {
      try {
        yield "data: a\n\n"
        yield "data: b\n\n"
      } finally {
        finished = true
      }
    })()
    for await (const _ of readEvents(source)) break
    await Promise.resolve()
    expect(finished).toBe(true)
  })

  test("readEvents() discards an unfinished event at the end", async () => {
    expect(await collect(readEvents("data: a\n\ndata: b"))).toEqual(["a"])
  })

  test("readEvents() yields the events before a limit error, then throws it once and cancels the source", async () => {
    const cancel = vi.fn()
    const stream = new ReadableStream<string>({
      start: (controller) => controller.enqueue("data: a\n\ndata: b\n\ndata: too long\n\ndata: c\n\n"),
      cancel,
    })
    const events = readEvents(stream, { maxLineLength: 8 })
    expect((await events.next()).value?.data).toBe("a")
    expect((await events.next()).value?.data).toBe("b")
    await expect(events.next()).rejects.toBeInstanceOf(SseLimitError)
    expect(await events.next()).toEqual({ done: true, value: undefined })
    expect(cancel).toHaveBeenCalledOnce()
  })

  test("readEvents() rejects with the error of a handler, after the events before it", async () => {
    const events = readEvents("data: a\n\n: comment\ndata: b\n\n", {
      onComment: () => {
        throw new Error("mine")
      },
    })
    expect((await events.next()).value?.data).toBe("a")
    await expect(events.next()).rejects.toThrow("mine")
  })

  test("readEvents() wraps the error that breaks the body of a response", async () => {
    const cause = new TypeError("terminated")
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(cause),
    })
    const events = readEvents(new Response(body, { headers: type }))
    const error: unknown = await events.next().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SseConnectionError)
    expect(error).toMatchObject({ code: "connection", retryable: true, cause })
  })

  test("readEvents() rethrows the abort of the fetch that returned the response", async () => {
    const reason = new DOMException("stop", "AbortError")
    const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(reason) })
    await expect(readEvents(new Response(body, { headers: type })).next()).rejects.toBe(reason)
  })

  test("readEvents() rethrows the error of another source", async () => {
    const error = new Error("mine")
    const events = readEvents(
      // oxlint-disable-next-line require-yield -- it fails before its first chunk
      (async function* (): AsyncGenerator<string> {
        throw error
      })(),
    )
    await expect(events.next()).rejects.toBe(error)
  })
})

describe("readEvents() and its signal", () => {
  test("readEvents() rejects waiting calls with the reason of the signal and cancels the source", async () => {
    const { cancel, stream } = silent()
    const controller = new AbortController()
    const events = readEvents(stream, { signal: controller.signal })
    const waiting = Promise.allSettled([events.next(), events.next()])
    const reason = new Error("mine")
    controller.abort(reason)
    expect(await waiting).toEqual([
      { status: "rejected", reason },
      { status: "rejected", reason },
    ])
    expect(cancel).toHaveBeenCalledWith(reason)
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  test("readEvents() drops queued events when the signal aborts, and rejects the next next() once", async () => {
    const controller = new AbortController()
    const events = readEvents("data: a\n\ndata: b\n\n", { signal: controller.signal })
    await events.next()
    controller.abort(new Error("mine"))
    await expect(events.next()).rejects.toThrow("mine")
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  test("readEvents() with an aborted signal rejects the first next() and cancels the source", async () => {
    const { cancel, stream } = silent()
    const events = readEvents(stream, { signal: AbortSignal.abort(new Error("mine")) })
    await expect(events.next()).rejects.toThrow("mine")
    expect(cancel).toHaveBeenCalledOnce()
  })

  test("readEvents() leaves no listener on the signal, however it ends", async () => {
    const controller = new AbortController()
    const { signal } = controller
    const add = vi.spyOn(signal, "addEventListener")
    const remove = vi.spyOn(signal, "removeEventListener")
    await collect(readEvents("data: a\n\n", { signal }))
    for await (const _ of readEvents(endless().stream, { signal })) break
    await expect(readEvents("data: too long\n\n", { signal, maxLineLength: 3 }).next()).rejects.toThrow(SseLimitError)
    await expect(readEvents(new Response("", { status: 500 }), { signal }).next()).rejects.toThrow(SseResponseError)
    expect(remove.mock.calls).toEqual(add.mock.calls)
    expect(add).toHaveBeenCalledTimes(4)
  })

  test("readEvents() ignores the signal after the end", async () => {
    const controller = new AbortController()
    const events = readEvents("data: a\n\n", { signal: controller.signal })
    await collect(events)
    controller.abort()
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })
})
