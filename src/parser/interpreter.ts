/*
 * Law: turns lines into events, "interpreting an event stream" of the specification: which field a line is of, what the
 * pending block holds, and what a blank line dispatches. Lines come whole; how they were cut is the line reader's concern.
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
import type { SseLimitError } from "../errors.ts"
import { fieldValueStart, parseRetry, skipSpace } from "./field.ts"
import { limitError, limitOf, type SseParserLimits, type SseParserOptions } from "./options.ts"

const COLON = 58
const LETTER_D = 100
const LETTER_E = 101
const LETTER_I = 105
const LETTER_R = 114

export class Interpreter {
  readonly #onEvent: SseParserOptions["onEvent"]
  readonly #onComment: SseParserOptions["onComment"]
  readonly #onRetry: SseParserOptions["onRetry"]
  readonly #onId: SseParserOptions["onId"]
  readonly #onUnknownLine: SseParserOptions["onUnknownLine"]
  readonly #maxEventSize: number

  // The buffers of the specification, and how many characters they hold
  #data: string | undefined = undefined
  #eventType: string | undefined = undefined
  #id: string | undefined = undefined
  #size = 0

  /** The last event ID in force. */
  lastEventId: string
  /** What was thrown because something was over its limit: the stream must be read no further. */
  failure: SseLimitError | undefined = undefined
  /** Counts the resets, so that what runs across a handler can see that one came. */
  epoch = 0

  constructor(options: SseParserOptions) {
    this.#onEvent = options.onEvent
    this.#onComment = options.onComment
    this.#onRetry = options.onRetry
    this.#onId = options.onId
    this.#onUnknownLine = options.onUnknownLine
    this.#maxEventSize = limitOf(options, "maxEventSize")
    this.lastEventId = options.lastEventId ?? ""
  }

  /** Whether the pending block has a field that a blank line would use. */
  get hasBlock(): boolean {
    return this.#data !== undefined || this.#eventType !== undefined || this.#id !== undefined
  }

  /** Whether anybody wants comments. */
  get wantsComments(): boolean {
    return this.#onComment !== undefined
  }

  /** Whether anybody wants lines of unknown fields. */
  get wantsUnknownLines(): boolean {
    return this.#onUnknownLine !== undefined
  }

  /** Drops the pending block. */
  reset(): void {
    this.epoch++
    this.failure = undefined
    this.#data = undefined
    this.#eventType = undefined
    this.#id = undefined
    this.#size = 0
  }

  /** Takes the line `text[start, end)`, which is not blank and whose first character picks the field. */
  readLine(text: string, start: number, end: number): void {
    let value = -1
    switch (text.charCodeAt(start)) {
      case LETTER_D:
        value = fieldValueStart(text, start, end, "data")
        if (value !== -1) return this.#addData(text.slice(value, end))
        break
      case LETTER_E:
        value = fieldValueStart(text, start, end, "event")
        if (value !== -1) return this.#setEventType(text.slice(value, end))
        break
      case LETTER_I:
        value = fieldValueStart(text, start, end, "id")
        if (value !== -1) return this.#setId(text.slice(value, end))
        break
      case LETTER_R:
        value = fieldValueStart(text, start, end, "retry")
        if (value !== -1) return this.#setRetry(text.slice(value, end))
        break
      case COLON:
        return this.#onComment?.(text.slice(skipSpace(text, start + 1, end), end))
    }
    this.#onUnknownLine?.(text.slice(start, end))
  }

  /** Takes the value of a data field and the blank line that follows it. */
  readLastData(value: string): void {
    if (this.#data !== undefined || this.#id !== undefined) {
      this.#addData(value)
      return this.endBlock()
    }
    if (this.#size + value.length > this.#maxEventSize) this.fail("maxEventSize", this.#maxEventSize)
    // Measured: most events are one line; not writing the buffers is ?? % of them.
    const event = this.#eventType ?? "message"
    this.#eventType = undefined
    this.#size = 0
    this.#onEvent?.({ event, data: value, id: undefined, lastEventId: this.lastEventId })
  }

  /** Takes a blank line: moves the cursor and dispatches the event, if the block makes one. */
  endBlock(): void {
    const id = this.#id
    const data = this.#data
    const event = this.#eventType ?? "message"
    this.#data = undefined
    this.#eventType = undefined
    this.#size = 0
    if (id === undefined) {
      if (data !== undefined) this.#onEvent?.({ event, data, id, lastEventId: this.lastEventId })
      return
    }
    this.#id = undefined
    // Spec: the last event ID is set before the data buffer is looked at, so a block with only an id moves it.
    this.lastEventId = id
    const epoch = this.epoch
    try {
      this.#onId?.(id)
    } finally {
      if (data !== undefined && this.epoch === epoch) this.#onEvent?.({ event, data, id, lastEventId: id })
    }
  }

  /** Throws since something is over its limit. */
  fail(limit: keyof SseParserLimits, max: number): never {
    throw (this.failure = limitError(limit, max))
  }

  #addData(value: string): void {
    if (this.#data === undefined) {
      this.#data = value
      this.#grow(value.length)
    } else {
      this.#data = `${this.#data}\n${value}`
      this.#grow(value.length + 1)
    }
  }

  #setEventType(value: string): void {
    const before = this.#eventType?.length ?? 0
    this.#eventType = value === "" ? undefined : value
    this.#grow(value.length - before)
  }

  #setId(value: string): void {
    // Spec: an id with NUL is ignored.
    if (value.includes("\0")) return
    const before = this.#id?.length ?? 0
    this.#id = value
    this.#grow(value.length - before)
  }

  #setRetry(value: string): void {
    const ms = parseRetry(value)
    if (ms !== undefined) this.#onRetry?.(ms)
  }

  #grow(by: number): void {
    this.#size += by
    if (this.#size > this.#maxEventSize) this.fail("maxEventSize", this.#maxEventSize)
  }
}
