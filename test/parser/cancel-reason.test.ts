import { readEvents, SseParserStream } from "steadystream"
import { encodeChunks, readChatCompletions, readResponses, relay } from "steadystream/openai"
import { describe, expect, test, vi } from "vitest"
import { chat, events, eventStream, rejection, settle, within } from "../support/streams.ts"

describe("the reason of a cancellation", () => {
  const reason = new Error("no longer wanted")
  const sources: [string, (source: ReadableStream) => unknown][] = [
    ["SseParserStream", (source) => source.pipeThrough(new SseParserStream() as never).cancel(reason)],
    ["toReadableStream()", (source) => readChatCompletions(source).toReadableStream().cancel(reason)],
    [
      "toReadableStream() of a response",
      (source) => readResponses(eventStream(source)).toReadableStream().cancel(reason),
    ],
    ["relay().toReadableStream()", (source) => relay(source).toReadableStream().cancel(reason)],
    ["relay().toResponse()", (source) => relay(eventStream(source)).toResponse().body!.cancel(reason)],
    ["cancel() of a chunk stream", (source) => readChatCompletions(source).cancel(reason)],
    ["cancel() of a relay", (source) => relay(source).cancel(reason)],
    ["encodeChunks()", (source) => encodeChunks(source).cancel(reason)],
    [
      "the signal of readEvents()",
      async (source) => {
        const controller = new AbortController()
        const read = rejection(readEvents(source, { signal: controller.signal }).next())
        controller.abort(reason)
        await read
      },
    ],
  ]
  test.each(sources)("%s passes the reason to its source", async (_, cancel) => {
    const onCancel = vi.fn()
    const source = new ReadableStream({ cancel: onCancel })
    await within(Promise.resolve(cancel(source)), 200)
    await settle()
    expect(onCancel.mock.calls).toEqual([[reason]])
  })

  test.each([
    ["SseParserStream", (source: ReadableStream) => source.pipeThrough(new SseParserStream() as never)],
    [
      "toReadableStream()",
      (source: ReadableStream) => readChatCompletions(source).toReadableStream() as ReadableStream,
    ],
  ])("%s passes the reason to its source while it is read", async (_, open) => {
    const onCancel = vi.fn()
    const body = events(chat({ content: "a" }))
    const source = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(body)),
      cancel: onCancel,
    })
    const reader = open(source).getReader()
    await reader.read()
    void reader.read().catch(() => {})
    await settle()
    await within(reader.cancel(reason), 200)
    await settle()
    expect(onCancel.mock.calls).toEqual([[reason]])
  })
})
