import { readEvents } from "steadystream"
import { subscribe } from "steadystream/client"
import { readChatCompletions, relay } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { all, DONE, HELLO, rejection, settle } from "../support/streams.ts"

describe("the lock of a stream", () => {
  const bytes = (content: string) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(content))
      },
    })
  const ended = (content: string) => new Response(content).body! as ReadableStream<Uint8Array>
  const uses: [string, ReadableStream<Uint8Array>, (stream: ReadableStream) => Promise<unknown>][] = [
    [
      "readEvents() after break",
      bytes("data: a\n\n"),
      async (stream) => {
        for await (const _ of readEvents(stream)) break
      },
    ],
    ["readEvents() after the end", ended("data: a\n\n"), async (stream) => all(readEvents(stream))],
    ["readEvents() after return()", bytes("data: a\n\n"), async (stream) => readEvents(stream).return()],
    [
      "readEvents() after an abort",
      bytes(""),
      async (stream) => {
        const controller = new AbortController()
        const read = rejection(all(readEvents(stream, { signal: controller.signal })))
        controller.abort()
        await read
      },
    ],
    [
      "readEvents() after a limit error",
      bytes("data: aaaaaaa\n\n"),
      async (stream) => rejection(all(readEvents(stream, { maxLineLength: 5 }))),
    ],
    [
      "readChatCompletions() after break",
      bytes(HELLO),
      async (stream) => {
        for await (const _ of readChatCompletions(stream)) break
      },
    ],
    ["readChatCompletions() after cancel()", bytes(HELLO), async (stream) => readChatCompletions(stream).cancel()],
    [
      "readChatCompletions() after the end mark",
      bytes(HELLO + DONE),
      async (stream) => readChatCompletions(stream, { drain: false }).collect(),
    ],
    [
      "readChatCompletions() after the end",
      ended(HELLO + DONE),
      async (stream) => readChatCompletions(stream).collect(),
    ],
    [
      "readChatCompletions() after an error",
      bytes("data: {\n\n"),
      async (stream) => rejection(readChatCompletions(stream).collect()),
    ],
    ["relay() after the end mark", bytes(HELLO + DONE), async (stream) => all(relay(stream, { drain: false }))],
    [
      "subscribe() after break",
      bytes("data: a\n\n"),
      async (stream) => {
        for await (const _ of subscribe(() => stream)) break
      },
    ],
    [
      "subscribe() after close()",
      bytes("data: a\n\n"),
      async (stream) => {
        const subscription = subscribe(() => stream)
        const iterator = subscription[Symbol.asyncIterator]()
        await iterator.next()
        subscription.close()
      },
    ],
    [
      "subscribe() after the end mark",
      bytes("data: a\n\ndata: [DONE]\n\n"),
      async (stream) => all(subscribe(() => stream, { until: "[DONE]" })),
    ],
  ]
  test.each(uses)("%s releases the lock of its source", async (_, stream, use) => {
    await use(stream)
    await settle()
    expect(stream.locked).toBe(false)
  })
})
