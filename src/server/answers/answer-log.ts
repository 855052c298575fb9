/* The log of one answer: its name in the store, its state, and its events. */
import type { SseEvent } from "../../event.ts"
import { LogEntry } from "../delivery/log-entry.ts"
import { type AnswerDialect, dialectOf, markedDialectOf } from "./answer-dialect.ts"
import type { Cursor, EventStore, LogState } from "../store/event-store.ts"
import type { AnswerState } from "./answer-types.ts"

/** Returns the name of the log of an answer. */
export function logOf(id: string): string {
  return `answer:${id}`
}

/** @throws TypeError if `id` is not the ID of an answer. */
export function checkId(id: unknown): asserts id is string {
  if (typeof id === "string" && id !== "") return
  throw new TypeError("Cannot use answer: its ID must be a string that is not empty")
}

/** Returns how an answer stands; a log without a producer is none. */
export function answerState({ status, first, last, detail }: LogState): AnswerState | undefined {
  if (status === "open") return undefined
  return detail === undefined ? { status, first, last } : { status, first, last, detail }
}

/** The state of an answer whose store does not know it anymore, or is closed. */
export const GONE: AnswerState = { status: "lost", first: "", last: "" }

/** Reads all events of an answer, and the position before them. */
export async function eventsOf(store: EventStore, id: string): Promise<{ events: SseEvent[]; first: Cursor }> {
  const events: SseEvent[] = []
  let after: Cursor = "start"
  for (;;) {
    const page = await store.read(logOf(id), after)
    for (const entry of page.events) {
      if (markedDialectOf(entry.text) === undefined) events.push(new LogEntry(0, entry).event)
    }
    if (!page.more) return { events, first: page.state.first }
    after = page.next
  }
}

/**
 * Returns the dialect that an entry shows.
 *
 * @param place - The number of entries before it.
 */
export function shownDialectOf(entry: LogEntry, place: number): AnswerDialect | undefined {
  return markedDialectOf(entry.text) ?? dialectOf(entry.event, place)
}
