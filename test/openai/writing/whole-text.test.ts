import { chatCompletionChunks, encodeChunks, readChatCompletions, relay, responseEvents } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { chat, DONE, events, STOP } from "../../support/streams.ts"
import { itemsOf } from "./stream-reading.ts"

/** The texts at any depth of `value`. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value]
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : []
}

describe("a text that is cut inside a character", () => {
  const fields = [
    ["text", (text: string) => text],
    ["reasoning", (text: string) => ({ reasoning: text })],
    ["a refusal", (text: string) => ({ refusal: text })],
    ["arguments", (text: string) => ({ toolCall: { index: 0, name: undefined, arguments: text } })],
  ] as const
  const first = (field: string) => (field === "arguments" ? [{ toolCall: { index: 0, name: "f", arguments: "" } }] : [])

  test.each(fields)("chatCompletionChunks() keeps a surrogate pair of %s in one chunk", async (field, delta) => {
    const chunks = await itemsOf(chatCompletionChunks([...first(field), delta("a\ud83d"), delta("\ude00b")]))
    expect(textsIn(chunks).filter((text) => !text.isWellFormed())).toEqual([])
    expect(textsIn(chunks).join("")).toContain("😀")
  })

  test.each(fields)("responseEvents() keeps a surrogate pair of %s in one event", async (field, delta) => {
    const sent = await itemsOf(responseEvents([...first(field), delta("a\ud83d"), delta("\ude00b")]))
    expect(textsIn(sent).filter((text) => !text.isWellFormed())).toEqual([])
  })

  test("chatCompletionChunks() keeps a surrogate pair in one chunk if another choice comes between", async () => {
    const chunks = await itemsOf(
      chatCompletionChunks([{ text: "a\ud83d" }, { text: "x", choice: 1 }, { text: "\ude00b" }]),
    )
    expect(textsIn(chunks).filter((text) => !text.isWellFormed())).toEqual([])
    const texts = chunks.flatMap(({ choices }) => (choices ?? []).filter(({ index }) => index === 0))
    expect(texts.map(({ delta }) => delta?.content ?? "").join("")).toBe("a😀b")
  })

  test("chatCompletionChunks() writes a half that has no other half before the end", async () => {
    const body = encodeChunks(chatCompletionChunks(["a\ud83d"]))
    const { choices } = await readChatCompletions(body).collect()
    expect(choices[0]!.content).toMatch(/^a[\ud83d\ufffd]$/)
  })

  test("relay() brings a surrogate pair of two events whole to the other end", async () => {
    const halves = ["a\ud83d", "\ude00b"].map((content) => chat({ content }))
    const answer = relay(events(...halves) + STOP + DONE)
    const { choices } = await readChatCompletions(answer.toReadableStream()).collect()
    expect([choices[0]!.content, answer.snapshot.choices[0]!.content]).toEqual(["a😀b", "a😀b"])
  })
})
