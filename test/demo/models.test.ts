import OpenAI from "openai"
import { expect, onTestFinished, test, vi } from "vitest"
import { SseError, SseProviderError, type SseTimeoutError, type SseTruncatedError } from "steadystream"
import { type ChunkTimeouts, readChatCompletions, type ReadChunksOptions } from "steadystream/openai"
import { ManualClock } from "steadystream/testing"
import { DemoServer } from "../../demo/server/demo-server.ts"

const pageDirectory = new URL("../../demo/page/", import.meta.url)
const MESSAGES = [{ role: "user" as const, content: "What are server-sent events?" }]

async function startDemo() {
  const demo = new DemoServer({ pageDirectory, pace: { token: 1, beat: 20 } })
  onTestFinished(() => demo.close())
  return `http://127.0.0.1:${await demo.listen("127.0.0.1", 0)}`
}

/** Reads the answer of one of the demo's models. */
function read(origin: string, model: string, options: ReadChunksOptions = {}) {
  const body = JSON.stringify({ model, stream: true, stream_options: { include_usage: true }, messages: MESSAGES })
  return readChatCompletions(
    (signal) => fetch(`${origin}/v1/chat/completions`, { method: "POST", body, signal }),
    options,
  )
}

/** Reads to the end and returns the error. */
async function failureOf(stream: ReturnType<typeof read>): Promise<SseError> {
  const thrown: unknown = await stream.collect().then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!SseError.is(thrown)) throw new Error("The stream must fail", { cause: thrown })
  expect(await stream.ended).toMatchObject({ reason: "error", error: thrown, sawDone: false })
  return thrown
}

/** Moves the clock until the reading has failed, in steps before which the model has time for a beat. */
async function passUntil<T>(clock: ManualClock, failure: Promise<T>): Promise<T> {
  const state = { isOver: false }
  void failure.then(() => (state.isOver = true))
  while (!state.isOver) {
    await new Promise((resolve) => setTimeout(resolve, 40))
    await clock.advance(100)
  }
  return failure
}

const clientOf = (origin: string) => new OpenAI({ baseURL: `${origin}/v1`, apiKey: "none", maxRetries: 0 })

test("demo-tool-call streams two calls whose arguments come in pieces", async () => {
  const origin = await startDemo()
  const { choices } = await read(origin, "demo-tool-call").collect()
  expect(choices[0]).toMatchObject({
    content: "I will look up the trains and the weather.",
    finishReason: "tool_calls",
    toolCalls: [{ name: "find_trains" }, { name: "get_weather" }],
  })
  const inputs = choices[0]!.toolCalls.map(({ arguments: input }) => JSON.parse(input) as unknown)
  expect(inputs[1]).toEqual({ place: "Bergen", when: "tonight", unit: "celsius" })
})

test("demo-tool-call sends the official client the same calls, streamed and as one JSON body", async () => {
  const client = clientOf(await startDemo())
  const request = { model: "demo-tool-call", messages: MESSAGES }
  const message = await client.chat.completions.stream(request).finalMessage()
  const whole = await client.chat.completions.create(request)
  for (const { content, tool_calls: calls } of [message, whole.choices[0]!.message]) {
    expect(content).toBe("I will look up the trains and the weather.")
    expect(calls).toMatchObject([{ function: { name: "find_trains" } }, { function: { name: "get_weather" } }])
  }
  expect(whole.choices[0]!.finish_reason).toBe("tool_calls")
})

test("demo-reasoning streams its reasoning before its text", async () => {
  const stream = read(await startDemo(), "demo-reasoning")
  const order: string[] = []
  for await (const { choices } of stream) {
    const { content, reasoning_content: reasoning } = choices?.[0]?.delta ?? {}
    const kind = reasoning ? "reasoning" : content ? "text" : order.at(-1)
    if (kind !== undefined && order.at(-1) !== kind) order.push(kind)
  }
  expect(order).toEqual(["reasoning", "text"])
  const { choices, usage } = stream.snapshot
  expect(choices[0]!.reasoning).toMatch(/^The square root of 2027 /)
  expect(choices[0]!.content).toMatch(/^Yes, 2027 is a prime: /)
  expect(usage!.completion_tokens_details!.reasoning_tokens).toBeGreaterThan(50)
})

