import { describe, expect, test } from "vitest"
import { readEvents, SseProviderError, SseTruncatedError } from "steadystream"
import { readChatCompletions, readChunks, readResponses, relay } from "steadystream/openai"
import { all, chat, DONE, events, HELLO, rejection } from "./scripted-source.ts"
import { silenceReports } from "../../support/silence-reports.ts"

silenceReports()

const end = (data: unknown) => `id: 3.end\nevent: steadystream.end\ndata: ${JSON.stringify(data)}\n\n`
const GAP = 'id: 9\nevent: steadystream.gap\ndata: {"from":"1","reason":"trimmed","resumesAt":"9"}\n\n'

/** The two kinds of source of one text. */
const sources = [
  ["bytes", (text: string) => text],
  ["events", (text: string) => readEvents(text)],
] as const

describe.each(sources)("the events of a stored answer, over %s", (_, open) => {
  test.each(["failed", "cancelled", "lost"])(
    "readChatCompletions() fails if the answer ended as %s",
    async (status) => {
      const stream = readChatCompletions(open(HELLO + end({ status, detail: "secret" }) + DONE))
      const error = await rejection(all(stream))
      expect(error).toBeInstanceOf(SseProviderError)
      expect(error).toMatchObject({
        message: `Cannot read chat completions: the answer ended as "${status}"`,
        error: { code: status, message: "secret", type: null, param: null, status: null },
        partial: { choices: [{ content: "Hello" }] },
        chunks: 4,
        retryable: false,
      })
      expect(await stream.ended).toMatchObject({ reason: "error", sawDone: false })
    },
  )

  test("readChatCompletions() fails if an answer ended before its first event, or with an unknown status", async () => {
    expect(await rejection(all(readChatCompletions(open(end({ status: "cancelled" })))))).toMatchObject({
      error: { code: "cancelled", message: "" },
      chunks: 0,
    })
    for (const data of [{ status: "a\nsecret" }, { status: 5 }, [], null]) {
      const error = await rejection(all(readChatCompletions(open(HELLO + end(data)))))
      expect(error.message).toBe("Cannot read chat completions: the answer ended without success")
    }
    const malformed = "event: steadystream.end\ndata: {\n\n"
    expect(await rejection(all(readChatCompletions(open(HELLO + malformed))))).toBeInstanceOf(SseProviderError)
  })

  test("readChatCompletions() fails at such an end whatever its options are", async () => {
    const options = { completion: "lenient", onProviderError: "yield", onMalformed: "skip" } as const
    const text = HELLO + end({ status: "failed" })
    expect(await rejection(all(readChatCompletions(open(text), options)))).toMatchObject({ code: "provider" })
    expect(await rejection(all(readResponses(open(text), options)))).toMatchObject({ code: "provider" })
    const count = { value: 0, push: () => {}, missing: () => null }
    const dialect = { name: "numbers", accumulate: () => count, error: () => null }
    expect(await rejection(all(readChunks(open(text), dialect, options)))).toMatchObject({ code: "provider" })
  })

  test("readChatCompletions() fails if events are missing, after the chunks before the gap", async () => {
    const text = events(chat({ content: "Hel" })) + GAP + events(chat({ content: "lo" }, "stop")) + DONE
    const stream = readChatCompletions(open(text), { completion: "lenient" })
    const error = await rejection(all(stream))
    expect(error).toBeInstanceOf(SseTruncatedError)
    expect(error).toMatchObject({ missing: "events", chunks: 1, partial: { choices: [{ content: "Hel" }] } })
    expect(error.message).toBe("Cannot read chat completions: the server did not have every event of the answer")
  })

  test.each(["failed", "cancelled", "lost", "sk-secret"])(
    "relay() writes an error event and no end mark if the answer ended as %s",
    async (status) => {
      const body = await relay(open(HELLO + end({ status, detail: "secret" })))
        .toResponse()
        .text()
      const code = status === "sk-secret" ? "provider" : status
      const error = { message: "The answer could not be completed", type: "server_error", param: null, code }
      expect(body).toBe(`${HELLO}data: ${JSON.stringify({ error })}\n\n`)
    },
  )

  test("relay() writes an error event and no end mark if events are missing", async () => {
    const body = await relay(open(events(chat({ content: "Hel" })) + GAP + DONE))
      .toResponse()
      .text()
    expect(body).toMatch(/"code":"truncated"\}\}\n\n$/)
  })
})
