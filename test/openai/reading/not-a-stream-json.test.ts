import { SseNotAStreamError } from "steadystream"
import { readChatCompletions, readResponses, relay } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { chat, DONE, eventStream, rejection } from "../../support/streams.ts"
import { silenceReports } from "../../support/silence-reports.ts"

silenceReports()

const message = (text: string, id = "msg_1") => ({
  id,
  type: "message",
  role: "assistant",
  content: [{ type: "output_text", text, annotations: [] }],
})

describe("JSON that is no event stream", () => {
  const lines = `${JSON.stringify(chat({ content: "Hi" }))}\n${JSON.stringify(chat({}, "stop"))}\n`
  test.each([
    ["readChatCompletions()", () => readChatCompletions(eventStream(lines)).collect()],
    ["readResponses()", () => readResponses(eventStream('{"type":"response.created"}\n{"type":"x"}\n')).collect()],
    ["readChatCompletions() of text", () => readChatCompletions(lines).collect()],
  ])("%s says that the body holds JSON lines", async (_, read) => {
    const error = await rejection(read())
    expect(error).toBeInstanceOf(SseNotAStreamError)
    expect(error.message).toMatch(/JSON lines/i)
  })
  test.each([
    ["in one line", (json: object) => JSON.stringify(json)],
    ["in several lines", (json: object) => JSON.stringify(json, null, 2)],
  ])(
    "readChatCompletions() throws a completion %s before [DONE] as SseNotAStreamError with its JSON",
    async (_, print) => {
      const json = { id: "c", object: "chat.completion", choices: [{ index: 0, message: { content: "Hi" } }] }
      const error = await rejection(readChatCompletions(eventStream(`${print(json)}\n${DONE}`)).collect())
      expect(error).toBeInstanceOf(SseNotAStreamError)
      expect(error.json).toEqual(json)
    },
  )
  test("readResponses() throws a plain response object as SseNotAStreamError with its JSON", async () => {
    const json = { id: "r", object: "response", status: "completed", output: [message("Hi")] }
    const error = await rejection(readResponses(eventStream(JSON.stringify(json))).collect())
    expect(error).toBeInstanceOf(SseNotAStreamError)
    expect(error.json).toEqual(json)
  })
})

describe("a provider that cannot be reached", () => {
  const ask = (signal: AbortSignal) => fetch("http://127.0.0.1:1/", { signal })
  const asked: [string, () => Promise<unknown>][] = [
    ["readChatCompletions()", () => readChatCompletions(ask).collect()],
    ["readResponses()", () => readResponses(ask).collect()],
    ["readChatCompletions() of a promise", () => readChatCompletions(ask(new AbortController().signal)).collect()],
    [
      "relay()",
      async () => {
        const answer = relay(ask)
        await new Response(answer.toReadableStream()).text()
        throw (await answer.ended).error
      },
    ],
  ]
  test.each(asked)("%s says that it could not connect, with the code of the cause", async (_, read) => {
    const error = await rejection(read())
    expect(error).toMatchObject({ name: "SseConnectionError", retryable: true })
    expect(error.message).toMatch(/could not connect|cannot connect/i)
    expect(error.message).not.toMatch(/until the end/)
    expect(error.message).toMatch(/ECONNREFUSED|bad port/)
  })
})