test("demo-reasoning sends the official client its reasoning and its text", async () => {
  const client = clientOf(await startDemo())
  const stream = await client.chat.completions.create({ model: "demo-reasoning", messages: MESSAGES, stream: true })
  let text = ""
  let reasoning = ""
  for await (const { choices } of stream) {
    const delta = choices[0]!.delta as { content?: string; reasoning_content?: string }
    text += delta.content ?? ""
    reasoning += delta.reasoning_content ?? ""
  }
  expect(text).toMatch(/^Yes, 2027 is a prime: .*already\.$/)
  expect(reasoning).toMatch(/^The square root of 2027 .*past 2027\.$/)
})

test("demo-error reports an error in the middle, to our reader and to the official client", async () => {
  const origin = await startDemo()
  const stream = read(origin, "demo-error")
  const error = (await failureOf(stream)) as SseProviderError
  expect(error).toBeInstanceOf(SseProviderError)
  expect(error.error).toMatchObject({ code: "model_overloaded", type: "server_error" })
  expect(stream.snapshot.choices[0]).toMatchObject({ content: expect.stringMatching(/line\. The$/) as string })
  const theirs = await clientOf(origin).chat.completions.create({
    model: "demo-error",
    messages: MESSAGES,
    stream: true,
  })
  const reading = (async () => {
    for await (const chunk of theirs) expect(chunk.choices).toHaveLength(1)
  })()
  await expect(reading).rejects.toThrow("The model is overloaded and stopped halfway")
})

test("demo-cut ends cleanly in the middle, which is an error", async () => {
  const stream = read(await startDemo(), "demo-cut")
  const error = (await failureOf(stream)) as SseTruncatedError
  expect(error).toMatchObject({ code: "truncated", missing: "finish_reason" })
  expect(stream.snapshot.choices[0]!.content).toMatch(/line\. The$/)
})

const LATE: readonly [model: string, phase: keyof ChunkTimeouts, text: RegExp][] = [
  ["demo-connect", "connect", /^$/],
  ["demo-first-content", "firstContent", /^$/],
  ["demo-idle", "idle", /line\. The$/],
  ["demo-event-idle", "eventIdle", /line\. The$/],
  ["demo-content-idle", "contentIdle", /line\. The$/],
  ["demo-total", "total", /^Server-sent events are/],
]

test.for(LATE)("%s is ended by the timeout %s, with the text so far", async ([model, phase, text]) => {
  const clock = new ManualClock()
  const stream = read(await startDemo(), model, { clock, timeouts: { [phase]: 300 } })
  const textOf = () => stream.snapshot.choices[0]?.content ?? ""
  const failure = failureOf(stream)
  await vi.waitFor(() => expect(textOf()).toMatch(text))
  expect((await passUntil(clock, failure)) as SseTimeoutError).toMatchObject({ code: "timeout", phase })
  expect(textOf()).toMatch(text)
})

test("demo-event-idle and demo-content-idle send the heartbeats that they should send", async () => {
  const origin = await startDemo()
  let comments = 0
  const clock = new ManualClock()
  const beating = read(origin, "demo-event-idle", {
    clock,
    timeouts: { eventIdle: 300 },
    onHeartbeat: () => void comments++,
  })
  const failure = failureOf(beating)
  await vi.waitFor(() => expect(comments).toBeGreaterThan(2))
  await passUntil(clock, failure)
  const stream = read(origin, "demo-content-idle", { timeouts: { idle: 10_000 } })
  let empty = 0
  for await (const { choices } of stream) {
    if (Object.keys(choices![0]!.delta!).length === 0 && ++empty === 3) break
  }
  expect((await stream.ended).reason).toBe("cancelled")
})

test.for(["demo-error", "demo-cut", "demo-connect", "demo-total"])(
  "%s without stream responds with the whole answer",
  async (model) => {
    const completion = await clientOf(await startDemo()).chat.completions.create({ model, messages: MESSAGES })
    expect(completion.choices[0]!.message.content).toMatch(/^Server-sent events are .* at the end\.$/)
    expect(completion.usage!.completion_tokens).toBeGreaterThan(50)
  },
)
