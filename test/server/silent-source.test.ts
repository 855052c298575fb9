import { Readable } from "node:stream"
import { chatCompletionChunks, encodeChunks } from "steadystream/openai"
import { eventStreamResponse, type SseServerSource } from "steadystream/server"
import { afterEach, describe, expect, test, vi } from "vitest"
import { settle, within } from "../support/streams.ts"
import { serve } from "../support/serve-events.ts"

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe("a silent source", () => {
  const idle = () => {
    const source = new Readable({ objectMode: true, read() {} })
    source.push({ data: "a" })
    return source
  }
  test.each([
    ["a Node stream", (source: Readable) => source],
    ["a handler that returns a Node stream", (source: Readable) => () => source],
    ["a handler that returns a promise of a Node stream", (source: Readable) => async () => source],
  ] as [string, (source: Readable) => SseServerSource][])(
    "eventStreamResponse() destroys %s when its reader leaves",
    async (_, open) => {
      const source = idle()
      const reader = eventStreamResponse(open(source)).body!.getReader()
      await reader.read()
      void reader.read().catch(() => {})
      await settle()
      void reader.cancel()
      await settle()
      expect(source.destroyed).toBe(true)
    },
  )

  test("eventStreamResponse() destroys a Node stream when its signal aborts", async () => {
    const source = idle()
    const controller = new AbortController()
    const reader = eventStreamResponse(source, { signal: controller.signal }).body!.getReader()
    await reader.read()
    void reader.read().catch(() => {})
    await settle()
    controller.abort()
    await settle()
    expect(source.destroyed).toBe(true)
  })

  test("sendEventStream() destroys a Node stream when its client leaves", async () => {
    const source = idle()
    const state = await serve(source)
    const controller = new AbortController()
    const response = await fetch(state.origin, { signal: controller.signal })
    await response.body!.getReader().read()
    controller.abort()
    expect(await within(state.sent)).toBe("resolved")
    await settle()
    expect(source.destroyed).toBe(true)
  })

  test.each([
    ["encodeChunks()", (source: Readable) => encodeChunks(source)],
    ["encodeChunks() of composed chunks", (source: Readable) => encodeChunks(chatCompletionChunks(source))],
  ])("%s destroys a Node stream when its reader leaves", async (_, open) => {
    const source = new Readable({ objectMode: true, read() {} })
    source.push({ text: "a" })
    const reader = open(source).getReader()
    await reader.read()
    for (let at = 0; at < 4; at++) void reader.read().catch(() => {})
    await settle()
    void reader.cancel()
    await settle()
    expect(source.destroyed).toBe(true)
  })
})
