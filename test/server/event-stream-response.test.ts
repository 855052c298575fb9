import { expect, onTestFinished, test, vi } from "vitest"
import { readEvents, SseConnectionError, type SseEventInit } from "steadystream"
import { eventStreamResponse, type Session } from "steadystream/server"
import { settle } from "../support/streams.ts"

const request = (headers: Record<string, string> = {}, init: RequestInit = {}) =>
  new Request("http://localhost/", { ...init, headers })

async function* words(...list: string[]): AsyncGenerator<SseEventInit> {
  for (const data of list) yield { data }
}

/** An endless source that records when it was stopped. */
function endless() {
  const seen = { taken: 0, stopped: false }
  async function* events() {
    try {
      for (;;) yield { data: `${++seen.taken}` }
    } finally {
      seen.stopped = true
    }
  }
  return { seen, events: events() }
}

const latin1 = (text: string) => String.fromCharCode(...new TextEncoder().encode(text))
const cursorOf = async (headers: Record<string, string>) =>
  eventStreamResponse((session) => words(session.lastEventId), { request: request(headers) }).text()
const sendForever = async (session: Session) => {
  for (;;) await session.send({ data: "x" })
}
const waitForEnd = (session: Session) =>
  new Promise((_, reject) => session.signal.addEventListener("abort", () => reject(session.signal.reason)))
const settled = () => settle(10)

test("eventStreamResponse() sends the items of an async iterable and ends with it", async () => {
  const response = eventStreamResponse(words("a", "b"))
  expect(await response.text()).toBe("data: a\n\ndata: b\n\n")
})

test("eventStreamResponse() accepts a ReadableStream, an array and a generator function", async () => {
  const stream = new ReadableStream<SseEventInit>({
    start(controller) {
      controller.enqueue({ event: "x", data: "1" })
      controller.close()
    },
  })
  expect(await eventStreamResponse(stream).text()).toBe("event: x\ndata: 1\n\n")
  expect(await eventStreamResponse([{ data: "1" }, { id: "2" }]).text()).toBe("data: 1\n\nid: 2\n\n")
  expect(await eventStreamResponse(() => words("z")).text()).toBe("data: z\n\n")
})

test("eventStreamResponse() sends the items of an async function's result, unless the client left meanwhile", async () => {
  expect(await eventStreamResponse(async () => words("y")).text()).toBe("data: y\n\n")
  const { seen, events } = endless()
  let authorize = (): void => {}
  const authorized = new Promise<void>((resolve) => (authorize = resolve))
  const reader = eventStreamResponse(async () => {
    await authorized
    return events
  }).body!.getReader()
  void reader.read()
  await settled()
  await reader.cancel()
  authorize()
  await settled()
  expect(seen.taken).toBe(0)
  expect((await events.next()).done).toBe(true)
})

test("eventStreamResponse() rejects a source that cannot yield events", () => {
  for (const source of ["data: x\n\n", 7, null, undefined, {}]) {
    expect(() => eventStreamResponse(source as never)).toThrow(TypeError)
  }
  const locked = new ReadableStream<SseEventInit>()
  locked.getReader()
  expect(() => eventStreamResponse(locked)).toThrow(TypeError)
  expect(() => eventStreamResponse([], { retry: 1.5 })).toThrow(RangeError)
  expect(() => eventStreamResponse([], { keepAlive: Number.NaN })).toThrow(RangeError)
})

test("eventStreamResponse() sets headers against buffering, storing and compressing, and the caller's headers win", () => {
  const headers = Object.fromEntries(eventStreamResponse([]).headers)
  expect(headers).toEqual({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    incremental: "?1",
  })
  const response = eventStreamResponse([], { status: 201, headers: { "Cache-Control": "private", "X-Mine": "1" } })
  expect(response.status).toBe(201)
  expect(response.headers.get("cache-control")).toBe("private, no-transform")
  expect(response.headers.get("x-mine")).toBe("1")
})

test("eventStreamResponse() sends the reconnection time before the first event", async () => {
  expect(await eventStreamResponse(words("a"), { retry: 2000 }).text()).toBe("retry: 2000\n\ndata: a\n\n")
})

