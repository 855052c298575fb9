import { defineEvents, readEvents, type SseProviderError, text } from "steadystream"
import { subscribe } from "steadystream/client"
import { createAnswers } from "steadystream/server"
import { expect, test } from "vitest"

const events = defineEvents({ word: text(), done: text() })
const end = (data: string) => `event: word\ndata: a\n\nevent: steadystream.end\ndata: ${data}\n\n`

async function failureOf(source: AsyncIterable<{ readonly event: string }>, onEvent = () => {}) {
  const seen: string[] = []
  try {
    for await (const { event } of source) {
      seen.push(event)
      onEvent()
    }
  } catch (error) {
    return { seen, error: error as SseProviderError }
  }
  return { seen, error: undefined }
}

test.each([
  ['{"status":"cancelled","detail":"by the user"}', "cancelled", "by the user", false],
  ['{"status":"lost"}', "lost", "", true],
  ["no JSON", "failed", "", false],
  ['{"status":"a text with spaces"}', "failed", "", false],
])(
  "readEvents() with a contract throws at the event steadystream.end with %s",
  async (data, code, message, retryable) => {
    const { seen, error } = await failureOf(readEvents(end(data), { events }))
    expect(seen).toEqual(["word"])
    expect(error).toMatchObject({ name: "SseProviderError", code: "provider", retryable, error: { code, message } })
  },
)

test("readEvents() with a contract that defines steadystream.end yields that event", async () => {
  const own = defineEvents({ word: text(), "steadystream.end": text() })
  const { seen, error } = await failureOf(readEvents(end("x"), { events: own }))
  expect([seen, error]).toEqual([["word", "steadystream.end"], undefined])
})

test("subscribe() with a contract reports an answer that was cancelled", async () => {
  const answers = createAnswers({ events })
  await answers.start("1", async function* (signal) {
    yield { event: "word", data: "a" }
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  })
  const connect = ({ lastEventId, signal }: { readonly lastEventId: string; readonly signal: AbortSignal }) =>
    answers.respond(new Request("https://example.com/", { headers: { "last-event-id": lastEventId }, signal }), "1")
  const source = subscribe(connect, { events, until: ({ event }) => event === "done" })
  const { seen, error } = await failureOf(source, () => void answers.cancel("1"))
  expect([seen, error?.error.code]).toEqual([["word"], "cancelled"])
  await answers.closeAll()
})
