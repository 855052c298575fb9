import { describe, expect, test } from "vitest"
import { readResponses, relay, type ResponseSnapshot } from "steadystream/openai"
import { all, DONE, events } from "../reading/scripted-source.ts"

const completed = (output: unknown[] = []) => ({
  type: "response.completed",
  response: { id: "resp_1", status: "completed", output },
})
const message = (text: string, id = "msg_1") => ({
  id,
  type: "message",
  role: "assistant",
  content: [{ type: "output_text", text, annotations: [] }],
})

/** The snapshot of Responses events, from the reader or through the relay. */
async function response(...payloads: object[]): Promise<ResponseSnapshot> {
  return readResponses(events(...payloads)).collect()
}
async function relayedResponse(...payloads: object[]): Promise<ResponseSnapshot> {
  const answer = relay(events(...payloads), { dialect: "responses" })
  await new Response(answer.toReadableStream()).text()
  return answer.snapshot
}
const readings = [
  ["readResponses()", response],
  ["relay()", relayedResponse],
] as const

describe("items of a response", () => {
  const interleaved = [
    { type: "response.output_item.added", item: { id: "msg_1", type: "message", content: [] } },
    { type: "response.output_text.delta", item_id: "msg_1", delta: "Hi" },
    { type: "response.output_item.added", item: { id: "fc_1", type: "function_call", call_id: "c1", name: "f" } },
    { type: "response.output_item.added", item: { id: "fc_2", type: "function_call", call_id: "c2", name: "g" } },
    { type: "response.function_call_arguments.delta", item_id: "fc_1", delta: '{"a":' },
    { type: "response.function_call_arguments.delta", item_id: "fc_2", delta: '{"b":' },
    { type: "response.function_call_arguments.delta", item_id: "fc_1", delta: "1}" },
    { type: "response.function_call_arguments.delta", item_id: "fc_2", delta: "2}" },
    completed(),
  ]

  test.each(readings)("%s keeps a message and two function calls apart by item_id", async (_, read) => {
    const { items } = await read(...interleaved)
    expect(items.map((item) => [item.type, item.text, item.callId, item.arguments])).toEqual([
      ["message", "Hi", null, ""],
      ["function_call", "", "c1", '{"a":1}'],
      ["function_call", "", "c2", '{"b":2}'],
    ])
  })

  test("readResponses() opens an item at each output_item.added that has no index", async () => {
    const { items } = await response(
      { type: "response.output_item.added", item: { id: "fc_1", type: "function_call", call_id: "c1", name: "f" } },
      { type: "response.function_call_arguments.delta", item_id: "fc_1", delta: '{"a":1}' },
      { type: "response.output_item.added", item: { id: "fc_2", type: "function_call", call_id: "c2", name: "g" } },
      { type: "response.function_call_arguments.delta", item_id: "fc_2", delta: '{"b":2}' },
      completed(),
    )
    expect(items.map((item) => [item.name, item.arguments])).toEqual([
      ["f", '{"a":1}'],
      ["g", '{"b":2}'],
    ])
  })

  test("readResponses() keeps items apart by item_id if no output_item.added announced them", async () => {
    const { items } = await response(
      { type: "response.function_call_arguments.delta", item_id: "fc_1", delta: '{"a":1}' },
      { type: "response.function_call_arguments.delta", item_id: "fc_2", delta: '{"b":2}' },
      completed(),
    )
    expect(items.map((item) => item.arguments)).toEqual(['{"a":1}', '{"b":2}'])
  })

  test("readResponses() keeps items apart by item_id if only the done events have arguments", async () => {
    const { items } = await response(
      { type: "response.function_call_arguments.done", item_id: "fc_1", arguments: '{"a":1}' },
      { type: "response.function_call_arguments.done", item_id: "fc_2", arguments: '{"b":2}' },
      completed(),
    )
    expect(items.map((item) => item.arguments)).toEqual(['{"a":1}', '{"b":2}'])
  })

  test("readResponses() opens an item for each output_item.done that has another id and no index", async () => {
    const { items } = await response(
      { type: "response.output_item.done", item: { id: "fc_1", type: "function_call", name: "f", arguments: "{}" } },
      { type: "response.output_item.done", item: { id: "fc_2", type: "function_call", name: "g", arguments: "[]" } },
      completed(),
    )
    expect(items.map((item) => [item.name, item.arguments])).toEqual([
      ["f", "{}"],
      ["g", "[]"],
    ])
  })
})

test("readResponses() keeps items apart by an output_index that is a numeric string", async () => {
  const { items } = await response(
    { type: "response.function_call_arguments.delta", output_index: "0", delta: "{}" },
    { type: "response.function_call_arguments.delta", output_index: "1", delta: "[]" },
    completed(),
  )
  expect(items.map((item) => item.arguments)).toEqual(["{}", "[]"])
})

