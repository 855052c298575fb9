import { chatCompletionChunks, chunkResponse, readChatCompletions, relay } from "steadystream/openai"
import { eventStreamResponse } from "steadystream/server"

/** Sends 1,000 events without a wait, and then the text of an answer, which was relayed and read. */
export function count(request) {
  async function* events() {
    for (let sent = 0; sent < 1_000; sent++) yield { data: "one" }
    const answer = relay(chunkResponse(chatCompletionChunks(["two", "three"])))
    for await (const text of readChatCompletions(answer.toReadableStream()).textDeltas()) yield { data: text }
  }
  return eventStreamResponse(events(), { request })
}