test("eventStreamResponse() starts nothing before the body is read, and stops a source that never started", async () => {
  const handler = vi.fn<(session: Session) => void>()
  await eventStreamResponse(handler).body!.cancel()
  expect(handler).not.toHaveBeenCalled()
  const { seen, events } = endless()
  await eventStreamResponse(events).body!.cancel()
  expect(seen.taken).toBe(0)
  expect(await events.next()).toEqual({ done: true, value: undefined })
})

test("eventStreamResponse() answers HEAD with headers only and never starts the source", async () => {
  const { seen, events } = endless()
  const response = eventStreamResponse(events, { request: request({}, { method: "HEAD" }) })
  expect(response.body).toBe(null)
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8")
  await settled()
  expect(seen.taken).toBe(0)
  expect((await events.next()).done).toBe(true)
})

test("eventStreamResponse() is no faster than its reader, and stops the source when the reader leaves", async () => {
  const { seen, events } = endless()
  const reader = eventStreamResponse(events).body!.getReader()
  await reader.read()
  await settled()
  expect(seen.taken).toBeLessThanOrEqual(2)
  await reader.cancel()
  await settled()
  expect(seen.stopped).toBe(true)
})

test("eventStreamResponse() cancels a stream source when the reader leaves", async () => {
  const cancel = vi.fn<() => void>()
  const reader = eventStreamResponse(new ReadableStream<SseEventInit>({ cancel })).body!.getReader()
  void reader.read()
  await reader.cancel()
  await settled()
  expect(cancel).toHaveBeenCalledTimes(1)
})

test("eventStreamResponse() delivers the events before a source failed, then breaks without its message", async () => {
  const failure = new Error("password is hunter2")
  const onError = vi.fn<(error: unknown) => void>()
  async function* events() {
    yield { data: "a" }
    throw failure
  }
  const iterator = readEvents(eventStreamResponse(events(), { onError }))
  expect((await iterator.next()).value?.data).toBe("a")
  const error = await iterator.next().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SseConnectionError)
  expect(String(error)).not.toContain("hunter2")
  expect(onError.mock.calls).toEqual([[failure]])
})

test("eventStreamResponse() treats an event that cannot be encoded as a failure of its source", async () => {
  const onError = vi.fn<(error: unknown) => void>()
  const response = eventStreamResponse([{ event: "a\nb" }], { onError })
  await expect(response.text()).rejects.toThrow("its source has failed")
  expect(onError).toHaveBeenCalledTimes(1)
  expect(onError.mock.calls[0]![0]).toBeInstanceOf(TypeError)
})

test("eventStreamResponse() reports a cleanup of the source that fails after the reader left", async () => {
  const onError = vi.fn<(error: unknown) => void>()
  const events: AsyncIterable<SseEventInit> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: { data: "x" } }),
      return: () => Promise.reject(new Error("cannot release")),
    }),
  }
  const reader = eventStreamResponse(events, { onError }).body!.getReader()
  await reader.read()
  await reader.cancel()
  await settled()
  expect(onError).toHaveBeenCalledTimes(1)
})

test("eventStreamResponse() does not report a source that stops because its client left", async () => {
  const onError = vi.fn<(error: unknown) => void>()
  for (const source of [sendForever, waitForEnd]) {
    const reader = eventStreamResponse(source as (session: Session) => Promise<void>, {
      onError,
      retry: 1,
    }).body!.getReader()
    await reader.read()
    await reader.cancel()
    await settled()
  }
  expect(onError).not.toHaveBeenCalled()
})

test("eventStreamResponse() ends at its signal: the reader sees the reason and the source stops", async () => {
  const stop = new AbortController()
  const { seen, events } = endless()
  const reader = eventStreamResponse(events, { signal: stop.signal }).body!.getReader()
  await reader.read()
  stop.abort(new Error("shutting down"))
  await expect(reader.read()).rejects.toThrow("shutting down")
  await settled()
  expect(seen.stopped).toBe(true)
})

test("eventStreamResponse() with an aborted signal starts closed", async () => {
  const handler = vi.fn<(session: Session) => void>()
  const response = eventStreamResponse(handler, { signal: AbortSignal.abort(new Error("late")) })
  await expect(response.text()).rejects.toThrow("late")
  expect(handler).not.toHaveBeenCalled()
})

test("eventStreamResponse() adds one listener to a signal that a thousand streams share", async () => {
  const { signal } = new AbortController()
  const add = vi.spyOn(signal, "addEventListener")
  const responses = Array.from({ length: 1000 }, () => eventStreamResponse(words("a"), { signal }))
  expect(add).not.toHaveBeenCalled()
  await Promise.all(responses.map((response) => response.text()))
  expect(add).toHaveBeenCalledTimes(1)
})

