/* A chat route: it asks the provider, passes the answer on and keeps what came. What tests replace is passed in. */
import type { Clock } from "steadystream"
import { relay } from "steadystream/openai"

export interface Saved {
  readonly reason: string
  readonly text: string
}

export interface Dependencies {
  readonly fetch: typeof fetch
  readonly save: (answer: Saved) => void
  readonly url?: string
  readonly clock?: Clock
}

export function createChatRoute({
  fetch,
  save,
  clock,
  url = "https://api.openai.com/v1/chat/completions",
}: Dependencies) {
  return async (request: Request): Promise<Response> => {
    const { messages } = (await request.json()) as { messages: unknown }
    const body = JSON.stringify({ model: "gpt-5", stream: true, messages })
    const answer = relay((signal) => fetch(url, { method: "POST", body, signal }), {
      signal: request.signal,
      timeouts: { connect: 10_000, idle: 30_000 },
      clock,
    })
    void answer.ended.then(({ reason }) => save({ reason, text: answer.snapshot.choices[0]?.content ?? "" }))
    return answer.toResponse()
  }
}