describe("content that comes late", () => {
  const index = { output_index: 0, content_index: 0 }
  const delta = (text: string) => ({ type: "response.output_text.delta", ...index, delta: text })
  const part = (text: string) => ({ type: "output_text", text })
  const late: [string, object[], string][] = [
    ["only in response.completed", [completed([message("Hello")])], "Hello"],
    [
      "in output_item.done, longer than the delta",
      [delta("Hel"), { type: "response.output_item.done", output_index: 0, item: message("Hello") }, completed()],
      "Hello",
    ],
    [
      "in two parts of output_text.done",
      [
        { type: "response.output_text.done", output_index: 0, content_index: 0, text: "A" },
        { type: "response.output_text.done", output_index: 0, content_index: 1, text: "B" },
        completed(),
      ],
      "AB",
    ],
    [
      "only in content_part.done",
      [{ type: "response.content_part.done", ...index, part: part("Hello") }, completed()],
      "Hello",
    ],
    [
      "in output_text.done, longer than the delta",
      [delta("Hel"), { type: "response.output_text.done", ...index, text: "Hello" }, completed()],
      "Hello",
    ],
    ["in response.completed, longer than the delta", [delta("Hel"), completed([message("Hello")])], "Hello"],
    [
      "in response.incomplete",
      [delta("Hel"), { type: "response.incomplete", response: { status: "incomplete", output: [message("Hello")] } }],
      "Hello",
    ],
    [
      "in content_part.added",
      [{ type: "response.content_part.added", ...index, part: part("Hello") }, completed()],
      "Hello",
    ],
  ]

  test.each(late)("readResponses() keeps the whole text that comes %s", async (_, payloads, text) => {
    const snapshot = await response(...payloads)
    expect(snapshot.text).toBe(text)
    expect(snapshot.items.map((item) => item.text)).toEqual([text])
  })

  test.each(late)("textDeltas() returns the missing text that comes %s", async (_, payloads, text) => {
    expect((await all(readResponses(events(...payloads)).textDeltas())).join("")).toBe(text)
  })

  test.each(late.slice(0, 4))("relay() keeps the whole text that comes %s", async (_, payloads, text) => {
    expect((await relayedResponse(...payloads)).text).toBe(text)
  })

  test("readResponses() keeps a refusal that comes only in content_part.done", async () => {
    const refused = { type: "response.content_part.done", ...index, part: { type: "refusal", refusal: "No" } }
    expect((await response(refused, completed())).refusal).toBe("No")
  })

  test("readResponses() keeps a refusal that comes only in response.completed", async () => {
    const refused = { ...message(""), content: [{ type: "refusal", refusal: "No" }] }
    expect((await response(completed([refused]))).refusal).toBe("No")
  })

  test("readResponses() keeps arguments that come only in response.completed", async () => {
    const item = { id: "fc_1", type: "function_call", call_id: "c1", name: "f", arguments: "{}" }
    expect((await response(completed([item]))).items).toMatchObject([{ callId: "c1", name: "f", arguments: "{}" }])
  })

  test("readResponses() keeps arguments in output_item.done that are longer than their deltas", async () => {
    const { items } = await response(
      { type: "response.function_call_arguments.delta", output_index: 0, delta: '{"a"' },
      { type: "response.output_item.done", output_index: 0, item: { type: "function_call", arguments: '{"a":1}' } },
      completed(),
    )
    expect(items.map((item) => item.arguments)).toEqual(['{"a":1}'])
  })

  test.each([
    ["output_item.done", (item: object) => [{ type: "response.output_item.done", output_index: 0, item }, completed()]],
    ["response.completed", (item: object) => [completed([item])]],
  ])("readResponses() keeps a reasoning summary that comes only in %s", async (_, payloads) => {
    const item = { id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: "Hm" }] }
    expect((await response(...payloads(item))).reasoning).toBe("Hm")
  })
})

test("readResponses() reads a whole response object as one event", async () => {
  const object = { id: "resp_1", object: "response", status: "completed", output: [message("Hello")] }
  expect(await readResponses(events(object) + DONE).collect()).toMatchObject({ status: "completed", text: "Hello" })
})

const citation = { type: "url_citation", url_citation: { url: "https://example.com/" } }
test("readResponses() keeps annotations that annotation.added brings", async () => {
  const { items } = await response(
    { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "Hi" },
    { type: "response.output_text.annotation.added", output_index: 0, content_index: 0, annotation: citation },
    completed(),
  )
  expect(items).toMatchObject([{ text: "Hi", annotations: [citation] }])
})

test("readResponses() keeps annotations that only content_part.done has, and adds those of annotation.added once", async () => {
  const other = { type: "file_citation", file_id: "file-1" }
  const done = (index: number, annotations: object[]) => ({
    type: "response.content_part.done",
    output_index: 0,
    content_index: index,
    part: { type: "output_text", text: "Hi", annotations },
  })
  const { items } = await response(
    { type: "response.output_text.annotation.added", output_index: 0, content_index: 0, annotation: citation },
    done(0, [citation, other]),
    done(1, [citation]),
    completed(),
  )
  expect(items[0]!.annotations).toEqual([citation, other, citation])
})

test("readResponses() adds the text of the full response once if its places differ from the output indices", async () => {
  const { items, text } = await response(
    { type: "response.output_item.added", output_index: 1, item: message("", "msg_1") },
    { type: "response.output_text.delta", output_index: 1, content_index: 0, delta: "Hello" },
    completed([message("Hello", "another_id")]),
  )
  expect([text, items.map((item) => item.text)]).toEqual(["Hello", ["Hello"]])
})

test("textDeltas() does not repeat the text before a resumption", async () => {
  const body = events(
    { type: "response.output_text.delta", output_index: 0, delta: "lo", sequence_number: 4 },
    completed([message("Hello")]),
  )
  const chunks = readResponses(body, { after: 3 })
  expect(await all(chunks.textDeltas())).toEqual(["lo"])
  expect(chunks.snapshot.text).toBe("Hello")
})
