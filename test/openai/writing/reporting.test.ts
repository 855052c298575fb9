import { chatCompletionChunks, ChunkEncoderStream, chunkResponse, encodeChunks, relay } from "steadystream/openai"
import { afterEach, describe, expect, test, vi } from "vitest"
import { settle, textOf } from "./stream-reading.ts"

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

const chat = (content: string) => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })
const events = (payload: object) => `data: ${JSON.stringify(payload)}\n\n`

describe("a failing source without onError", () => {
  const failure = new Error("database password is hunter2")
  async function* failing() {
    yield chat("Hi")
    throw failure
  }
  const brokenBody = () =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(events(chat("Hel"))))
        controller.error(failure)
      },
    })
  const surfaces: [string, () => Promise<string>][] = [
    ["encodeChunks()", () => textOf(encodeChunks(failing()))],
    ["encodeChunks() of a stream", () => textOf(encodeChunks(brokenBody() as never))],
    ["encodeChunks() of deltas that fail", () => textOf(encodeChunks(chatCompletionChunks(failing() as never)))],
    ["chunkResponse()", () => chunkResponse(failing()).text()],
    [
      "ChunkEncoderStream",
      async () => {
        const { readable, writable } = new ChunkEncoderStream()
        const text = textOf(readable)
        void writable.abort(failure).catch(() => {})
        return text
      },
    ],
    [
      "relay() of a cut body",
      () =>
        relay(new Response(brokenBody(), { headers: { "content-type": "text/event-stream" } }))
          .toResponse()
          .text(),
    ],
    [
      "relay() of a refusal",
      () =>
        relay(new Response("{}", { status: 500 }))
          .toResponse()
          .text(),
    ],
    [
      "relay() of a provider that cannot be reached",
      () =>
        relay(async () => {
          throw failure
        })
          .toResponse()
          .text(),
    ],
    [
      "relay() of an error event",
      () =>
        relay(events({ error: { message: "broken" } }))
          .toResponse()
          .text(),
    ],
    [
      "relay() of a truncated answer",
      () =>
        relay(events(chat("Hel")))
          .toResponse()
          .text(),
    ],
  ]

  test.each(surfaces)("%s reports the error once by console.error", async (_, read) => {
    vi.stubGlobal("reportError", undefined)
    const print = vi.spyOn(console, "error").mockImplementation(() => {})
    const text = await read()
    await settle()
    expect(print).toHaveBeenCalledTimes(1)
    expect(text).not.toContain("hunter2")
  })

  test.each(surfaces)("%s reports the error once by reportError if the platform has it", async (_, read) => {
    const report = vi.fn()
    vi.stubGlobal("reportError", report)
    const print = vi.spyOn(console, "error").mockImplementation(() => {})
    await read()
    await settle()
    expect(report).toHaveBeenCalledTimes(1)
    expect(print).not.toHaveBeenCalled()
  })

  test.each([
    ["encodeChunks()", (onError: () => void) => textOf(encodeChunks(failing(), { onError }))],
    [
      "relay()",
      (onError: () => void) =>
        relay(new Response(brokenBody(), { headers: { "content-type": "text/event-stream" } }), { onError })
          .toResponse()
          .text(),
    ],
  ])("%s reports nothing by itself if there is an onError", async (_, read) => {
    const report = vi.fn()
    vi.stubGlobal("reportError", report)
    const onError = vi.fn()
    await read(onError)
    await settle()
    expect([onError.mock.calls.length, report.mock.calls.length]).toEqual([1, 0])
  })
})
