/* What a page does with an answer. Its URL has an ID that the page makes: `/api/answers/${crypto.randomUUID()}`. */
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

/** Stops the answer for everyone who reads it. */
export async function stop(url: string): Promise<void> {
  const { ok, status } = await fetch(url, { method: "DELETE" })
  if (!ok) throw new Error(`Cannot stop answer: the status is ${status}`)
}
