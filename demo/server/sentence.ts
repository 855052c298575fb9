import { setTimeout as sleep } from "node:timers/promises"
import type { SseEventInit } from "steadystream"
import type { Session } from "steadystream/server"

const SENTENCE =
  "A stream of events is plain text over HTTP , one word after the other , until it says that it is done ."
const WORDS = SENTENCE.split(" ")

/** Yields the words of the sentence, from the word after the client's cursor, and then the end mark. */
export async function* sentence(session: Session, pace: number): AsyncGenerator<SseEventInit> {
  const first = cursorOf(session)
  for (let n = first; n < WORDS.length; n++) {
    if (n > first) await sleep(pace, undefined, { signal: session.signal })
    yield { id: String(n + 1), data: WORDS[n]! }
  }
  yield { data: "[DONE]" }
}

/** Yields ticks without end, from the one after the client's cursor, so that no missed tick is lost. */
export async function* ticks(session: Session, pace: number): AsyncGenerator<SseEventInit> {
  for (let n = cursorOf(session) + 1; ; n++) {
    yield { event: "tick", id: String(n), data: JSON.stringify({ tick: n }) }
    await sleep(pace, undefined, { signal: session.signal })
  }
}

function cursorOf(session: Session): number {
  const cursor = Number(session.lastEventId)
  return Number.isSafeInteger(cursor) && cursor > 0 ? cursor : 0
}
