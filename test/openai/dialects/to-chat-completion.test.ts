import { expect, test } from "vitest"
import { toChatCompletion } from "steadystream/openai"
import { call, fold } from "./folding.ts"
import { chat } from "../reading/scripted-source.ts"

test("toChatCompletion() returns the shape of an answer that was not streamed", async () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
  const snapshot = await fold(
    { ...chat({ role: "assistant", reasoning: "Hmm" }), system_fingerprint: "fp", service_tier: "flex" },
    chat({ content: "Hi", tool_calls: [call(0, "a", "f", "{}")] }),
    chat({ tool_calls: [{ index: 1, id: "b", type: "custom", custom: { name: "sql", input: "SELECT" }, x: 1 }] }),
    chat({}, "tool_calls"),
    { choices: [], usage },
  )
  expect(toChatCompletion(snapshot)).toEqual({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "m",
    system_fingerprint: "fp",
    service_tier: "flex",
    usage,
    choices: [
      {
        index: 0,
        finish_reason: "tool_calls",
        logprobs: null,
        message: {
          role: "assistant",
          content: "Hi",
          refusal: null,
          reasoning_content: "Hmm",
          tool_calls: [
            { id: "a", type: "function", function: { name: "f", arguments: "{}" } },
            { id: "b", type: "custom", custom: { name: "sql", input: "SELECT" }, x: 1 },
          ],
        },
      },
    ],
  })
})

test("toChatCompletion() leaves out members that did not come, and copies the others", async () => {
  const snapshot = await fold(chat({ content: "Hi" }, "stop"), { choices: [], usage: { total_tokens: 1 } })
  const completion = toChatCompletion(snapshot)
  expect(Object.keys(completion.choices[0]!.message)).toEqual(["role", "content", "refusal"])
  expect(completion.usage).toEqual(snapshot.usage)
  expect(completion.usage).not.toBe(snapshot.usage)
})
