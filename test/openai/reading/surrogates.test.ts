import { expect, test } from "vitest"
import { readChatCompletions, readCompletions, readResponses } from "steadystream/openai"
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

test("textDeltas() returns a lone surrogate at the end of an answer", async () => {
  expect(await all(readChatCompletions(events(chat({ content: "a\ud83d" })) + STOP + DONE).textDeltas())).toEqual([
    "a",
    "\ud83d",
  ])
})
