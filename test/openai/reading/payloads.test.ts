import { describe, expect, test } from "vitest"
import { SseProviderError } from "steadystream"
import { readChatCompletions, readResponses, toChatCompletion } from "steadystream/openai"
import { DONE, events, rejection } from "./scripted-source.ts"

/** A value whose conversion to a string or a number throws. */
const UNCONVERTIBLE = { toString: 1, valueOf: 1 }

describe("readChatCompletions() and invalid payloads", () => {
  test.each([
    { error: { message: "m", type: UNCONVERTIBLE } },
    { error: { message: "m", code: UNCONVERTIBLE } },
    { error: { message: "m", status: UNCONVERTIBLE } },
    { error: { message: UNCONVERTIBLE } },
    { error: UNCONVERTIBLE },
    { object: "error", code: UNCONVERTIBLE },
  ])("readChatCompletions() reports a provider's error with any members: %j", async (payload) => {
    const error = await rejection(readChatCompletions(events(payload)).collect())
    expect(error).toBeInstanceOf(SseProviderError)
    expect(error.partial.choices).toEqual([])
  })

  test.each([
    ["readChatCompletions", readChatCompletions],
    ["readResponses", readResponses],
  ] as const)("%s() accepts an event named error that carries no error", async (_, read) => {
    const body = `data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\nevent: error\ndata:\n\n${DONE}`
    const error = await rejection((read as typeof readChatCompletions)(body).collect())
    expect(error).toBeInstanceOf(SseProviderError)
    expect(error).toMatchObject({ error: { message: "", code: null } })
  })

  test.each(["__proto__", "constructor", "toString"])(
    "readResponses() treats %s.delta and .done as unknown events",
    async (name) => {
      const made = events(
        { type: "response.output_text.delta", output_index: 0, delta: "a" },
        { type: `${name}.delta`, output_index: 0, delta: "x" },
        { type: `${name}.done`, output_index: 0, text: "x" },
        { type: "response.completed", response: { id: "r", status: "completed" } },
      )
      const { items, text } = await readResponses(made).collect()
      expect(text).toBe("a")
      expect(Object.keys(items[0]!)).toHaveLength(10)
    },
  )

  test.each([-1, 1.5, Number.NaN, 1e300, "__proto__", null, {}, []])(
    "readChatCompletions() accepts the choice and tool index %j without growing or writing to a prototype",
    async (index) => {
      const call = { index, id: "c", function: { name: "f", arguments: "{}" }, __proto__x: 1 }
      const body = JSON.stringify({ choices: [{ index, delta: { tool_calls: [call] }, finish_reason: "stop" }] })
      const snapshot = await readChatCompletions(
        `data: ${body.replaceAll("__proto__x", "__proto__")}\n\n${DONE}`,
      ).collect()
      expect(snapshot.choices).toHaveLength(1)
      expect(snapshot.choices[0]!.toolCalls).toHaveLength(1)
      expect(Object.getPrototypeOf(toChatCompletion(snapshot).choices[0]!.message.tool_calls![0])).toBe(
        Object.prototype,
      )
    },
  )
})
