import { describe, expect, test } from "vitest"
import { type AnswerDelta, responseEvents, type ResponseStreamEvent } from "steadystream/openai"
import { ManualSource, settle } from "./stream-reading.ts"

const FRAME = { id: "resp_1", created: 1_700_000_000, model: "parrot" }

async function built(deltas: Parameters<typeof responseEvents>[0], options = {}): Promise<ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = []
  for await (const event of responseEvents(deltas, { ...FRAME, ...options })) events.push(event)
  return events
}

describe("responseEvents()", () => {
  test("responseEvents() yields the whole sequence of a text, numbered without a gap", async () => {
    const events = await built(["Hel", "lo"])
    expect(events.map(({ type }) => type)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ])
    expect(events.map((event) => event.sequence_number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const place = { item_id: expect.stringMatching(/^msg_/), output_index: 0, content_index: 0 }
    expect(events[4]).toMatchObject({ ...place, delta: "Hel", logprobs: [] })
    expect(events[6]).toMatchObject({ ...place, text: "Hello", logprobs: [] })
    const item = {
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: "Hello", annotations: [], logprobs: [] }],
    }
    expect(events[8]).toMatchObject({ output_index: 0, item })
    expect(events[9]!["response"]).toMatchObject({
      id: "resp_1",
      object: "response",
      created_at: 1_700_000_000,
      model: "parrot",
      status: "completed",
      output: [item],
      usage: null,
    })
  })

  test("responseEvents() does not change a snapshot after it has yielded it", async () => {
    const events = await built(["Hello"])
    expect(events[0]!["response"]).toMatchObject({ status: "in_progress", output: [] })
    expect(events[2]!["item"]).toMatchObject({ status: "in_progress", content: [] })
    expect(events[3]!["part"]).toMatchObject({ text: "" })
  })

  test("responseEvents() puts reasoning, text, refusal and tool calls in separate items, in order", async () => {
    const deltas: AnswerDelta[] = [
      { reasoning: "Hm. " },
      { reasoning: "Yes." },
      "One moment",
      { refusal: "No" },
      { toolCall: { id: "call_1", name: "a", arguments: "{" } },
      { toolCall: { id: "call_2", name: "b", arguments: {} } },
      { toolCall: { id: "call_1", arguments: "}" } },
      "Done",
    ]
    const events = await built(deltas)
    const output = (events.at(-1)!["response"] as { output: Record<string, unknown>[] }).output
    expect(output).toMatchObject([
      { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "Hm. Yes." }] },
      {
        type: "message",
        content: [
          { type: "output_text", text: "One moment" },
          { type: "refusal", refusal: "No" },
        ],
      },
      { type: "function_call", call_id: "call_1", name: "a", arguments: "{}" },
      { type: "function_call", call_id: "call_2", name: "b", arguments: "{}" },
      { type: "message", content: [{ type: "output_text", text: "Done" }] },
    ])
    const added = events.filter(({ type }) => type === "response.output_item.added")
    const done = events.filter(({ type }) => type === "response.output_item.done")
    expect(added.map((event) => event["output_index"])).toEqual([0, 1, 2, 3, 4])
    expect(done.map((event) => event["item"])).toEqual(output)
  })

  test.each([
    ["length", "incomplete", { reason: "max_output_tokens" }],
    ["content_filter", "incomplete", { reason: "content_filter" }],
    ["stop", "completed", null],
  ])("responseEvents() ends an answer whose finish reason is %s as %s", async (finishReason, status, details) => {
    const last = (await built(["a", { finishReason }])).at(-1)!
    expect(last.type).toBe(`response.${status}`)
    expect(last["response"]).toMatchObject({ status, incomplete_details: details, output: [{ status }] })
  })

  test("responseEvents() writes the usage and the members that every response must have", async () => {
    const deltas = ["a", { usage: { inputTokens: 3, outputTokens: 4, cachedTokens: 1 } }]
    const events = await built(deltas, { response: { instructions: "Be kind", id: "ignored" } })
    expect(events[0]!["response"]).toMatchObject({ id: "resp_1", instructions: "Be kind" })
    expect(events.at(-1)!["response"]).toMatchObject({
      instructions: "Be kind",
      usage: {
        input_tokens: 3,
        input_tokens_details: { cached_tokens: 1 },
        output_tokens: 4,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 7,
      },
    })
  })

  test("responseEvents() stops the deltas at once when the consumer leaves", async () => {
    const source = new ManualSource<string>()
    const events = responseEvents(source)
    await events.next()
    await events.next()
    void events.next()
    await settle()
    await events.return!()
    expect(source.returned).toBe(1)
  })

  test("responseEvents() yields nothing after the consumer leaves, and answers concurrent calls in order", async () => {
    const left = responseEvents(["a"])
    await left.next()
    await left.return!()
    expect(await left.next()).toEqual({ done: true, value: undefined })
    const events = responseEvents(["a"])
    const several = await Promise.all(Array.from({ length: 9 }, () => events.next()))
    expect(several.map(({ value }) => value?.sequence_number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  test("responseEvents() stops the deltas when it cannot build an event from one of them", async () => {
    const source = new ManualSource<AnswerDelta>()
    const events = responseEvents(source)
    await events.next()
    await events.next()
    const failed = events.next()
    await settle()
    source.send({ toolCall: {} })
    await expect(failed).rejects.toThrow(TypeError)
    expect(source.returned).toBe(1)
  })

  test("responseEvents() rejects a second choice, and a call that continues after other content", async () => {
    await expect(built([{ choice: 1, text: "a" }])).rejects.toThrow(TypeError)
    const late = [{ toolCall: { id: "c", name: "f" } }, "text", { toolCall: { id: "c", arguments: "{}" } }]
    await expect(built(late)).rejects.toThrow(
      new TypeError("Cannot build answer: a tool call must be complete before other content"),
    )
  })
})
