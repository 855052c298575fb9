import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import type { SseEventInit } from "ssekit"
import type { Session } from "ssekit/server"
import type { ChatRequest } from "./chat-request.ts"

const ANSWERS: readonly { readonly about: RegExp; readonly text: string }[] = [
  {
    about: /haiku|poem/i,
    text: "One line, then one more,\na blank line lets each word go:\nthe stream says it's done.",
  },
  {
    about: /retr|limit|reconnect/i,
    text:
      "A client that retries for ever turns one dead server into a crowd at its door. A limit with growing, " +
      "uneven pauses gives the server room to come back, and it gives the person in front of the screen an honest " +
      "answer: this did not work, here is why, press the button when you like to try again.",
  },
]
const DEFAULT_ANSWER =
  "Server-sent events are a text format for a response that does not end yet. Each event is a few lines, a field name " +
  "and a value, and a blank line sends it off. The browser reads it with EventSource and comes back by itself; " +
  "OpenAI-style APIs answer a POST with the same lines, one JSON chunk for each token, and say [DONE] at the end."

/** The model of this name falls silent half way, without ending the stream: what a timeout is for. */
const STALLING_MODEL = "demo-stall"

/** The model of this name ends the stream half way, as if it were whole: what a relay must not take for an answer. */
const CUTTING_MODEL = "demo-cut"

/** What the demo's model says. */
export interface Answer {
  readonly tokens: readonly string[]
  readonly finishReason: "length" | "stop"
  readonly usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number }
}

/** What the model says to this request. */
export function answerTo(request: ChatRequest): Answer {
  const text = ANSWERS.find(({ about }) => about.test(request.prompt))?.text ?? DEFAULT_ANSWER
  const all = tokenize(text)
  const tokens = all.slice(0, request.maxTokens)
  const input = tokenize(request.input).length
  return {
    tokens,
    finishReason: tokens.length < all.length ? "length" : "stop",
    usage: { prompt_tokens: input, completion_tokens: tokens.length, total_tokens: input + tokens.length },
  }
}

/** The chunks of an answer, token by token, and the end mark. */
export async function* streamCompletion(
  request: ChatRequest,
  { tokens, finishReason, usage }: Answer,
  session: Session,
  pace: number,
): AsyncGenerator<SseEventInit> {
  const head = { ...headOf(request), object: "chat.completion.chunk" }
  const chunk = (delta: unknown, finish: string | null = null): SseEventInit => ({
    data: JSON.stringify({
      ...head,
      choices: [{ index: 0, delta, finish_reason: finish }],
      ...(request.includeUsage ? { usage: null } : {}),
    }),
  })
  yield chunk({ role: "assistant", content: "" })
  for (const [index, token] of tokens.entries()) {
    if (request.model === CUTTING_MODEL && index >= tokens.length / 2) return
    if (request.model === STALLING_MODEL && index >= tokens.length / 2) {
      await new Promise((resolve) => session.signal.addEventListener("abort", resolve))
      return
    }
    await sleep(pace, undefined, { signal: session.signal })
    yield chunk({ content: token })
  }
  yield chunk({}, finishReason)
  if (request.includeUsage) yield { data: JSON.stringify({ ...head, choices: [], usage }) }
  yield { data: "[DONE]" }
}

/** The same answer in one piece. */
export function completion(request: ChatRequest, { tokens, finishReason, usage }: Answer): unknown {
  const message = { role: "assistant", content: tokens.join(""), refusal: null }
  return {
    ...headOf(request),
    object: "chat.completion",
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    usage,
  }
}

function headOf(request: ChatRequest): { id: string; created: number; model: string } {
  return {
    id: `chatcmpl-${randomUUID().replaceAll("-", "").slice(0, 24)}`,
    created: Math.floor(Date.now() / 1000),
    model: request.model,
  }
}

/** Pieces of a word's length or less, as models give them. */
function tokenize(text: string): string[] {
  return text.match(/\s*[^\s]{1,6}|\s+$/g) ?? []
}
