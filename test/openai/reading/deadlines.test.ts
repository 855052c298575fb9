import { expect, test } from "vitest"
import { SseTimeoutError } from "steadystream"
import { ManualClock } from "steadystream/testing"
import { type ChunkTimeouts, readChatCompletions, readResponses } from "steadystream/openai"
import { all, deferred, chat, events, HELLO, rejection, ScriptedSource, settle } from "./scripted-source.ts"

const STALLED: [keyof ChunkTimeouts, () => Parameters<typeof readChatCompletions>[0], number][] = [
  ["connect", () => () => new Promise<never>(() => {}), 0],
  ["firstContent", () => new ScriptedSource().write(events(chat({ role: "assistant" }))).stream, 1],
  ["idle", () => new ScriptedSource().write(HELLO).stream, 4],
  ["eventIdle", () => new ScriptedSource().write(HELLO).stream, 4],
  ["contentIdle", () => new ScriptedSource().write(HELLO).stream, 4],
  ["total", () => new ScriptedSource().write(HELLO).stream, 4],
]

test.each(STALLED)("readChatCompletions() throws SseTimeoutError when %s runs out", async (phase, source, chunks) => {
  const clock = new ManualClock()
  const stream = readChatCompletions(source(), { clock, timeouts: { [phase]: 500 } })
  const reading = rejection(all(stream))
  let settled = false
  void stream.ended.then(() => (settled = true))
  await clock.advance(499)
  expect(settled).toBe(false)
  await clock.advance(1)
  const error = await reading
  expect(error).toBeInstanceOf(SseTimeoutError)
  expect(error).toMatchObject({ phase, ms: 500, chunks, retryable: chunks === 0 })
  expect(await stream.ended).toMatchObject({ reason: "error", durationMs: 500 })
  expect(clock.pendingTimers).toBe(0)
})

test("readChatCompletions() aborts the request when connect runs out, and cancels a later response", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(HELLO)
  let signalOfRequest: AbortSignal | undefined
  const { promise, resolve } = deferred<Response>()
  const ask = (signal: AbortSignal) => {
    signalOfRequest = signal
    return promise
  }
  const reading = rejection(all(readChatCompletions(ask, { clock, timeouts: { connect: 500 } })))
  await clock.advance(500)
  expect(await reading).toMatchObject({ code: "timeout", phase: "connect" })
  expect(signalOfRequest?.aborted).toBe(true)
  resolve(new Response(source.stream))
  await settle()
  expect(source.cancellations).toHaveLength(1)
})

test("readChatCompletions() ends the connect deadline at the headers and starts the deadlines of the body", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource()
  const { promise, resolve } = deferred<Response>()
  const stream = readChatCompletions(promise, {
    clock,
    timeouts: { connect: 500, firstContent: 500 },
  })
  const reading = rejection(all(stream))
  await clock.advance(400)
  resolve(new Response(source.stream))
  await clock.advance(499)
  expect(source.cancellations).toEqual([])
  await clock.advance(1)
  expect(await reading).toMatchObject({ phase: "firstContent" })
  expect(await stream.ended).toMatchObject({ connectMs: 400, firstContentMs: null, durationMs: 900 })
})

/** Reads a source that sends `beat` every 400 ms, with a deadline of 1 s, and returns its outcome and time. */
async function outlive(
  phase: keyof ChunkTimeouts,
  beat: string | Uint8Array,
  start = HELLO,
): Promise<string | undefined> {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(start)
  const stream = readChatCompletions(source.stream, { clock, timeouts: { [phase]: 1_000 } })
  const reading = rejection(all(stream))
  for (let time = 0; time < 5; time++) {
    await clock.advance(400)
    source.write(beat)
  }
  await clock.advance(0)
  const outlived = source.cancellations.length === 0
  await stream.cancel()
  const error = await reading.catch(() => undefined)
  return outlived ? "outlived" : (error as { phase?: string } | undefined)?.phase
}

const COMMENT = ": still here\n\n"
const KEEPALIVE = 'event: keepalive\ndata: {"type":"keepalive"}\n\n'

test.each<[keyof ChunkTimeouts, string, string, boolean]>([
  ["idle", "comments", COMMENT, true],
  ["eventIdle", "comments", COMMENT, false],
  ["idle", "a keepalive event", KEEPALIVE, true],
  ["eventIdle", "a keepalive event", KEEPALIVE, true],
  ["contentIdle", "a keepalive event", KEEPALIVE, false],
  ["contentIdle", "comments", COMMENT, false],
  ["contentIdle", "a delta with only a role", events(chat({ role: "assistant" })), false],
  ["contentIdle", "an empty delta", events(chat({ content: "" })), false],
  ["contentIdle", "text", events(chat({ content: "a" })), true],
  ["contentIdle", "reasoning", events(chat({ reasoning_content: "a" })), true],
  ["contentIdle", "reasoning by its other name", events(chat({ reasoning: "a" })), true],
  ["contentIdle", "a refusal", events(chat({ refusal: "a" })), true],
  ["contentIdle", "audio", events(chat({ audio: { data: "AA" } })), true],
  ["contentIdle", "what only one provider has", events(chat({ reasoning_details: [{ text: "a" }] })), true],
  ["contentIdle", "lists of nothing", events(chat({ content: [], tool_calls: [] })), false],
  [
    "contentIdle",
    "arguments of a tool",
    events(chat({ tool_calls: [{ index: 0, function: { arguments: "{" } }] })),
    true,
  ],
])("readChatCompletions() with %s and %s ends at the right time", async (phase, _, beat, outlived) => {
  expect(await outlive(phase, beat)).toBe(outlived ? "outlived" : phase)
})

