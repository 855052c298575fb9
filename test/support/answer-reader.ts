/* Readers of answers in tests. */
import { readEvents, type SseEvent } from "steadystream"
import type { Answers } from "steadystream/server"

/** A reader of an answer, with what it has got. */
export interface AnswerReader {
  readonly events: SseEvent[]
  /** How its response ended, and when. */
  end: unknown
  endedAt: number | undefined
}

/** Starts a reader of an answer from its first event. */
export function startAnswerReader(answers: Answers, id: string): AnswerReader {
  const reader: AnswerReader = { events: [], end: undefined, endedAt: undefined }
  const read = async () => {
    const response = await answers.respond(new Request("http://localhost/"), id)
    for await (const event of readEvents(response)) reader.events.push(event)
    return "clean"
  }
  const over = (end: unknown) => Object.assign(reader, { end, endedAt: performance.now() })
  read().then(over, over)
  return reader
}
