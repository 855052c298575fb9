import { expect, test } from "vitest"
import { SseProviderError } from "steadystream"
import { ManualClock } from "steadystream/testing"
import { type ChunkStreamError, readResponses, type ResponseSnapshot } from "steadystream/openai"
import { all, DONE, events, rejection, ScriptedSource } from "../reading/scripted-source.ts"

test.each(["completed", "incomplete"])(
  "readResponses() ends at once at response.%s while the connection stays open",
  async (status) => {
    const clock = new ManualClock()
    const terminal = { type: `response.${status}`, response: { id: "resp_1", status }, sequence_number: 1 }
    const created = { type: "response.created", response: { id: "resp_1", status: "in_progress" }, sequence_number: 0 }
    const source = new ScriptedSource().write(events(created, terminal))
    const stream = readResponses(source.stream, { clock })
    expect(await all(stream)).toEqual([created, terminal])
    expect(clock.now()).toBe(0)
    expect(stream.snapshot).toMatchObject({ status, final: terminal.response })
    expect(await stream.ended).toMatchObject({ reason: "terminal", chunks: 2, cursor: { sequenceNumber: 1 } })
  },
)

test("readResponses() throws if the body ends without a terminal event, with or without [DONE]", async () => {
  const delta = { type: "response.output_text.delta", output_index: 0, delta: "Hi" }
  for (const end of ["", DONE]) {
    const stream = readResponses(events(delta) + end)
    expect(await rejection(all(stream))).toMatchObject({ code: "truncated", missing: "terminal-event", chunks: 1 })
    expect(stream.snapshot.text).toBe("Hi")
  }
})

test("readResponses() accepts [DONE] after the terminal event", async () => {
  const stream = readResponses(events({ type: "response.completed", response: {} }) + DONE)
  expect(await all(stream)).toHaveLength(1)
})

const FLAT = { type: "error", code: "c", message: "no", param: null, sequence_number: 2 }
const NESTED = { type: "error", sequence_number: 2, error: { type: "t", code: "c", message: "no", param: null } }
const FAILED = {
  type: "response.failed",
  sequence_number: 3,
  response: { id: "resp_1", status: "failed", error: { code: "c", message: "no" } },
}

test.each([
  ["flat", FLAT, null],
  ["nested", NESTED, "t"],
])("readResponses() throws a %s error once, with the failed response that follows it", async (_, payload, type) => {
  const stream = readResponses(events({ type: "response.created", response: { id: "resp_1" } }, payload, FAILED))
  const error = await rejection<ChunkStreamError<ResponseSnapshot>>(all(stream))
  expect(error).toBeInstanceOf(SseProviderError)
  expect(error).toMatchObject({ error: { message: "no", code: "c", type }, chunks: 1 })
  expect(error.partial).toMatchObject({ status: "failed", final: FAILED.response, error: { code: "c", type } })
  expect(await stream.ended).toMatchObject({ reason: "error", cursor: { responseId: "resp_1", sequenceNumber: 3 } })
})

test("readResponses() waits one second for the failed response, also if timeouts are off", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(events(NESTED))
  const reading = rejection(all(readResponses(source.stream, { clock, timeouts: false })))
  await clock.advance(999)
  expect(source.cancellations).toEqual([])
  await clock.advance(1)
  expect(await reading).toBeInstanceOf(SseProviderError)
  expect(source.cancellations).toHaveLength(1)
  expect(clock.pendingTimers).toBe(0)
})

test("readResponses() stops waiting for the failed response at a second error", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(events(NESTED))
  const reading = rejection(all(readResponses(source.stream, { clock })))
  await clock.advance(600)
  source.write(events(NESTED))
  await clock.advance(399)
  expect(source.cancellations).toEqual([])
  await clock.advance(1)
  expect(await reading).toBeInstanceOf(SseProviderError)
})

test("readResponses() throws the provider's error if the connection breaks or ends during that wait", async () => {
  for (const end of ["close", "fail"] as const) {
    const source = new ScriptedSource().write(events(NESTED))[end](new Error("reset"))
    expect(await rejection(all(readResponses(source.stream)))).toBeInstanceOf(SseProviderError)
  }
})

test("readResponses() yields a failed response if onProviderError says so, and keeps its error", async () => {
  const stream = readResponses(events(FAILED), { onProviderError: "yield" })
  expect(await all(stream)).toEqual([FAILED])
  expect(stream.snapshot).toMatchObject({ status: "failed", error: { code: "c", message: "no" } })
})

const numbered = (n: number, type = "response.output_text.delta") => ({
  type,
  output_index: 0,
  delta: String(n),
  sequence_number: n,
})

