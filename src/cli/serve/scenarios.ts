/* The streams of `serve`. A stream ends with its session, which the client's leaving ends. */
import { setTimeout as sleep } from "node:timers/promises"
import type { SseEventInit } from "../../index.ts"
import type { AnswerDelta } from "../../openai/index.ts"
import type { Session } from "../../node/index.ts"

const SENTENCE = "A stream of events is plain text , one word after the other , until it says that it is done ."
export const WORDS: readonly string[] = SENTENCE.split(" ")

/** Yields words from the one after the client's last event ID, at most `most` of them, and the end mark after the last word. */
export async function* words(session: Session, delay: number, most = Infinity): AsyncGenerator<SseEventInit> {
  const cursor = Number(session.lastEventId)
  const first = Number.isSafeInteger(cursor) && cursor > 0 ? cursor : 0
  const last = Math.min(WORDS.length, first + most)
  for (let word = first; word < last; word++) {
    if (word > first) await sleep(delay, undefined, { signal: session.signal })
    yield { id: String(word + 1), data: WORDS[word]! }
  }
  if (last < WORDS.length) return
  await sleep(delay, undefined, { signal: session.signal })
  yield { data: "[DONE]" }
}

/** Yields the pieces of an answer. */
export async function* pieces(delay: number, most: number): AsyncGenerator<AnswerDelta> {
  for (const word of WORDS.slice(0, most)) {
    await sleep(delay)
    yield `${word} `
  }
  if (most >= WORDS.length) yield { usage: { inputTokens: 9, outputTokens: WORDS.length } }
}