test("eventStreamResponse() passes the cursor of the request to the session, its bytes read as UTF-8", async () => {
  expect(await cursorOf({})).toBe("data:\n\n")
  expect(await cursorOf({ "Last-Event-ID": "41" })).toBe("data: 41\n\n")
  expect(await cursorOf({ "Last-Event-ID": latin1("Größe 7 ✓") })).toBe("data: Größe 7 ✓\n\n")
  expect(await cursorOf({ "Last-Event-ID": "caf\xe9" })).toBe("data: café\n\n")
})

test("eventStreamResponse() reports what onError throws or rejects with, and still ends everything", async () => {
  const failure = new Error("of onError")
  const report = vi.spyOn(console, "error").mockImplementation(() => {})
  onTestFinished(() => report.mockRestore())
  const hooks: readonly (() => unknown)[] = [
    () => {
      throw failure
    },
    () => Promise.reject(failure),
  ]
  const source = () => Promise.reject(new Error("of the source"))
  for (const onError of hooks) {
    await expect(eventStreamResponse(source, { onError }).text()).rejects.toThrow("failed")
    await settled()
  }
  expect(report.mock.calls).toEqual([[failure], [failure]])
})

test("eventStreamResponse() cancels the source and adds no listener if the status allows no body", async () => {
  const { signal } = new AbortController()
  const add = vi.spyOn(signal, "addEventListener")
  const cancel = vi.fn<() => void>()
  for (const status of [204, 600]) {
    expect(() => eventStreamResponse(new ReadableStream({ cancel }), { status, signal })).toThrow(/status/i)
  }
  await settled()
  expect(cancel).toHaveBeenCalledTimes(2)
  expect(add).not.toHaveBeenCalled()
})

test("eventStreamResponse() reports a stream-like source whose cancellation throws or returns no promise", async () => {
  const uncaught = vi.fn<() => void>()
  process.on("uncaughtException", uncaught)
  onTestFinished(() => void process.off("uncaughtException", uncaught))
  const onError = vi.fn<(error: unknown) => void>()
  const failing = () => {
    throw new Error("broken source")
  }
  for (const cancel of [failing, () => undefined]) {
    const source = { getReader: () => ({ read: () => new Promise(() => {}), cancel }) }
    const reader = eventStreamResponse(source as never, { onError }).body!.getReader()
    void reader.read()
    await settled()
    await reader.cancel()
    await settled()
  }
  expect(uncaught).not.toHaveBeenCalled()
  expect(onError.mock.calls).toEqual([[new Error("broken source")]])
})

test("eventStreamResponse() does not report a source that only rethrows the reason of its cancellation", async () => {
  const onError = vi.fn<(error: unknown) => void>()
  const passOn = async (session: Session) => {
    await session.send({ data: "a" })
    await waitForEnd(session)
  }
  const abort = async (session: Session) => {
    await passOn(session).catch(() => {})
    throw new DOMException("aborted", "AbortError")
  }
  for (const source of [passOn, abort]) {
    const reader = eventStreamResponse(source, { onError }).body!.getReader()
    await reader.read()
    await settled()
    await reader.cancel()
    await settled()
  }
  expect(onError).not.toHaveBeenCalled()
})

test("eventStreamResponse() reports once if the source and its cleanup both fail", async () => {
  const onError = vi.fn<(error: unknown) => void>()
  const source = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false as const, value: { id: "\n" } }),
      return: async () => {
        throw new Error("clean-up")
      },
    }),
  }
  await expect(eventStreamResponse(source, { onError }).text()).rejects.toThrow("its source has failed")
  await settled()
  expect(onError.mock.calls).toMatchObject([[{ code: "invalid-field" }]])
})

test("eventStreamResponse() does not return an iterator that has ended or thrown", async () => {
  const stop = vi.fn<() => void>()
  const next = [async () => ({ done: true as const, value: undefined }), () => Promise.reject(new Error("mine"))]
  for (const one of next) {
    const source = { [Symbol.asyncIterator]: () => ({ next: one, return: async () => stop() as never }) }
    await eventStreamResponse(source, { onError() {} })
      .text()
      .catch(() => {})
    await settled()
  }
  expect(stop).not.toHaveBeenCalled()
})