test("readResponses() drops events up to after, and its cursor is the last event received", async () => {
  const terminal = { type: "response.completed", response: { id: "resp_1" }, sequence_number: 6 }
  const stream = readResponses(
    events(...[0, 1, 2, 3, 4].map((n) => numbered(n)), { type: "keepalive", sequence_number: 5 }, terminal),
    { after: 2 },
  )
  expect(await all(stream)).toEqual([numbered(3), numbered(4), terminal])
  expect(stream.snapshot.text).toBe("01234")
  expect(await stream.ended).toMatchObject({ chunks: 3, cursor: { responseId: "resp_1", sequenceNumber: 6 } })
})

test("readResponses() keeps the cursor if the stream breaks", async () => {
  const created = { type: "response.created", response: { id: "resp_1" }, sequence_number: 0 }
  const broken = readResponses(events(created, numbered(7), { type: "keepalive", sequence_number: 8 }, numbered(2)))
  await all(broken).catch(() => {})
  expect((await broken.ended).cursor).toEqual({ responseId: "resp_1", sequenceNumber: 8 })
  const nothing = readResponses("", { after: 8 })
  await all(nothing).catch(() => {})
  expect((await nothing.ended).cursor).toEqual({ responseId: null, sequenceNumber: 8 })
  const unnumbered = readResponses(events({ type: "response.completed", response: {} }))
  await all(unnumbered)
  expect((await unnumbered.ended).cursor).toBeNull()
})

test("readResponses() yields unknown events, and reads a missing type from the event field", async () => {
  const unknown = { type: "response.telepathy.delta", delta: "?", sequence_number: 1 }
  const body = `event: response.telepathy.delta\ndata: ${JSON.stringify(unknown)}\n\nevent: response.completed\ndata: {"response":{}}\n\n`
  expect(await all(readResponses(body))).toEqual([unknown, { type: "response.completed", response: {} }])
})

const event = (type: string, output_index: number, rest: object, n: number) => ({
  type: `response.${type}`,
  output_index,
  item_id: `id${n}`,
  ...rest,
})

test("readResponses() identifies items by their output index if their ids change on every event", async () => {
  const stream = readResponses(
    events(
      event("output_item.added", 0, { item: { id: "x", type: "reasoning" } }, 1),
      event("reasoning_summary_text.delta", 0, { delta: "Hmm" }, 2),
      event("output_item.added", 2, { item: { id: "y", type: "message" } }, 3),
      event("output_item.added", 1, { item: { type: "function_call", call_id: "c", name: "f", arguments: "" } }, 4),
      event("output_text.delta", 2, { delta: "Hel" }, 5),
      event("function_call_arguments.delta", 1, { delta: "{" }, 6),
      event("output_text.delta", 2, { delta: "lo" }, 7),
      event("function_call_arguments.delta", 1, { delta: "}" }, 8),
      event("refusal.delta", 2, { delta: "no" }, 9),
      event("output_text.done", 2, { text: "Hello" }, 10),
      event(
        "output_item.done",
        2,
        { item: { type: "message", content: [{ type: "output_text", text: "Hello" }] } },
        10,
      ),
      event("output_item.done", 1, { item: { type: "function_call", call_id: "c", name: "f", arguments: "{}" } }, 11),
      { type: "response.completed", response: { id: "resp", status: "completed", usage: { total_tokens: 1 } } },
    ),
  )
  const snapshot = await stream.collect()
  expect(snapshot).toMatchObject({
    responseId: "resp",
    text: "Hello",
    reasoning: "Hmm",
    refusal: "no",
    usage: { total_tokens: 1 },
  })
  expect(snapshot.items).toMatchObject([
    { outputIndex: 0, type: "reasoning", reasoning: "Hmm" },
    { outputIndex: 1, type: "function_call", callId: "c", name: "f", arguments: "{}" },
    { outputIndex: 2, type: "message", text: "Hello", refusal: "no" },
  ])
})

test("readResponses() reads text and arguments from the final events if there was no delta", async () => {
  const stream = readResponses(
    events(
      { type: "response.output_text.done", output_index: 0, text: "Hi" },
      { type: "response.function_call_arguments.done", output_index: 1, arguments: "{}" },
      {
        type: "response.output_item.done",
        output_index: 2,
        item: { type: "custom_tool_call", call_id: "c", name: "sql", input: "SELECT" },
      },
      {
        type: "response.output_item.done",
        output_index: 3,
        item: { type: "message", content: [{ type: "output_text", text: "!" }] },
      },
      { type: "response.incomplete", response: {} },
    ),
  )
  const { text, status, items } = await stream.collect()
  expect(text).toBe("Hi!")
  expect(status).toBe("incomplete")
  expect(items.map(({ arguments: input }) => input)).toEqual(["", "{}", "SELECT", ""])
})
