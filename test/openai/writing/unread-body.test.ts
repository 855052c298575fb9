import { chatCompletionChunks, ChunkEncoderStream, chunkResponse, encodeChunks, relay } from "steadystream/openai"
import { describe, expect, test, vi } from "vitest"
import { runProgram } from "../../support/program.ts"
import { countedSignal, eventStream, rejection, settle, within } from "../../support/streams.ts"
import { ManualSource } from "./stream-reading.ts"

describe("a body that is never read", () => {
  test.each([
    ["encodeChunks()", (signal: AbortSignal) => void encodeChunks([], { signal })],
    ["chunkResponse()", (signal: AbortSignal) => void chunkResponse([], { signal })],
    ["ChunkEncoderStream", (signal: AbortSignal) => void new ChunkEncoderStream({ signal })],
  ])("%s adds no listener before the first read", (_, open) => {
    const { controller, listeners } = countedSignal()
    open(controller.signal)
    expect(listeners()).toBe(0)
  })

  test("chunkResponse() can be collected while its signal lives", async () => {
    const { code, output } = await runProgram(
      `import { chunkResponse } from "steadystream/openai"
      const { signal } = new AbortController()
      let collected = 0
      const registry = new FinalizationRegistry(() => collected++)
      ;(() => {
        for (let at = 0; at < 50; at++) {
          const stream = new ReadableStream()
          registry.register(stream, at)
          chunkResponse(stream, { signal })
        }
      })()
      for (let at = 0; at < 20 && collected < 40; at++) { gc(); await new Promise((resolve) => setTimeout(resolve, 10)) }
      console.log(collected >= 40 ? "collected" : "kept " + (50 - collected), signal.aborted)
      process.exit(0)`,
      ["--expose-gc"],
    )
    expect([code, output]).toEqual([0, "collected false"])
  })

  test("encodeChunks() errors and stops its source at the first read if its signal has aborted since the call", async () => {
    const controller = new AbortController()
    const source = new ManualSource<object>()
    const reader = encodeChunks(source, { signal: controller.signal }).getReader()
    const reason = new Error("gone")
    controller.abort(reason)
    expect(await rejection(reader.read())).toBe(reason)
    expect([source.asked, source.returned]).toEqual([0, 1])
  })

  test("ChunkEncoderStream rejects a write that waits for the first read when its signal aborts", async () => {
    const { controller, listeners } = countedSignal()
    const { writable } = new ChunkEncoderStream({ signal: controller.signal })
    const written = rejection(writable.getWriter().write({ n: 1 }))
    await settle()
    const reason = new Error("gone")
    controller.abort(reason)
    expect(await within(written)).toBe(reason)
    expect(listeners()).toBe(0)
  })

  test("ChunkEncoderStream errors both sides without a report if its signal has aborted already", async () => {
    const onError = vi.fn()
    const reason = new Error("gone")
    const { readable, writable } = new ChunkEncoderStream({ signal: AbortSignal.abort(reason), onError })
    expect(await within(rejection(writable.getWriter().write({ n: 1 })))).toBe(reason)
    expect(await within(rejection(readable.getReader().read()))).toBe(reason)
    expect(onError).not.toHaveBeenCalled()
  })
})

describe("a refused call", () => {
  const refusals: [string, (source: ReadableStream) => unknown][] = [
    ["encodeChunks() with keepAlive: NaN", (source) => encodeChunks(source, { keepAlive: Number.NaN })],
    ["chunkResponse() with keepAlive: NaN", (source) => chunkResponse(source, { keepAlive: Number.NaN })],
    ["chunkResponse() with status 99", (source) => chunkResponse(source, { status: 99 })],
    ["chunkResponse() with status 204", (source) => chunkResponse(source, { status: 204 })],
    ["chunkResponse() with a header that is no token", (source) => chunkResponse(source, { headers: { "x y": "1" } })],
    [
      "chunkResponse() of composed chunks with status 204",
      (source) => chunkResponse(chatCompletionChunks(source), { status: 204 }),
    ],
    ["toResponse() with status 204", (source) => relay(eventStream(source)).toResponse({ status: 204 })],
  ]

  test.each(refusals)("%s cancels the source before it throws", async (_, open) => {
    const onCancel = vi.fn()
    expect(() => open(new ReadableStream({ cancel: onCancel }))).toThrow(Error)
    await settle()
    expect(onCancel).toHaveBeenCalledTimes(1)
  })

  test("toResponse() with status 204 leaves a relay alone that has a consumer", async () => {
    const onCancel = vi.fn()
    const answer = relay(eventStream(new ReadableStream({ cancel: onCancel })))
    void answer.toReadableStream()
    expect(() => answer.toResponse({ status: 204 })).toThrow(Error)
    await settle()
    expect(onCancel).not.toHaveBeenCalled()
  })

  test("chunkResponse() runs no code of a generator if it refuses the call", async () => {
    let started = false
    async function* chunks() {
      started = true
      yield {}
    }
    expect(() => chunkResponse(chunks(), { status: 99 })).toThrow(RangeError)
    await settle()
    expect(started).toBe(false)
  })
})

test.each([
  ["a generator", (endless: () => Iterable<object>) => endless()],
  ["deltas of a generator", (endless: () => Iterable<object>) => chatCompletionChunks(endless())],
])("encodeChunks() of %s without end yields to the event loop", async (_, open) => {
  let others = 0
  const timer = setInterval(() => void others++, 0)
  function* endless() {
    for (;;) yield { text: "x" }
  }
  const reader = encodeChunks(open(endless) as Iterable<object>).getReader()
  for (let read = 0; read < 5_000; read++) await reader.read()
  clearInterval(timer)
  await reader.cancel()
  expect(others).toBeGreaterThan(0)
})
