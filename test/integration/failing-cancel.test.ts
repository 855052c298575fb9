import { describe, expect, test } from "vitest"
import { runProgram } from "../support/program.ts"

describe("a source that cannot be cancelled", () => {
  test.each([
    ["readEvents() after break", "for await (const event of readEvents(stream)) break"],
    ["readChatCompletions() after break", "for await (const chunk of readChatCompletions(stream)) break"],
    ["cancel() of a chunk stream", "readChatCompletions(stream).cancel()"],
    ["cancel() of a relay", "relay(stream).cancel()"],
    [
      "a relay after its browser has left",
      "const reader = relay(stream).toReadableStream().getReader(); await reader.read(); reader.cancel()",
    ],
    [
      "subscribe() after close()",
      "const subscription = subscribe(() => stream); await subscription[Symbol.asyncIterator]().next(); subscription.close()",
    ],
    [
      "encodeChunks() after cancel()",
      "const reader = encodeChunks(stream, { onError() {} }).getReader(); await reader.read(); reader.cancel()",
    ],
    [
      "eventStreamResponse() after cancel()",
      "const reader = eventStreamResponse(stream, { onError() {} }).body.getReader(); await reader.read(); reader.cancel()",
    ],
    ["SseParserStream after cancel()", "stream.pipeThrough(new SseParserStream()).cancel().catch(() => {})"],
    [
      "states() that is left",
      "const subscription = subscribe(() => stream); subscription.states().next(); subscription.close()",
    ],
    ["ended of a reader that is never read", "readChatCompletions(Promise.reject(new Error('down')))"],
  ])("%s leaves no unhandled rejection", async (_, use) => {
    const { code, output } = await runProgram(`
      import { readEvents, SseParserStream } from "steadystream"
      import { subscribe } from "steadystream/client"
      import { encodeChunks, readChatCompletions, relay } from "steadystream/openai"
      import { eventStreamResponse } from "steadystream/server"
      const stream = new ReadableStream({
        start(controller) { controller.enqueue(new TextEncoder().encode('data: {"choices":[]}\\n\\n')) },
        cancel() { return Promise.reject(new Error("cannot cancel")) },
      })
      ${use}
      await new Promise((resolve) => setTimeout(resolve, 50))
      console.log("alive")
      process.exit(0)`)
    expect([code, output]).toEqual([0, "alive"])
  })
})
