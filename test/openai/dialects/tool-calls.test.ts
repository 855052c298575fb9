import { describe, expect, test } from "vitest"
import { readChatCompletions } from "steadystream/openai"
import { call, foldDeltas } from "./folding.ts"
import { all, chat, events, rejection } from "../reading/scripted-source.ts"

/** Folds pieces of tool calls and returns the id, name and arguments of each call. */
async function foldCalls(...pieces: object[]): Promise<unknown[]> {
  const { toolCalls } = await foldDeltas(...pieces.map((piece) => ({ tool_calls: [piece] })))
  expect(toolCalls.map(({ index }) => index)).toEqual(toolCalls.map((_, place) => place))
  return toolCalls.map(({ id, name, arguments: input }) => [id, name, input])
}

const oddCall = (index: unknown, id: string) => ({ index, id, function: { name: "f", arguments: "{}" } })

describe("readChatCompletions() and tool calls", () => {
  test("readChatCompletions() merges tool calls by their index", async () => {
    const pieces = [
      call(0, "a", "f", ""),
      call(1, "b", "g", ""),
      call(0, null, null, '{"x":'),
      call(1, null, null, "{}"),
      call(0, null, null, "1}"),
    ]
    expect(await foldCalls(...pieces)).toEqual([
      ["a", "f", '{"x":1}'],
      ["b", "g", "{}"],
    ])
  })

  test("readChatCompletions() merges tool calls without an index by their id, or into the last one", async () => {
    const pieces = [
      call(undefined, "a", "f", "{"),
      call(undefined, null, null, "}"),
      call(undefined, "b", "g", "{"),
      call(undefined, "a", null, " "),
    ]
    expect(await foldCalls(...pieces, call(null, "b", null, "}"))).toEqual([
      ["a", "f", "{} "],
      ["b", "g", "{}"],
    ])
  })

  test("readChatCompletions() merges tool calls with the index -1", async () => {
    const pieces = [call(-1, "a", "f", "{"), call(-1, "a", null, "}"), call(-1, "b", "g", "{}")]
    expect(await foldCalls(...pieces)).toEqual([
      ["a", "f", "{}"],
      ["b", "g", "{}"],
    ])
  })

  test("readChatCompletions() merges tool calls whose index is not valid", async () => {
    const odd = ["__proto__", 1.5, Number.MAX_VALUE, "0"].map((index, at) => oddCall(index, `id${at}`))
    expect(await foldCalls(...odd)).toHaveLength(4)
    expect(await foldCalls({ index: 1e9, id: "a", function: { name: "f", arguments: "{}" } })).toEqual([
      ["a", "f", "{}"],
    ])
  })

  test("readChatCompletions() merges tool calls whose index starts at 1, and out of order", async () => {
    expect(await foldCalls(call(1, "a", "f", "{"), call(1, null, null, "}"))).toEqual([["a", "f", "{}"]])
    expect(await foldCalls(call(2, "c", "h", "{}"), call(1, "b", "g", "{}"))).toEqual([
      ["b", "g", "{}"],
      ["c", "h", "{}"],
    ])
  })

  test("readChatCompletions() separates parallel tool calls that all have the index 0", async () => {
    const pieces = [
      call(0, "a", "f", '{"x":1}'),
      call(0, "b", "f", '{"x":2}'),
      call(0, "c", "g", "{"),
      call(0, null, null, "}"),
    ]
    expect(await foldCalls(...pieces)).toEqual([
      ["a", "f", '{"x":1}'],
      ["b", "f", '{"x":2}'],
      ["c", "g", "{}"],
    ])
  })

  test("readChatCompletions() merges tool calls whose id changes from piece to piece", async () => {
    const pieces = Array.from({ length: 30 }, (_, at) =>
      call(0, `id${at}`, at === 0 ? "f" : null, at === 0 ? "[" : "1,"),
    )
    pieces.push(call(0, "end", null, "1]"), call(0, "after", null, " "))
    expect(await foldCalls(...pieces)).toEqual([["id0", "f", `[${"1,".repeat(29)}1] `]])
  })

  test("readChatCompletions() merges tool calls whose id is empty on later pieces", async () => {
    expect(await foldCalls(call(0, "a", "f", "{"), call(0, "", null, "}"))).toEqual([["a", "f", "{}"]])
    expect(await foldCalls(call(0, "", "f", "{"), call(0, "a", null, "}"))).toEqual([["a", "f", "{}"]])
  })

  test("readChatCompletions() merges tool calls whose name is empty, repeated or split on later pieces", async () => {
    expect(await foldCalls(call(0, "a", "f", ""), call(0, null, "", "{}"))).toEqual([["a", "f", "{}"]])
    expect(await foldCalls(call(0, "a", "fn", ""), call(0, "a", "fn", "{"), call(0, "a", "fn", "}"))).toEqual([
      ["a", "fn", "{}"],
    ])
    expect(await foldCalls(call(0, "a", "edit_ex", ""), call(0, null, "isting_file", "{}"))).toEqual([
      ["a", "edit_existing_file", "{}"],
    ])
    expect(await foldCalls(call(0, "a", "f", "{"), call(0, null, "late", "}"))).toEqual([["a", "f", "{}"]])
  })

  test("readChatCompletions() merges tool calls whose arguments are an object", async () => {
    expect(await foldCalls(call(0, "a", "f", { city: "Paris" }))).toEqual([["a", "f", '{"city":"Paris"}']])
  })

  test("readChatCompletions() merges custom tool calls", async () => {
    const { toolCalls } = await foldDeltas(
      { tool_calls: [{ index: 0, id: "a", type: "custom", custom: { name: "sql", input: "SELECT" } }] },
      { tool_calls: [{ index: 0, custom: { input: " 1" } }] },
    )
    expect(toolCalls).toMatchObject([{ id: "a", type: "custom", name: "sql", arguments: "SELECT 1" }])
  })

  test("readChatCompletions() merges tool calls and keeps provider-specific fields", async () => {
    const extra = { google: { thought_signature: "s" } }
    const { toolCalls } = await foldDeltas({ tool_calls: [{ ...call(0, "a", "f", "{}"), extra_content: extra }] })
    expect(toolCalls[0]?.extra).toEqual({ extra_content: extra })
  })

  test("readChatCompletions() merges tool calls up to the limit, and ignores one that is not an object", async () => {
    const pieces = Array.from({ length: 4 }, (_, index) => chat({ tool_calls: [call(index, `id${index}`, "f", "")] }))
    const error = await rejection(all(readChatCompletions(events(...pieces), { limits: { maxToolCalls: 3 } })))
    expect(error).toMatchObject({ code: "limit", limit: "maxToolCalls", max: 3, chunks: 3 })
    expect((await foldDeltas({ tool_calls: [null, 1, "x"] }, { tool_calls: "x" })).toolCalls).toEqual([])
  })
})
