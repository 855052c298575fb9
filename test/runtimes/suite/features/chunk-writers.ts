/* OpenAI-style streams that are written here, and read again. */
import { chatCompletionChunks, chunkResponse, encodeError, readChatCompletions } from "steadystream/openai"
import { readResponses, responseEvents } from "steadystream/openai"
import { equal, ok, rejection } from "../checks.ts"
import type { SuiteCases } from "../suite.ts"

const PIECES = ["Grü", "ße ", { text: "😀" }, { usage: { inputTokens: 3, outputTokens: 5 } }] as const

async function* slowly(): AsyncGenerator<(typeof PIECES)[number]> {
  for (const piece of PIECES) {
    await new Promise((resolve) => void setTimeout(resolve, 1))
    yield piece
  }
}

export const chunkWriters: SuiteCases = {
  "chatCompletionChunks writes an answer that is read as the same": async () => {
    const response = chunkResponse(chatCompletionChunks(slowly(), { model: "parrot", id: "1", created: 1 }))
    equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8")
    const stream = readChatCompletions(response)
    const { choices, usage } = await stream.collect()
    equal([choices[0]?.content, choices[0]?.finishReason, usage?.total_tokens], ["Grüße 😀", "stop", 8])
    equal((await stream.ended).reason, "done")
  },
  "responseEvents writes an answer that is read as the same": async () => {
    const response = chunkResponse(responseEvents(slowly(), { model: "parrot" }), { dialect: "responses" })
    const stream = readResponses(response)
    const { text, status } = await stream.collect()
    equal([text, status, (await stream.ended).reason], ["Grüße 😀", "completed", "terminal"])
  },
  "chunkResponse ends a source that fails with an error event, and never with the end mark": async () => {
    const reported: unknown[] = []
    async function* failing() {
      yield "a"
      throw new Error("secret")
    }
    const onError = (error: unknown) => void reported.push(error)
    const text = await chunkResponse(chatCompletionChunks(failing()), { onError }).text()
    ok(!text.includes("secret") && !text.includes("[DONE]"), "neither the message nor the end mark is sent")
    const error = await rejection(() => readChatCompletions([text]).collect())
    equal([error.code, (reported[0] as Error).message], ["provider", "secret"])
  },
  "chunkResponse stops its source when its body is cancelled": async () => {
    let stop = () => {}
    const stopped = new Promise<void>((resolve) => void (stop = resolve))
    async function* endless() {
      try {
        for (;;) {
          await new Promise((resolve) => void setTimeout(resolve, 1))
          yield "a"
        }
      } finally {
        stop()
      }
    }
    const reader = chunkResponse(chatCompletionChunks(endless())).body!.getReader()
    // The first chunk has only the role, and comes before the first piece of the source.
    await reader.read()
    await reader.read()
    await reader.cancel()
    await stopped
  },
  "encodeError writes an error that a reader throws": async () => {
    const text = encodeError({ code: "overloaded", message: "later" })
    equal((await rejection(() => readChatCompletions([text]).collect())).code, "provider")
  },
}
