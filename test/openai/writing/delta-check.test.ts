import {
  chatCompletionChunks,
  encodeChunks,
  readChatCompletions,
  readResponses,
  responseEvents,
} from "steadystream/openai"
import { describe, expect, test, vi } from "vitest"
import { itemsOf, textOf } from "./stream-reading.ts"

const RESPONSES = { dialect: "responses" } as const

describe("a delta that would be lost", () => {
  const writers = [
    ["chatCompletionChunks()", (deltas: unknown) => chatCompletionChunks(deltas as never), {}],
    ["responseEvents()", (deltas: unknown) => responseEvents(deltas as never), RESPONSES],
  ] as const
  type Compose = (typeof writers)[number][1]

  /** What a body of `deltas` says, and what `onError` was called with. */
  async function encoded(compose: Compose, deltas: unknown, options: object) {
    const onError = vi.fn()
    const text = await textOf(encodeChunks(compose(deltas) as AsyncIterable<object>, { ...options, onError }))
    return { text, onError }
  }
  const isWhole = (text: string) => /\[DONE\]|"response\.(completed|incomplete)"/.test(text)

  const last: [string, unknown][] = [
    ["usage that is null", { usage: null }],
    ["usage that is a number", { usage: 5 }],
    ["usage without numbers", { usage: { inputTokens: "3" } }],
    [
      "usage that throws",
      {
        usage: {
          get inputTokens() {
            throw new Error("late")
          },
        },
      },
    ],
  ]
  test.each(
    writers.flatMap(([name, compose, options]) =>
      last.map(([what, delta]) => [name, what, delta, compose, options] as const),
    ),
  )(
    "%s reports %s as an error and never writes the end of a whole answer",
    async (_name, _what, delta, compose, options) => {
      const { text, onError } = await encoded(compose, ["Hi", delta], options)
      expect(isWhole(text)).toBe(false)
      expect(text).toMatch(/"error"|event: error/)
      expect(onError).toHaveBeenCalledTimes(1)
    },
  )

  test.each(writers)("%s rejects next() if the last step throws", async (_, compose) => {
    await expect(itemsOf(compose(["Hi", { usage: null }]) as AsyncIterable<object>)).rejects.toThrow(TypeError)
  })

  const none: [string, unknown][] = [
    ["a Buffer", Buffer.from("Hi")],
    ["a Uint8Array", new TextEncoder().encode("Hi")],
    ["text that is a number", { text: 5 }],
    ["an array", ["x"]],
    ["a Date", new Date(0)],
    ["an object without a known member", { content: "Hi" }],
    ["reasoning that is an object", { reasoning: {} }],
    ["a refusal that is true", { refusal: true }],
    ["a toolCall that is a string", { toolCall: "f" }],
    ["arguments that are null", { toolCall: { name: "f", arguments: null } }],
    ["arguments that are a number", { toolCall: { name: "f", arguments: 5 } }],
    ["a name that is a number", { toolCall: { name: 5, arguments: "{}" } }],
    ["an id that is a number", { toolCall: { id: 5, name: "f", arguments: "{}" } }],
    ["an index that is a string", { toolCall: { index: "0", name: "f", arguments: "{}" } }],
    ["a finishReason that is a number", { finishReason: 5 }],
    ["a choice that is a string", { text: "Hi", choice: "0" }],
  ]
  test.each(
    writers.flatMap(([name, compose, options]) =>
      none.map(([what, delta]) => [name, what, delta, compose, options] as const),
    ),
  )("%s refuses %s as a delta", async (_name, _what, delta, compose, options) => {
    const { text, onError } = await encoded(compose, [delta], options)
    expect(isWhole(text)).toBe(false)
    expect(onError.mock.calls).toEqual([[expect.any(TypeError)]])
  })

  test.each(writers)("%s refuses a Node stream of bytes", async (_, compose, options) => {
    const { Readable } = await import("node:stream")
    const { text, onError } = await encoded(compose, Readable.from([Buffer.from("Hi"), Buffer.from("!")]), options)
    expect(isWhole(text)).toBe(false)
    expect(onError).toHaveBeenCalledTimes(1)
  })

  const twice = [
    { toolCall: { index: 0, name: "f", arguments: '{"x":1}' } },
    { toolCall: { index: 0, name: "g", arguments: '{"y":2}' } },
  ]
  test("chatCompletionChunks() begins another call if a name comes anew under the same index", async () => {
    const body = encodeChunks(chatCompletionChunks(twice))
    const { choices } = await readChatCompletions(body).collect()
    expect(choices[0]!.toolCalls.map(({ name, arguments: input }) => [name, input])).toEqual([
      ["f", '{"x":1}'],
      ["g", '{"y":2}'],
    ])
  })

  test("responseEvents() begins another call if a name comes anew under the same index", async () => {
    const body = encodeChunks(responseEvents(twice), RESPONSES)
    const { items } = await readResponses(body).collect()
    expect(items.map(({ name, arguments: input }) => [name, input])).toEqual([
      ["f", '{"x":1}'],
      ["g", '{"y":2}'],
    ])
  })

  test.each([
    ["another id", { index: 0, id: "b", name: "f", arguments: "{}" }],
    ["the same name after complete arguments", { index: 0, name: "f", arguments: "{}" }],
  ])("chatCompletionChunks() begins another call under the same index for %s", async (_, second) => {
    const calls = [{ index: 0, id: "a", name: "f", arguments: '{"x":1}' }, second].map((toolCall) => ({ toolCall }))
    const { choices } = await readChatCompletions(encodeChunks(chatCompletionChunks(calls))).collect()
    expect(choices[0]!.toolCalls.map(({ arguments: input }) => input)).toEqual(['{"x":1}', "{}"])
  })

  test("chatCompletionChunks() continues a call whose pieces repeat its index, id and name", async () => {
    const calls = ['{"x"', ":1}"].map((json) => ({ toolCall: { index: 0, id: "a", name: "f", arguments: json } }))
    const { choices } = await readChatCompletions(encodeChunks(chatCompletionChunks(calls))).collect()
    expect(choices[0]!.toolCalls.map(({ id, arguments: input }) => [id, input])).toEqual([["a", '{"x":1}']])
  })

  test("chatCompletionChunks() rejects two calls with the same id", async () => {
    const calls = ["f", "g"].map((name, index) => ({ toolCall: { index, id: "a", name, arguments: "{}" } }))
    await expect(itemsOf(chatCompletionChunks(calls))).rejects.toThrow('must not have the same "id"')
  })

  test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])(
    "responseEvents() takes the finishReason %j for an unknown one",
    async (finishReason) => {
      const written = await itemsOf(responseEvents(["Hi", { finishReason }]))
      expect(written.at(-1)).toMatchObject({ type: "response.completed", response: { incomplete_details: null } })
    },
  )

  test("chatCompletionChunks() writes the finishReason constructor as it is", async () => {
    const chunks = await itemsOf(chatCompletionChunks(["Hi", { finishReason: "constructor" }]))
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: "constructor" }] })
  })
})
