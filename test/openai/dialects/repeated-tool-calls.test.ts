import { describe, expect, test } from "vitest"
import { type ChoiceSnapshot, readChatCompletions } from "steadystream/openai"
import { foldDeltas } from "./folding.ts"
import { chat, DONE, events } from "../reading/scripted-source.ts"

const calls = (choice: ChoiceSnapshot) => choice.toolCalls.map(({ name, arguments: input }) => [name, input])
const part = (name: string | null, input: unknown, more: object = {}) => ({
  ...more,
  function: { ...(name === null ? {} : { name }), arguments: input },
})

describe("readChatCompletions() and tool calls that are repeated or not numbered", () => {
  const two = [
    ["f", '{"x":1}'],
    ["g", '{"y":2}'],
  ]

  test.each([
    ["missing ids", {}],
    ["empty ids", { id: "" }],
    ["null as index", { index: null }],
  ])("readChatCompletions() reads two whole calls of one delta with %s", async (_, more) => {
    const choice = await foldDeltas({ tool_calls: [part("f", '{"x":1}', more), part("g", '{"y":2}', more)] })
    expect(calls(choice)).toEqual(two)
  })

  test("readChatCompletions() reads two whole calls of one delta with the same name and no index", async () => {
    const choice = await foldDeltas({ tool_calls: [part("f", '{"x":1}'), part("f", '{"y":2}')] })
    expect(calls(choice)).toEqual([
      ["f", '{"x":1}'],
      ["f", '{"y":2}'],
    ])
  })

  test.each([
    ["missing ids", {}],
    ["empty ids", { id: "" }],
  ])("readChatCompletions() reads one whole call of each delta if all have index 0 and %s", async (_, more) => {
    const [one, other] = [
      { tool_calls: [part("f", '{"x":1}', { index: 0, ...more })] },
      { tool_calls: [part("g", '{"y":2}', { index: 0, ...more })] },
    ]
    expect(calls(await foldDeltas(one, other))).toEqual(two)
  })

  test("readChatCompletions() reads one whole call of each delta without index and id", async () => {
    const choice = await foldDeltas({ tool_calls: [part("f", '{"x":1}')] }, { tool_calls: [part("g", '{"y":2}')] })
    expect(calls(choice)).toEqual(two)
  })

  test("readChatCompletions() reads two custom calls of one delta without index", async () => {
    const custom = (name: string, input: string) => ({ type: "custom", custom: { name, input } })
    const choice = await foldDeltas({ tool_calls: [custom("f", "SELECT 1"), custom("g", "SELECT 2")] })
    expect(calls(choice)).toEqual([
      ["f", "SELECT 1"],
      ["g", "SELECT 2"],
    ])
  })

  const repeated = part("f", '{"x":1}', { index: 0, id: "a" })

  test("readChatCompletions() does not add a whole call that repeats its fragments", async () => {
    const body = events(
      chat({ tool_calls: [part("f", "", { index: 0, id: "a" })] }),
      chat({ tool_calls: [part(null, '{"x"', { index: 0 })] }),
      chat({ tool_calls: [part(null, ":1}", { index: 0 })] }),
      chat({ tool_calls: [repeated] }, "tool_calls"),
    )
    expect(calls((await readChatCompletions(body + DONE).collect()).choices[0]!)).toEqual([["f", '{"x":1}']])
  })

  test("readChatCompletions() does not add a whole call that came whole before", async () => {
    const body = events(chat({ tool_calls: [repeated] }), chat({ tool_calls: [repeated] }, "tool_calls"))
    expect(calls((await readChatCompletions(body + DONE).collect()).choices[0]!)).toEqual([["f", '{"x":1}']])
  })

  test.each([
    ["spaces", '{"x": 1, "y":\n "a b"}'],
    ["escapes", '{"x":1,"y":"a\\u0020b"}'],
  ])("readChatCompletions() does not add a whole call that repeats its arguments with other %s", async (_, again) => {
    const first = { tool_calls: [part("f", '{"x":1,"y":"a b"}', { index: 0, id: "a" })] }
    for (const [name, more] of [
      ["f", { id: "a" }],
      ["f", {}],
      [null, {}],
    ] as const) {
      const choice = await foldDeltas(first, { tool_calls: [part(name, again, { index: 0, ...more })] })
      expect(calls(choice)).toEqual([["f", again]])
    }
  })

  test("readChatCompletions() reads two calls of one delta that have names only and the index 0", async () => {
    const named = (name: string) => ({ index: 0, function: { name } })
    const choice = await foldDeltas({ tool_calls: [named("f"), named("g")] })
    expect(calls(choice)).toEqual([
      ["f", ""],
      ["g", ""],
    ])
  })

  test("readChatCompletions() takes another name in a later delta, before any arguments, as a piece of the name", async () => {
    const named = (name: string) => ({ tool_calls: [{ index: 0, function: { name } }] })
    expect(calls(await foldDeltas(named("edit_ex"), named("isting_file")))).toEqual([["edit_existing_file", ""]])
  })

  test("readChatCompletions() reads arguments that each delta repeats from their start", async () => {
    const pieces = ['{"x', '{"x":1', '{"x":1}'].map((input) => ({
      tool_calls: [part("f", input, { index: 0, id: "a" })],
    }))
    expect(calls(await foldDeltas(...pieces))).toEqual([["f", '{"x":1}']])
  })

  test("readChatCompletions() does not add two whole calls that repeat their fragments", async () => {
    const both = [part("f", '{"x":1}', { index: 0, id: "a" }), part("g", '{"y":2}', { index: 1, id: "b" })]
    expect(calls(await foldDeltas({ tool_calls: both }, { tool_calls: both }))).toEqual(two)
  })

  test("readChatCompletions() does not add a whole function_call that repeats its fragments", async () => {
    const choice = await foldDeltas(
      { function_call: { name: "f", arguments: '{"x"' } },
      { function_call: { arguments: ":1}" } },
      { function_call: { name: "f", arguments: '{"x":1}' } },
    )
    expect(choice.functionCall).toEqual({ name: "f", arguments: '{"x":1}' })
  })

  test("readChatCompletions() does not add a whole custom call that repeats its fragments", async () => {
    const custom = (input: string) => ({
      tool_calls: [{ index: 0, id: "a", type: "custom", custom: { name: "f", input } }],
    })
    expect(calls(await foldDeltas(custom("SELECT"), custom(" 1"), custom("SELECT 1")))).toEqual([["f", "SELECT 1"]])
  })

  test("readChatCompletions() keeps calls apart by an index that is a numeric string", async () => {
    const choice = await foldDeltas(
      { tool_calls: [part("f", '{"x":', { index: "0", id: "a" })] },
      { tool_calls: [part("g", '{"y":', { index: "1", id: "b" })] },
      { tool_calls: [part(null, "1}", { index: "0" })] },
      { tool_calls: [part(null, "2}", { index: "1" })] },
    )
    expect(calls(choice)).toEqual(two)
  })

  test("readChatCompletions() keeps calls without id apart by an index that is a numeric string", async () => {
    const tools = [part("f", '{"x":1}', { index: "0" }), part("g", '{"y":2}', { index: "1" })]
    expect(calls(await foldDeltas(...tools.map((tool) => ({ tool_calls: [tool] }))))).toEqual(two)
  })

  test("readChatCompletions() appends a nested object that begins as its parent does", async () => {
    const choice = await foldDeltas(
      { tool_calls: [part("f", '{"a":', { index: 0, id: "a" })] },
      { tool_calls: [part(null, '{"a":1}}', { index: 0 })] },
    )
    expect(calls(choice)).toEqual([["f", '{"a":{"a":1}}']])
  })
})
