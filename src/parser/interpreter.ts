/*
 * Law: turns lines into events, "interpreting an event stream" of the specification: which field a line is of, what the
 * pending block holds, and what a blank line dispatches. Lines come whole; how they were cut is the parser's concern.
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
import type { SseLimitError } from "../errors.ts"
import { fieldValueStart, parseRetry, skipSpace } from "./field.ts"
import { limitError, limitOf, type SseParserOptions } from "./options.ts"

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

  // The buffers of the specification
  #data: string | undefined = undefined
  #eventType = ""
  #id: string | undefined = undefined

  /** The last event ID in force. */
  lastEventId: string
  /** Set once the event is over its limit: the stream must be read no further. */
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
    return this.#data !== undefined || this.#eventType !== "" || this.#id !== undefined
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
    this.#eventType = ""
    this.#id = undefined
  }

  /** Takes the line `text[start, end)`, whose first character picks the field. */
  readLine(text: string, start: number, end: number): void {
    if (start === end) return this.endBlock()
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

  /** Takes a blank line: moves the cursor and dispatches the event, if the block makes one. */
  endBlock(): void {
    const id = this.#id
    const data = this.#data
    const event = this.#eventType === "" ? "message" : this.#eventType
    this.#data = undefined
    this.#eventType = ""
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

  #addData(value: string): void {
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
    this.#checkSize()
  }

  #setEventType(value: string): void {
    this.#eventType = value
    this.#checkSize()
  }

  #setId(value: string): void {
    // Spec: an id with NUL is ignored.
    if (value.includes("\0")) return
    this.#id = value
    this.#checkSize()
  }

  #setRetry(value: string): void {
    const ms = parseRetry(value)
    if (ms !== undefined) this.#onRetry?.(ms)
  }

  #checkSize(): void {
    const size = (this.#data?.length ?? 0) + this.#eventType.length + (this.#id?.length ?? 0)
    if (size > this.#maxEventSize) this.failure = limitError("maxEventSize", this.#maxEventSize)
  }
}