test("firstContent continues after a delta that has only a role", async () => {
  expect(await outlive("firstContent", events(chat({ role: "assistant", content: "" })), ": hi\n\n")).toBe(
    "firstContent",
  )
  expect(await outlive("firstContent", events(chat({ reasoning: "a" })), ": hi\n\n")).toBe("outlived")
})

const delta = (n: number) => ({
  type: "response.function_call_arguments.delta",
  delta: "{",
  output_index: 0,
  sequence_number: n,
})

test("readResponses() counts deltas as content and keepalive as a heartbeat", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(events({ type: "response.created", response: {} }))
  const stream = readResponses(source.stream, {
    clock,
    timeouts: { eventIdle: 500, contentIdle: 1_000, firstContent: 900 },
  })
  const reading = rejection(all(stream))
  for (let time = 1; time <= 4; time++) {
    await clock.advance(400)
    source.write(events(time < 3 ? delta(time) : { type: "keepalive", sequence_number: time }))
  }
  await clock.advance(199)
  expect(source.cancellations).toEqual([])
  await clock.advance(1)
  expect(await reading).toMatchObject({ phase: "contentIdle", chunks: 3 })
  expect(await stream.ended).toMatchObject({ firstContentMs: 400, cursor: { sequenceNumber: 4 } })
})

test("readChatCompletions() runs no deadline but total while the consumer is busy", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(events(chat({ content: "a" })))
  const timeouts = { firstContent: 500, idle: 500, eventIdle: 500, contentIdle: 500 }
  const stream = readChatCompletions(source.stream, { clock, timeouts })
  const chunks = stream[Symbol.asyncIterator]()
  await chunks.next()
  await clock.advance(60_000)
  const waiting = chunks.next()
  await clock.advance(400)
  source.write(events(chat({ content: "b" })))
  expect((await waiting).done).toBe(false)
  await clock.advance(60_000)
  const last = rejection(chunks.next())
  await clock.advance(499)
  expect(source.cancellations).toEqual([])
  await clock.advance(1)
  expect(await last).toMatchObject({ phase: "idle" })
})

test("contentIdle counts only the time spent waiting", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(events(chat({ content: "a" })))
  const chunks = readChatCompletions(source.stream, { clock, timeouts: { contentIdle: 500 } })[Symbol.asyncIterator]()
  await chunks.next()
  for (let time = 0; time < 4; time++) {
    const waiting = chunks.next()
    await clock.advance(120)
    source.write(events(chat({ role: "assistant" })))
    await waiting
    await clock.advance(10_000)
  }
  const waiting = rejection(chunks.next())
  await clock.advance(20)
  expect(await waiting).toMatchObject({ phase: "contentIdle", chunks: 5 })
})

test("total ends a stream while the consumer is busy, and drops what is queued", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(HELLO)
  const stream = readChatCompletions(source.stream, { clock, timeouts: { total: 500 } })
  const chunks = stream[Symbol.asyncIterator]()
  await chunks.next()
  await clock.advance(500)
  expect(await stream.ended).toMatchObject({ reason: "error", chunks: 1 })
  expect(source.cancellations).toHaveLength(1)
  expect(await rejection(chunks.next())).toMatchObject({ phase: "total" })
  expect((await chunks.next()).done).toBe(true)
})

test("readChatCompletions() sets no timer in the past if a deadline passes while it sets one", async () => {
  let time = 0
  let fire = () => {}
  const delays: number[] = []
  const clock = {
    now: () => (time += 2),
    setTimeout: (run: () => void, ms: number) => {
      fire = run
      delays.push(ms)
    },
    clearTimeout: () => {},
    random: () => 0,
  }
  const stream = readChatCompletions(new ScriptedSource().stream, { clock, timeouts: { eventIdle: 10 } })
  const reading = rejection(all(stream))
  // Some platforms fire timers slightly early.
  time = 9
  fire()
  fire()
  expect(await reading).toMatchObject({ phase: "eventIdle" })
  expect(delays).toEqual([8, 0])
})

test("eventIdle is five minutes by default", async () => {
  const clock = new ManualClock()
  const reading = rejection(all(readChatCompletions(new ScriptedSource().write(HELLO).stream, { clock })))
  await clock.advance(0)
  expect(clock.nextDelay).toBe(300_000)
  await clock.advance(300_000)
  expect(await reading).toMatchObject({ phase: "eventIdle", ms: 300_000 })
})

test.each<[string, ChunkTimeouts | false]>([
  ["false", false],
  ["0", { eventIdle: 0, total: 0 }],
  ["Infinity", { eventIdle: Infinity, idle: Infinity }],
])("readChatCompletions() with timeouts of %s sets no timer", async (_, timeouts) => {
  const clock = new ManualClock()
  const stream = readChatCompletions(new ScriptedSource().write(HELLO).stream, { clock, timeouts })
  const reading = all(stream)
  await clock.advance(1_000_000)
  expect(clock.pendingTimers).toBe(0)
  await stream.cancel()
  expect(await reading).toHaveLength(4)
})

test("readChatCompletions() throws a RangeError at once for a timeout or a limit out of its range", () => {
  for (const ms of [Number.NaN, -1]) {
    expect(() => readChatCompletions("", { timeouts: { idle: ms } })).toThrow(RangeError)
    expect(() => readChatCompletions("", { limits: { maxEventSize: ms } })).toThrow(RangeError)
  }
  expect(() => readChatCompletions("", { limits: { maxChoices: 0 } })).toThrow(
    'Cannot use options: "limits.maxChoices" must be a number from 1, not 0',
  )
})
