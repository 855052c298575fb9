/* One session of an answer: whether it gets events at all, and how it ends. */
import { encodeText } from "../../internal/encode-text.ts"
import type { LogRequest } from "../../session/index.ts"
import type { LogEntry } from "../delivery/log-entry.ts"
import type { LogReader } from "../delivery/log-reader.ts"
import { sequenceOf } from "../store/cursor.ts"
import type { LogState } from "../store/event-store.ts"
import type { AnswerConnectOptions } from "./answer-options.ts"
import { type AnswerDialect, DIALECT_EVENTS, markedDialectOf } from "./answer-dialect.ts"
import { shownDialectOf } from "./answer-log.ts"
import type { BrokenEnd, EndWriter } from "./end-block.ts"

/** What follows the cursor of a client that has seen the end, which no event of the log has. */
const END_SUFFIX = ".end"

/** A request for an answer. What the store says of the answer is added before the session begins. */
export interface AnswerRequest extends LogRequest {
  readonly id: string
  state: LogState | undefined
  dialect: AnswerDialect | undefined
}

/** The cursor of the log in the cursor of a client. */
export function logCursorOf({ cursor }: LogRequest): string {
  return cursor.endsWith(END_SUFFIX) ? cursor.slice(0, -END_SUFFIX.length) : cursor
}

/** The status for a request that gets no events. */
export function statusOf(
  request: AnswerRequest,
  state: LogState,
  { ended }: AnswerConnectOptions,
): 404 | 204 | undefined {
  if (state.status === "open") return 404
  if (state.status === "running") return undefined
  if (request.cursor === "") return ended === 204 ? 204 : undefined
  const hasSeenEnd = !isToldByServer(state.status) || request.cursor.endsWith(END_SUFFIX)
  return hasSeenEnd && logCursorOf(request) === state.last ? 204 : undefined
}

/** Whether the log has no event for this end. */
function isToldByServer(status: LogState["status"]): status is "cancelled" | "lost" {
  return status === "cancelled" || status === "lost"
}

export class AnswerReading {
  readonly #reader: LogReader
  readonly #writeEnd: EndWriter
  #dialect: AnswerDialect | undefined
  /** The sequence before the first event. */
  readonly #first: number
  /** Whether an end that the reader of the log knows is not older than the request. */
  #isFresh: boolean

  constructor(reader: LogReader, { state, dialect }: AnswerRequest, writeEnd: EndWriter) {
    this.#reader = reader
    this.#writeEnd = writeEnd
    this.#dialect = dialect
    this.#first = sequenceOf(state?.first)
    this.#isFresh =
      !reader.isReady ||
      reader.status === "running" ||
      (reader.status === state?.status && reader.cursor === state.last)
  }

  /** Makes the reader of the log read if what it knows may be older than the request, and then calls back. */
  refresh(onFresh: () => void): void {
    if (this.#isFresh) return
    this.#reader.recheck(() => {
      this.#isFresh = true
      onFresh()
    })
  }

  /** Takes note of an entry; returns whether it is an event, which goes out. */
  note(entry: LogEntry): boolean {
    const place = entry.sequence - this.#first - 1
    if (place >= DIALECT_EVENTS) return true
    this.#dialect ??= shownDialectOf(entry, place)
    return markedDialectOf(entry.text) === undefined
  }

  /** The bytes after the last event; `undefined` while there may be more events. */
  get lastBlock(): Uint8Array<ArrayBuffer> | undefined {
    const { status, detail, cursor } = this.#reader
    if (!this.#isFresh || status === "running") return undefined
    if (status === "done" || status === "failed") return new Uint8Array(0)
    // The store has lost a log that is open again.
    const end: BrokenEnd = { status: status === "open" ? "lost" : status, detail }
    const texts = this.#writeEnd(end, this.#dialect, sequenceOf(cursor) - this.#first)
    const last = texts.pop()!
    return encodeText(`${texts.join("")}id: ${cursor}${END_SUFFIX}\n${last}`)
  }
}
