/* Recognizes the dialect of an answer, and the errors in it, from the data of its events. */
import type { SseEvent } from "../../event.ts"
import { END_EVENT } from "../../internal/reserved-events.ts"

/** A dialect of OpenAI in which an error ends a stream: the two that send chunks have the same. */
export type AnswerDialect = "chunks" | "responses"

/** The events in which the dialect is looked for: heartbeats and events of the application may come first. */
export const DIALECT_EVENTS = 16

/** The data of the event that ends a stream of chunks. */
export const DONE_MARK = "[DONE]"

/** The entries that say the dialect of an answer before its first event: comments, which readers do not get. */
export const DIALECT_MARKS: Readonly<Record<AnswerDialect, string>> = {
  chunks: ": chunks\n\n",
  responses: ": responses\n\n",
}

/** The members of a JSON object. */
export type Fields = Readonly<Record<string, unknown>>

export const NO_FIELDS: Fields = {}

/** Returns the dialect that a stored entry says, if it is no event. */
export function markedDialectOf(text: string): AnswerDialect | undefined {
  if (text === DIALECT_MARKS.chunks) return "chunks"
  return text === DIALECT_MARKS.responses ? "responses" : undefined
}

/**
 * Returns the dialect that an event shows.
 *
 * @param place - The number of events before it.
 */
export function dialectOf({ event, data }: Pick<SseEvent, "event" | "data">, place: number): AnswerDialect | undefined {
  if (place >= DIALECT_EVENTS) return undefined
  const { object, type = event, choices, model, error } = fieldsOf(data)
  if (object === "chat.completion.chunk" || object === "text_completion") return "chunks"
  // Some providers leave out what the object is. Other programs have choices, too.
  if (Array.isArray(choices) && typeof model === "string") return "chunks"
  if (typeof type === "string" && type.startsWith("response.")) return "responses"
  return place === 0 && typeof error === "object" && error !== null ? "chunks" : undefined
}

/** Whether an event of a dialect reports an error, for itself, for its response or for one of its choices. */
export function isErrorEvent(event: string, json: Fields): boolean {
  const { error, type = event, object, success, response, choices, base_resp: base } = json
  if (event === END_EVENT || event === "error") return true
  if (typeof type === "string" && type.startsWith("response.")) {
    const { status } = (response ?? json) as Fields
    return /^response\.(?:failed|error)$/.test(type) || status === "failed" || status === "cancelled"
  }
  const { status_code: code } = (base ?? {}) as Fields
  if (error || type === "error" || object === "error" || success === false || code) return true
  return Array.isArray(choices) && (choices as (Fields | null)[]).some(isBrokenChoice)
}

function isBrokenChoice(choice: Fields | null): boolean {
  return Boolean(choice?.["error"]) || /^(?:error|abort)$/.test(String(choice?.["finish_reason"]))
}

/** Returns the members of a text of JSON; `NO_FIELDS` if it is no object. */
export function fieldsOf(data: string): Fields {
  if (!data.startsWith("{")) return NO_FIELDS
  try {
    return JSON.parse(data) as Fields
  } catch {
    return NO_FIELDS
  }
}
