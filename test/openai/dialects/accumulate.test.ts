import { expect, test } from "vitest"
import { readChatCompletions } from "steadystream/openai"
import { call, fold, foldDeltas } from "./folding.ts"
import { all, chat, DONE, events, rejection } from "../reading/scripted-source.ts"

test("readChatCompletions() accepts as many choices as the limit allows", async () => {
  const body = events(...[0, 1, 2].map((index) => ({ choices: [{ index, delta: {}, finish_reason: "stop" }] })))
  expect((await readChatCompletions(body, { limits: { maxChoices: 3 } }).collect()).choices).toHaveLength(3)
  const error = await rejection(all(readChatCompletions(body, { limits: { maxChoices: 2 } })))
  expect(error).toMatchObject({ code: "limit", limit: "maxChoices" })
})

test("readChatCompletions() uses the first role of a choice, or assistant without one", async () => {
  expect((await foldDeltas({ content: "a" })).role).toBe("assistant")
  expect((await foldDeltas({ role: null }, { role: "" }, { role: "tool" }, { role: "user" })).role).toBe("tool")
})

test("readChatCompletions() adds content parts to the text and to the reasoning", async () => {
  const thinking = [{ type: "thinking", thinking: [{ type: "text", text: "Hmm" }] }]
  const stream = readChatCompletions(
    events(...[thinking, [{ type: "text", text: "Hi" }], "!"].map((content) => chat({ content }))) + DONE,
  )
  expect(await all(stream.textDeltas())).toEqual(["Hi", "!"])
  expect(stream.snapshot.choices).toMatchObject([{ content: "Hi!", reasoning: "Hmm" }])
})

test("readChatCompletions() reads reasoning under either name, and once if both are present", async () => {
  const { reasoning } = await foldDeltas(
    { reasoning_content: "a" },
    { reasoning: "b" },
    { reasoning: "c", reasoning_content: "c" },
    { reasoning_content: "", reasoning: "d" },
    { reasoning: { no: "text" } },
  )
  expect(reasoning).toBe("abcd")
})

test("readChatCompletions() keeps the answer's id and model after the empty first chunk of Azure", async () => {
  const first = { choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: [{ prompt_index: 0 }] }
  const snapshot = await fold(
    first,
    { ...chat({ content: "Hi" }), system_fingerprint: "fp", service_tier: "flex" },
    { ...chat({}, "stop"), id: "", model: "" },
  )
  expect(snapshot).toMatchObject({
    id: "chatcmpl-1",
    model: "m",
    created: 1,
    systemFingerprint: "fp",
    serviceTier: "flex",
  })
  expect(snapshot.extra).toEqual({ prompt_filter_results: [{ prompt_index: 0 }] })
})

test("readChatCompletions() ignores a choice without a delta, and choices that are null, absent or not objects", async () => {
  const odd = [
    { choices: [{ index: 0, content_filter_offsets: {} }] },
    { choices: null },
    {},
    { choices: [null, 1] },
    { choices: "x" },
  ]
  expect(await fold(chat({ content: "Hi" }), ...odd)).toMatchObject({ choices: [{ content: "Hi" }] })
})

test("readChatCompletions() uses the position of a choice that has no index", async () => {
  const snapshot = await fold(
    { choices: [{ delta: { content: "a" } }, { delta: { content: "b" } }] },
    { choices: [{ delta: { content: "c" }, index: null }] },
  )
  expect(snapshot.choices).toMatchObject([
    { index: 0, content: "ac" },
    { index: 1, content: "b" },
  ])
})

const choice = (index: number) => ({ choices: [{ index, delta: { content: String(index) } }] })

test("readChatCompletions() orders choices by their index", async () => {
  const snapshot = await fold(choice(2), choice(0), choice(1), choice(2))
  expect(snapshot.choices.map(({ index, content }) => [index, content])).toEqual([
    [0, "0"],
    [1, "1"],
    [2, "22"],
  ])
})

test("readChatCompletions() keeps the id of the first chunk if later ones differ", async () => {
  expect(await fold({ ...chat({}), id: "a" }, { ...chat({}), id: "b", model: "n" })).toMatchObject({
    id: "a",
    model: "m",
  })
})

test("readChatCompletions() treats names such as __proto__ as ordinary fields", async () => {
  const unsafe =
    '{"__proto__":{"polluted":1},"constructor":"c","choices":[{"index":0,"delta":{"content":"a","__proto__":{"role":"x"}}}]}'
  const snapshot = await fold(unsafe)
  expect(Object.getPrototypeOf(snapshot.extra)).toBeNull()
  expect(Object.keys(snapshot.extra)).toEqual(["__proto__", "constructor"])
  expect(snapshot.choices[0]?.role).toBe("assistant")
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})

/** CPU time, in microseconds, to fold `count` chunks. */
const time = async (count: number) => {
  const piece = events(chat({ content: "word ", tool_calls: [call(0, null, null, "1")] }))
  const { user } = process.cpuUsage()
  const { choices } = await readChatCompletions(Array(count).fill(piece) as string[])
    .collect()
    .catch(() => ({ choices: [] }))
  expect(choices).toEqual([])
  return process.cpuUsage().user - user
}

test("readChatCompletions() folds 50,000 chunks in linear time", async () => {
  await time(5_000)
  // Quadratic work would take 16 times as long for 4 times the chunks.
  const ratio = async () => (await time(50_000)) / (await time(12_500))
  expect(Math.min(await ratio(), await ratio())).toBeLessThan(9)
})

test("readChatCompletions() joins the pieces of a deprecated function call", async () => {
  const pieces = [{ name: "f", arguments: "" }, { arguments: '{"x"' }, { arguments: ":1}" }]
  const { functionCall } = await foldDeltas(...pieces.map((function_call) => ({ function_call })))
  expect(functionCall).toEqual({ name: "f", arguments: '{"x":1}' })
})

const logprobs = (...tokens: string[]) => ({
  choices: [{ index: 0, delta: {}, logprobs: { content: tokens.map((token) => ({ token })), refusal: null } }],
})

test("readChatCompletions() keeps each log probability once", async () => {
  const { choices } = await fold(logprobs("a"), logprobs("b", "c"), {
    choices: [{ index: 0, delta: {}, logprobs: null }],
  })
  expect(choices[0]?.logprobs).toEqual({ content: [{ token: "a" }, { token: "b" }, { token: "c" }], refusal: [] })
})

test("readChatCompletions() joins the pieces of a refusal", async () => {
  expect(await foldDeltas({ refusal: "I " }, { refusal: null }, { refusal: "can't" })).toMatchObject({
    refusal: "I can't",
    content: null,
  })
})

test("readChatCompletions() keeps the last value of each provider-specific field", async () => {
  const { extra } = await fold(
    { ...chat({}), citations: [1], x: 1 },
    { ...chat({}), citations: [1, 2] },
    { ...chat({}), obfuscation: "x" },
    chat({}),
  )
  expect(extra).toEqual({ citations: [1, 2], x: 1 })
})
