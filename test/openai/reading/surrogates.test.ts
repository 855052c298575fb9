import { expect, test } from "vitest"
import { readChatCompletions, readCompletions, readResponses, relay } from "steadystream/openai"
import { all, chat, DONE, events } from "./scripted-source.ts"

const STOP = events(chat({}, "stop"))
const completed = () => ({ type: "response.completed", response: { status: "completed" } })

const halves = ["a\ud83d", "\ude00b"]
const bodies: [string, () => AsyncIterable<string>][] = [
  [
    "chat completion",
    () => readChatCompletions(events(...halves.map((content) => chat({ content }))) + STOP + DONE).textDeltas(),
  ],
  [
    "text completion",
    () => {
      const chunks = halves.map((text) => ({ id: "c", choices: [{ index: 0, text, finish_reason: null }] }))
      return readCompletions(
        events(...chunks, { id: "c", choices: [{ index: 0, text: "", finish_reason: "stop" }] }) + DONE,
      ).textDeltas()
    },
  ],
  [
    "response",
    () => {
      const deltas = halves.map((delta) => ({ type: "response.output_text.delta", output_index: 0, delta }))
      return readResponses(events(...deltas, completed())).textDeltas()
    },
  ],
]

test.each(bodies)("textDeltas() keeps a surrogate pair of a %s in one piece", async (_, read) => {
  const pieces = await all(read())
  expect(pieces.join("")).toBe("a😀b")
  expect(pieces.filter((piece) => !piece.isWellFormed())).toEqual([])
})

interface Texts {
  readonly deltas: unknown[]
  readonly read: (body: string) => { readonly snapshot: unknown; [Symbol.asyncIterator](): AsyncIterator<unknown> }
}

/** A piece of each text of a chat completion. */
const chatTexts = (piece: string) => ({
  content: piece,
  refusal: piece,
  reasoning_content: piece,
  audio: { transcript: piece },
  function_call: { name: "f", arguments: piece },
  tool_calls: [{ index: 0, id: "1", function: { name: "f", arguments: piece } }],
})
const RESPONSE_TEXTS = ["output_text", "refusal", "reasoning_summary_text", "function_call_arguments"]
const mistral = (piece: string) =>
  chat({ content: [{ text: piece }, { type: "thinking", thinking: [{ text: piece }] }] })
const texts: [string, Texts][] = [
  ["readChatCompletions()", { deltas: halves.map((piece) => chat(chatTexts(piece))), read: readChatCompletions }],
  ["readChatCompletions() of content in parts", { deltas: halves.map(mistral), read: readChatCompletions }],
  [
    "readCompletions()",
    { deltas: halves.map((text) => ({ id: "c", choices: [{ index: 0, text }] })), read: readCompletions },
  ],
  ...RESPONSE_TEXTS.map((type, output_index): [string, Texts] => [
    `readResponses() of ${type}`,
    { deltas: halves.map((delta) => ({ type: `response.${type}.delta`, output_index, delta })), read: readResponses },
  ]),
  [
    "relay()",
    {
      deltas: halves.map((piece) => chat(chatTexts(piece))),
      read: (body) => relay(body, { onError: () => {} }),
    },
  ],
]

test.each(texts)("%s has no half of a surrogate pair in its snapshot", async (_, { deltas, read }) => {
  const stream = read(events(...deltas))
  const chunks = stream[Symbol.asyncIterator]()
  await chunks.next()
  expect(JSON.stringify(stream.snapshot)).not.toContain("\\ud83d")
  expect(JSON.stringify(stream.snapshot)).toContain('"a"')
  await chunks.next()
  expect(JSON.stringify(stream.snapshot)).toContain('"a😀b"')
  expect(JSON.stringify(stream.snapshot)).not.toContain('"a"')
})

test("readChatCompletions() replaces arguments that end in half a pair by arguments that repeat them", async () => {
  const call = (input: string) =>
    chat({ tool_calls: [{ index: 0, id: "1", function: { name: "f", arguments: input } }] })
  const stream = readChatCompletions(events(call('{"a":"\ud83d'), call('{"a":"😀"}')) + STOP + DONE)
  expect((await stream.collect()).choices[0]!.toolCalls[0]!.arguments).toBe('{"a":"😀"}')
})

const delta = (text: string, content_index = 0) => ({
  type: "response.output_text.delta",
  output_index: 0,
  content_index,
  delta: text,
})
const whole = (text: string, content_index = 0) => ({
  type: "response.output_text.done",
  output_index: 0,
  content_index,
  text,
})
const item = (...parts: string[]) => ({
  type: "response.output_item.done",
  output_index: 0,
  item: { type: "message", content: parts.map((text) => ({ type: "output_text", text })) },
})
test.each([
  ["the whole part", "a😀b", [delta("a\ud83d"), whole("a😀b")]],
  ["the whole item", "a😀b", [delta("a\ud83d"), item("a😀b")]],
  ["the whole part behind another part", "a😀bc", [delta("a\ud83d"), delta("c", 1), whole("a😀b")]],
  ["the whole item and then more", "a😀bc", [delta("a\ud83d"), item("a😀b"), delta("c")]],
])("readResponses() completes half a pair by %s", async (_, text, payloads) => {
  const stream = readResponses(events(...payloads, completed()))
  const pieces = await all(stream.textDeltas())
  expect(stream.snapshot.text).toBe(text)
  expect(stream.snapshot.items[0]!.text).toBe(text)
  if (payloads.length === 2) expect(pieces.join("")).toBe(text)
})

test("textDeltas() returns a lone surrogate at the end of an answer", async () => {
  expect(await all(readChatCompletions(events(chat({ content: "a\ud83d" })) + STOP + DONE).textDeltas())).toEqual([
    "a",
    "\ud83d",
  ])
  const { choices } = await readChatCompletions(events(chat({ content: "a\ud83d" })) + STOP + DONE).collect()
  expect(choices[0]!.content).toBe("a\ud83d")
})
