import { expect, test } from "vitest"
import { SseTimeoutError, SseTruncatedError } from "ssekit"
import { ManualClock } from "ssekit/testing"
import { readChatCompletions } from "ssekit/openai"
import { all, chat, events, rejection, ScriptedSource } from "./scripted-source.ts"

const HELLO = events(
  chat({ role: "assistant", content: "" }),
  chat({ content: "Hel" }),
  chat({ content: "lo" }),
  chat({}, "stop"),
)

test("readChatCompletions gives the chunks and what they add up to", async () => {
  const stream = readChatCompletions(HELLO + events("[DONE]"))
  expect(await all(stream)).toHaveLength(4)
  expect(stream.snapshot).toMatchObject({
    id: "chatcmpl-1",
    model: "m",
    choices: [{ content: "Hello", finishReason: "stop" }],
  })
  expect(await stream.ended).toMatchObject({ reason: "done", chunks: 4, sawDone: true, error: undefined })
})

test("readChatCompletions ends at [DONE] while the connection stays open", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(HELLO + events("[DONE]"))
  const stream = readChatCompletions(source.stream, { clock })
  await stream.collect()
  expect(source.cancellations).toEqual([])
  await clock.advance(250)
  expect(source.cancellations).toHaveLength(1)
  expect(clock.pendingTimers).toBe(0)
})

test("readChatCompletions throws where the stream ends before its answer", async () => {
  const stream = readChatCompletions(events(chat({ content: "Hel" })))
  const error = await rejection(all(stream))
  expect(error).toBeInstanceOf(SseTruncatedError)
  expect(error).toMatchObject({ missing: "finish_reason", chunks: 1, requestId: null, retryable: false })
  expect(error.partial.choices[0]?.content).toBe("Hel")
  expect(await stream.ended).toMatchObject({ reason: "error", error })
})

test("readChatCompletions cancels the body once when the loop is left", async () => {
  const source = new ScriptedSource().write(HELLO)
  const stream = readChatCompletions(source.stream)
  for await (const chunk of stream) {
    expect(chunk.choices).toHaveLength(1)
    break
  }
  await stream.cancel()
  expect(source.cancellations).toHaveLength(1)
  expect(await stream.ended).toMatchObject({ reason: "cancelled", error: undefined, chunks: 1 })
})

test("readChatCompletions rejects with the signal's reason while it waits", async () => {
  const source = new ScriptedSource().write(HELLO)
  const controller = new AbortController()
  const stream = readChatCompletions(source.stream, { signal: controller.signal })
  const reading = rejection(all(stream))
  await new ManualClock().advance(0)
  controller.abort("enough")
  expect(await reading).toBe("enough")
  expect(await stream.ended).toMatchObject({ reason: "cancelled", error: "enough" })
  expect(source.cancellations).toEqual(["enough"])
})

test.each([
  ["total", 1_000],
  ["idle", 1_000],
  ["eventIdle", 1_000],
] as const)("readChatCompletions leaves a stalled server when %s runs out", async (phase, ms) => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(HELLO)
  const stream = readChatCompletions(source.stream, { clock, timeouts: { [phase]: ms } })
  const reading = rejection(all(stream))
  await clock.advance(999)
  expect(source.cancellations).toEqual([])
  await clock.advance(1)
  const error = await reading
  expect(error).toBeInstanceOf(SseTimeoutError)
  expect(error).toMatchObject({ phase, ms, chunks: 4 })
  expect(source.cancellations).toHaveLength(1)
  expect(clock.pendingTimers).toBe(0)
})
