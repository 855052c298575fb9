import { getEventListeners } from "node:events"
import { describe, expect, test, vi } from "vitest"
import { chunkResponse, encodeChunks } from "steadystream/openai"
import { ManualClock } from "steadystream/testing"
import { eventsOf, failing, ManualSource, nextText, settle, textOf } from "./stream-reading.ts"
import { silenceReports } from "../../support/silence-reports.ts"

silenceReports()

const INTERNAL = `{"message":"The server had an error while processing your request","type":"server_error","param":null,"code":"internal_error"}`

async function* numbers(count: number) {
  for (let n = 1; n <= count; n++) yield { n }
}

describe("encodeChunks()", () => {
  test.each([
    ["an async generator", () => numbers(2)],
    ["an array", () => [{ n: 1 }, { n: 2 }]],
    ["a stream", () => new ReadableStream({ start: (c) => (c.enqueue({ n: 1 }), c.enqueue({ n: 2 }), c.close()) })],
  ])("encodeChunks() writes the chunks of %s, then the end mark", async (_, source) => {
    expect(await textOf(encodeChunks(source()))).toBe('data: {"n":1}\n\ndata: {"n":2}\n\ndata: [DONE]\n\n')
  })

  test("encodeChunks() leaves the end mark out if an option says so, and after a chunk that carries an error", async () => {
    expect(await textOf(encodeChunks([{ n: 1 }], { done: false }))).toBe('data: {"n":1}\n\n')
    expect(await textOf(encodeChunks([{ error: { message: "No" } }]))).toBe('data: {"error":{"message":"No"}}\n\n')
  })

  test("encodeChunks() names and numbers Responses events, and writes no end mark", async () => {
    const events = [
      { type: "response.created", response: { id: "resp_1" } },
      { type: "keepalive", sequence_number: 5 },
      { type: "response.completed", response: { id: "resp_1" } },
    ]
    const written = await eventsOf(encodeChunks(events, { dialect: "responses" }))
    expect(written.map(({ event }) => event)).toEqual(events.map(({ type }) => type))
    expect(written.map(({ data }) => (JSON.parse(data) as { sequence_number: number }).sequence_number)).toEqual([
      0, 5, 6,
    ])
    expect(await textOf(encodeChunks(events, { dialect: "responses", done: true }))).toMatch(/\n\ndata: \[DONE\]\n\n$/)
  })

  test("encodeChunks() never writes an id", async () => {
    const chunks = [{ id: "chatcmpl-1", n: 1 }]
    expect(await textOf(encodeChunks(chunks))).not.toMatch(/^id/m)
  })

  test("encodeChunks() ends with a general error and no end mark if the source throws", async () => {
    const onError = vi.fn<(error: unknown) => void>()
    const error = new Error("connect ECONNREFUSED 10.0.0.7:5432")
    const text = await textOf(encodeChunks(failing([{ n: 1 }], error), { onError }))
    expect(text).toBe(`data: {"n":1}\n\ndata: {"error":${INTERNAL}}\n\n`)
    expect(onError.mock.calls).toEqual([[error]])
  })

  test("encodeChunks() sends the client what onError returns", async () => {
    const source = failing([], new Error("Come back later"))
    const text = await textOf(
      encodeChunks(source, {
        onError: (error) => ({ message: (error as Error).message, code: "busy", status: 503, raw: error }),
      }),
    )
    expect(text).toBe(
      'data: {"error":{"message":"Come back later","type":"server_error","param":null,"code":"busy"}}\n\n',
    )
  })

  test("encodeChunks() sends a general error if onError throws", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {})
    const body = encodeChunks(failing([], new Error("secret")), {
      onError: () => {
        throw new Error("logger broken")
      },
    })
    expect(await textOf(body)).toBe(`data: {"error":${INTERNAL}}\n\n`)
    expect(report.mock.calls).toEqual([[new Error("logger broken")]])
    report.mockRestore()
  })

  test("encodeChunks() ends a failed Responses stream with error and response.failed", async () => {
    const created = { type: "response.created", response: { id: "resp_1", object: "response", status: "in_progress" } }
    const source = failing([created], new Error("secret"))
    const [, error, failed, ...rest] = await eventsOf(encodeChunks(source, { dialect: "responses", done: true }))
    expect(rest).toEqual([])
    expect(JSON.parse(error!.data)).toMatchObject({
      type: "error",
      sequence_number: 1,
      code: "internal_error",
      error: { type: "server_error" },
    })
    expect(failed!.event).toBe("response.failed")
    expect(JSON.parse(failed!.data)).toEqual({
      type: "response.failed",
      sequence_number: 2,
      response: {
        id: "resp_1",
        object: "response",
        status: "failed",
        error: { code: "internal_error", message: "The server had an error while processing your request" },
      },
    })
  })

  test.each([
    ["chat", { n: 1n }],
    ["responses", { no: "type" }],
    ["responses", { type: "a\nb" }],
  ] as const)("encodeChunks() stops a source that yields what cannot be written: %s", async (dialect, chunk) => {
    const source = new ManualSource<object>()
    const body = textOf(encodeChunks(source, { dialect }))
    await settle()
    source.send(chunk)
    expect(await body).toContain('"code":"internal_error"')
    expect(source.returned).toBe(1)
  })

  test("encodeChunks() stops the source when the client leaves, also while it waits for the source", async () => {
    const source = new ManualSource<object>()
    const reader = encodeChunks(source).getReader()
    const read = reader.read()
    await settle()
    const cancelled = reader.cancel()
    expect(source.returned).toBe(1)
    await cancelled
    expect(await read).toEqual({ done: true, value: undefined })
  })

  test("encodeChunks() cancels a stream when the client leaves, with the client's reason", async () => {
    const cancel = vi.fn<(reason: unknown) => void>()
    const reader = encodeChunks(new ReadableStream({ pull: (c) => c.enqueue({}), cancel })).getReader()
    await reader.read()
    await reader.cancel("gone")
    expect(cancel.mock.calls).toEqual([["gone"]])
  })

  test("encodeChunks() reports the cleanup error of the source to onError", async () => {
    const onError = vi.fn<(error: unknown) => void>()
    const error = new Error("clean-up")
    async function* source() {
      try {
        yield {}
      } finally {
        // oxlint-disable-next-line no-unsafe-finally -- what is tested
        throw error
      }
    }
    const reader = encodeChunks(source(), { onError }).getReader()
    await reader.read()
    await reader.cancel()
    await settle()
    expect(onError.mock.calls).toEqual([[error]])
  })

  test("encodeChunks() errors with the signal's reason and stops the source when it is aborted", async () => {
    const source = new ManualSource<object>()
    const controller = new AbortController()
    const reader = encodeChunks(source, { signal: controller.signal }).getReader()
    const read = reader.read()
    await settle()
    const reason = new Error("shutdown")
    controller.abort(reason)
    await expect(read).rejects.toBe(reason)
    expect(source.returned).toBe(1)
    await expect(encodeChunks([{}], { signal: controller.signal }).getReader().read()).rejects.toBe(reason)
  })

  test("encodeChunks() leaves no listener on a signal after the end", async () => {
    const { signal } = new AbortController()
    await textOf(encodeChunks([{}], { signal }))
    const reader = encodeChunks(new ManualSource<object>(), { signal }).getReader()
    void reader.read()
    await settle()
    expect(getEventListeners(signal, "abort")).toHaveLength(1)
    await reader.cancel()
    expect(getEventListeners(signal, "abort")).toHaveLength(0)
  })

  test("encodeChunks() writes a comment only in silence, and none after the end", async () => {
    const clock = new ManualClock()
    const source = new ManualSource<object>()
    const reader = encodeChunks(source, { keepAlive: 1000, clock }).getReader()
    // The source is silent at the start, so that a comment brings the headers.
    expect(await nextText(reader)).toBe(": keep-alive\n\n")
    const first = nextText(reader)
    await clock.advance(999)
    source.send({ n: 1 })
    expect(await first).toBe('data: {"n":1}\n\n')
    // No read is pending, so no comments queue up, however long it takes.
    await clock.advance(60_000)
    const second = nextText(reader)
    await clock.advance(1000)
    expect(await second).toBe(": keep-alive\n\n")
    const third = nextText(reader)
    source.end()
    expect(await third).toBe("data: [DONE]\n\n")
    expect(await nextText(reader)).toBeUndefined()
    expect(clock.pendingTimers).toBe(0)
  })

  test("encodeChunks() writes no comment if chunks arrive often enough", async () => {
    const clock = new ManualClock()
    const source = new ManualSource<object>()
    const body = textOf(encodeChunks(source, { clock }))
    await settle()
    for (let n = 0; n < 10; n++) {
      await clock.advance(7_000)
      source.send({ n })
    }
    await settle()
    source.end()
    // The one comment is that of the start, when the source was silent.
    expect((await body).match(/^: keep-alive$/gm)).toHaveLength(1)
  })

  test("encodeChunks() reads a chunk only when the client wants one", async () => {
    let asked = 0
    const source = {
      [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: { n: ++asked } }) as const }),
    }
    const reader = encodeChunks(source).getReader()
    await settle()
    expect(asked).toBe(0)
    for (let n = 1; n <= 3; n++) {
      expect(await nextText(reader)).toBe(`data: {"n":${n}}\n\n`)
      await settle()
      expect(asked).toBe(n)
    }
    await reader.cancel()
  })

  test("encodeChunks() rejects an invalid source and a keepAlive that is not a duration", () => {
    for (const source of [undefined, null, 1, "text", {}]) {
      expect(() => encodeChunks(source as never)).toThrow(TypeError)
    }
    expect(() => encodeChunks([], { keepAlive: Number.NaN })).toThrow(RangeError)
  })
})

describe("chunkResponse()", () => {
  test("chunkResponse() sets the headers that keep proxies from buffering it", async () => {
    const response = chunkResponse([{ n: 1 }])
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toEqual({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      incremental: "?1",
    })
    expect(await response.text()).toBe('data: {"n":1}\n\ndata: [DONE]\n\n')
  })

  test("chunkResponse() accepts a status and headers, which override its own", () => {
    const headers = { "cache-control": "no-store", "x-request-id": "7" }
    const response = chunkResponse([], { status: 201, headers })
    expect(response.status).toBe(201)
    expect(response.headers.get("cache-control")).toBe("no-store, no-transform")
    expect(response.headers.get("x-request-id")).toBe("7")
    expect(response.headers.get("x-accel-buffering")).toBe("no")
  })

  test("chunkResponse() starts nothing before its body is read", async () => {
    const source = new ManualSource<object>()
    const { body } = chunkResponse(source)
    await settle()
    expect(source.asked).toBe(0)
    await body!.cancel()
    expect(source.returned).toBe(1)
  })
})
