/*
 * Cursors: `<epoch>-<sequence>`. The text of a client is never trusted: every text is either a position of the log that is
 * read, or a gap. Reading it takes bounded time and never throws.
 */
import type { Clock } from "../../internal/clock.ts"
import { hashOf } from "./name-hash.ts"
import type { Cursor, GapReason, Position } from "./event-store.ts"

/** The two parts of a cursor. */
export interface CursorParts {
  /** The life of the log that the sequence counts in. */
  readonly epoch: string
  /** The number of the event, at most 2^53 - 1; 0 is before the first event. */
  readonly sequence: number
}

/** Reads 82 characters at most, however long the text is. */
const CURSOR = /^(\w{1,64})-(0|[1-9]\d{0,15})$/

const EPOCH_LENGTH = 10

/** Returns a random epoch. */
export function newEpoch(clock: Clock): string {
  const digits = Array.from({ length: EPOCH_LENGTH }, () =>
    Math.floor(clock.random() * 36)
      .toString(36)
      .slice(-1),
  )
  return digits.join("")
}

/** Returns the epoch of one log, so that the cursor of another log is none of this one. */
export function logEpoch(epoch: string, name: string): string {
  return `${epoch}${hashOf(name, 0).toString(36)}`
}

/** Returns the cursor of the event with the number `sequence`. */
export function formatCursor(epoch: string, sequence: number): Cursor {
  return `${epoch}-${sequence}`
}

/** Returns the parts of a cursor; `undefined` if `text` is not exactly what {@link formatCursor} returns. */
export function parseCursor(text: string): CursorParts | undefined {
  const [, epoch, digits] = CURSOR.exec(text) ?? []
  const sequence = Number(digits)
  return epoch !== undefined && Number.isSafeInteger(sequence) ? { epoch, sequence } : undefined
}

/** Returns the sequence of a cursor; 0 of one that is none. */
export function sequenceOf(cursor: Cursor | undefined): number {
  return (cursor === undefined ? undefined : parseCursor(cursor)?.sequence) ?? 0
}

/** The positions of a log: everything after `first` up to `last` can be read. */
export interface LogBounds {
  readonly epoch: string
  /** The sequence before the oldest event that is kept. */
  readonly first: number
  /** The sequence of the newest event. */
  readonly last: number
}

/** Returns the sequence after which to read, and the reason of the gap if the position is not one of the log. */
export function locate(position: Position, log: LogBounds): { readonly sequence: number; readonly reason?: GapReason } {
  if (position === "start") return { sequence: log.first }
  if (position === "end") return { sequence: log.last }
  const parts = parseCursor(position)
  if (parts === undefined) return { sequence: log.first, reason: "unknown" }
  if (parts.epoch !== log.epoch) return { sequence: log.first, reason: "epoch" }
  if (parts.sequence > log.last) return { sequence: log.first, reason: "future" }
  if (parts.sequence < log.first) return { sequence: log.first, reason: "trimmed" }
  return { sequence: parts.sequence }
}
