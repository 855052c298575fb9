/* What a page does with an answer. Its URL has an ID that the page makes: `/api/answers/${crypto.randomUUID()}`. */
import { SseProviderError, SseResponseError } from "steadystream"
import { subscribe } from "steadystream/client"
import { readChatCompletions } from "steadystream/openai"

/** Asks. If the connection breaks, the same POST continues after the last event. Within `ttl` it starts nothing twice. */
export function ask(url: string, messages: readonly object[]) {
  const events = subscribe(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ messages }),
    resume: "same",
    until: "[DONE]",
  })
  return readChatCompletions(events)
}

/** Reads an answer from its first event: after a reload, in a second tab, after its end. */
export function readAgain(url: string) {
  return readChatCompletions(subscribe(url, { until: "[DONE]" }))
}

/** How the reading of an answer ended. `"left"`: this page left it. `"gone"`: there is no such answer, or no longer. */
export type Ending = "done" | "stopped" | "lost" | "failed" | "left" | "gone"

/** Shows an answer of `ask()` or `readAgain()` as it comes, and returns how the reading ended. */
export async function show(answer: ReturnType<typeof ask>, onText: (text: string) => void): Promise<Ending> {
  try {
    for await (const text of answer.textDeltas()) onText(text)
  } catch (error) {
    if (error instanceof SseResponseError && error.status === 404) return "gone"
    const code = error instanceof SseProviderError ? error.error.code : undefined
    if (code === "cancelled") return "stopped"
    return code === "lost" ? "lost" : "failed"
  }
  // Not a stop: this page called `cancel()` of the stream, and the answer may go on.
  return (await answer.ended).reason === "cancelled" ? "left" : "done"
}

/** Stops the answer for everyone who reads it. */
export async function stop(url: string): Promise<void> {
  const { ok, status } = await fetch(url, { method: "DELETE" })
  if (!ok) throw new Error(`Cannot stop answer: the status is ${status}`)
}
