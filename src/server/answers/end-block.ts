/*
 * What a reader gets at the end of an answer that is not whole: the error event of its dialect without the end mark, or
 * the event `steadystream.end`.
 */
import { encodeEvent } from "../../encoder/index.ts"
import { reportRejection } from "../../internal/hook.ts"
import { END_EVENT } from "../../internal/reserved-events.ts"
import type { LogEnd } from "../store/event-store.ts"
import type { AnswerDialect } from "./answer-dialect.ts"
import type { AnswersOptions } from "./answer-options.ts"

/** An end that readers must be told of. */
export type BrokenEnd = Pick<LogEnd, "detail"> & { readonly status: Exclude<LogEnd["status"], "done"> }

const MESSAGES: Readonly<Record<BrokenEnd["status"], string>> = {
  failed: "The answer could not be completed",
  cancelled: "The answer was cancelled",
  lost: "The answer was lost: its server has stopped",
}

/**
 * Returns the texts of the events that report an end.
 *
 * @param number - In the Responses dialect, the number of the first event.
 */
export function endTexts(end: BrokenEnd, dialect: AnswerDialect | undefined, number: number): string[] {
  const { status, detail } = end
  if (dialect === undefined) return [encodeEvent({ event: END_EVENT, data: JSON.stringify({ status, detail }) })]
  const code = status === "failed" ? (detail ?? status) : status
  const error = { message: MESSAGES[status], type: "server_error", param: null, code }
  if (dialect === "chunks") return [encodeEvent({ data: JSON.stringify({ error }) })]
  const { message, param } = error
  const first = { type: "error", sequence_number: number, code, message, param, error }
  const response = { object: "response", output: [], status: "failed", error: { code, message } }
  const last = { type: "response.failed", sequence_number: number + 1, response }
  return [first, last].map((data) => encodeEvent({ event: data.type, data: JSON.stringify(data) }))
}

/** Returns the texts of the events that report the end of one answer, as {@link endTexts} does. */
export type EndWriter = typeof endTexts

/** Returns the function that writes the end of an answer: with the caller's event, if there is one that can be sent. */
export function endWriter(
  id: string,
  endEvent: AnswersOptions["endEvent"],
  report: (error: unknown) => void,
): EndWriter {
  if (endEvent === undefined) return endTexts
  return (end, dialect, number) => {
    try {
      const made = endEvent({ id, ...end })
      if (made !== undefined) {
        reportRejection(made)
        return [encodeEvent({ event: made.event, data: made.data })]
      }
    } catch (error) {
      report(error)
    }
    return endTexts(end, dialect, number)
  }
}
