import { readChatCompletions, relay } from "steadystream/openai"
import { ManualClock } from "steadystream/testing"
import { describe, expect, test } from "vitest"
import { runProgram } from "../../support/program.ts"
import { countedSignal, eventStream, HELLO, within } from "../../support/streams.ts"

describe("a reading that is not continued", () => {
  test.each([
    ["readChatCompletions", "readChatCompletions(text)[Symbol.asyncIterator]()"],
    ["readChatCompletions over a stream", "readChatCompletions(new Response(text).body)[Symbol.asyncIterator]()"],
    ["readResponses", "readResponses(text)[Symbol.asyncIterator]()"],
    ["textDeltas", "readChatCompletions(text).textDeltas()"],
    ["toReadableStream", "readerOf(readChatCompletions(text).toReadableStream())"],
    ["relay", "relay(text)[Symbol.asyncIterator]()"],
    ["relay as a stream", "readerOf(relay(text).toReadableStream())"],
    ["relay as a response", "readerOf(relay(text).toResponse().body)"],
    ["encodeChunks", "readerOf(encodeChunks([{}, {}, {}]))"],
    ["chunkResponse", "readerOf(chunkResponse([{}, {}, {}]).body)"],
  ])("%s allows the process to end after one next()", async (_, expression) => {
    const { code, output, errors } = await runProgram(
      `
      import { chunkResponse, encodeChunks, readChatCompletions, readResponses, relay } from "steadystream/openai"
      const readerOf = (stream) => (reader => ({ next: () => reader.read() }))(stream.getReader())
      const one = 'data: {"type":"response.output_text.delta","delta":"a","choices":[{"index":0,"delta":{"content":"a"}}]}\\n\\n'
      const text = one + one + one
      const { done } = await ${expression}.next()
      const begin = performance.now()
      // A timer for keep-alive comments would hold the process for 8 s.
      process.once("exit", () => console.log(done, performance.now() - begin < 5_000 ? "soon" : "late"))`,
    )
    expect([code, output, errors]).toEqual([0, "false soon", ""])
  })
  test.each([
    ["relay()", (signal: AbortSignal) => relay(eventStream(HELLO), { signal })],
    ["relay().toResponse()", (signal: AbortSignal) => relay(eventStream(HELLO), { signal }).toResponse()],
    ["readChatCompletions()", (signal: AbortSignal) => readChatCompletions(eventStream(HELLO), { signal })],
  ])("%s adds no listener to the signal before the first read", (_, open) => {
    const { controller, listeners } = countedSignal()
    open(controller.signal)
    expect(listeners()).toBe(0)
  })
  test("relay().ended settles by timeouts.total if the relay is never read", async () => {
    const clock = new ManualClock()
    let isCancelled = false
    const body = new ReadableStream({ cancel: () => void (isCancelled = true) })
    const answer = relay(eventStream(body), { clock, timeouts: { total: 1_000 } })
    answer.toResponse()
    await clock.advance(1_000)
    expect(await within(answer.ended, 200)).toMatchObject({ reason: "error" })
    expect(isCancelled).toBe(true)
  })
  test("relay().ended settles by a default deadline if the relay is never read", async () => {
    const clock = new ManualClock()
    const answer = relay(eventStream(new ReadableStream()), { clock })
    answer.toResponse()
    await clock.advance(24 * 3_600_000)
    expect(await within(answer.ended, 200)).toMatchObject({ reason: expect.stringMatching(/error|cancelled/) })
  })
  test("relay() can be collected if its response is never read", async () => {
    const { code, output } = await runProgram(
      `import { relay } from "steadystream/openai"
      const { signal } = new AbortController()
      let collected = 0
      const registry = new FinalizationRegistry(() => collected++)
      ;(() => {
        for (let at = 0; at < 50; at++) {
          const stream = new ReadableStream({ start(controller) { controller.enqueue(new TextEncoder().encode("data: {}\\n\\n")) } })
          const response = new Response(stream, { headers: { "content-type": "text/event-stream" } })
          registry.register(stream, at)
          relay(response, { signal }).toResponse()
        }
      })()
      for (let at = 0; at < 20 && collected < 40; at++) { gc(); await new Promise((resolve) => setTimeout(resolve, 10)) }
      console.log(collected >= 40 ? "collected" : "kept " + (50 - collected), signal.aborted)
      process.exit(0)`,
      ["--expose-gc"],
    )
    expect([code, output]).toEqual([0, "collected false"])
  })
})
