/*
 * The events that a server of this package writes into an answer: that it ended without success, and that events of it are
 * missing. Each of them fails the reading.
 */
import { type SseError, SseProviderError, SseTruncatedError } from "../../errors.ts"
import type { SseEvent } from "../../event.ts"
import { END_EVENT, GAP_EVENT, reportedEndOf } from "../../internal/reserved-events.ts"

/** The statuses of an answer that ended without success. */
const STATUSES: ReadonlySet<string | null> = new Set(["failed", "cancelled", "lost"])

/** Returns the failure that an event of this package reports, `undefined` for any other event. */
export function streamErrorOf(name: string, { event, data }: SseEvent): SseError | undefined {
  if (event === END_EVENT) return endError(name, data)
  return event === GAP_EVENT ? gapError(name) : undefined
}

/** Returns the error for events that the server could not send. */
export function gapError(name: string): SseError {
  return new SseTruncatedError(`Cannot read ${name}: the server did not have every event of the answer`, "events")
}

/** Returns the error for a server that did not continue the answer after a reconnection. */
export function restartError(name: string): SseError {
  const advice = "each event must have an ID, and the server must go on after the last one"
  return new SseTruncatedError(`Cannot read ${name}: the server began the answer again (${advice})`, "events")
}

/** Whether an answer can have ended without success with this status. */
export function isEndStatus(status: string | null): boolean {
  return STATUSES.has(status)
}

function endError(name: string, data: string): SseError {
  const { code, message, raw } = reportedEndOf(data)
  const error = { message, type: null, code, param: null, status: null, raw }
  const which = isEndStatus(code) ? ` as "${code}"` : " without success"
  return new SseProviderError(`Cannot read ${name}: the answer ended${which}`, error, raw)
}
