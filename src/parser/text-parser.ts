/*
 * Parses text that may be cut anywhere to events. Each character is searched a fixed number of times.
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
import { BYTE_ORDER_MARK, COLON, LETTER_D, LETTER_E, LETTER_I, LF } from "./characters.ts"
import { FIELD_START, fieldValue, indexOrEnd, isData, isEvent, isId, isOneEvent } from "./field.ts"
import { callEventHandler, callFieldHandler, type Handlers, handlersOf, isNeeded, limitOf } from "./options.ts"
import type { SseParserLimits, SseParserOptions } from "./options.ts"
import { HELD, joinPieces, PIECE } from "./pieces.ts"

// Handlers are called as plain functions: called as members, they would get the object of handlers as `this`.
export class TextParser {
  readonly #maxLineLength: number
  readonly #maxEventSize: number
  /** The data of a block with an event type but no data. */
  readonly #emptyData: string | undefined
  readonly #exceed: (limit: keyof SseParserLimits, max: number) => never

  handlers: Handlers
  lastEventId: string
  /** The text that was not read because a handler threw. */
  unread = ""
  /** The number of consecutive texts that were one event of one `data` line; such a text leaves no rest. */
  plainRun = 0
  /** Counts the resets, so that code that calls a handler can detect a reset in it. */
  epoch = 0

  #data: string | undefined = undefined
  /** The flattened starts of the data and of the line; `#data` and `#line` continue them, `room` is without the first. */
  #olderData = ""
  #olderLine = ""
  room: number
  #eventType = ""
  #id: string | undefined = undefined

  /** Whether there is a rest for the next text: a character to drop and the data of an unfinished block count too. */
  #hasRest = true
  /** The unterminated line so far; only its first character if no handler needs it. */
  #line = ""
  /** The length of the whole unterminated line. */
  #lineLength = 0
  /** An upper bound of the memory that the slices in `#line` and `#data` hold, in characters. */
  #held = 0
  /** The character that is dropped if the next text begins with it. */
  #dropped = BYTE_ORDER_MARK

  constructor(options: SseParserOptions, exceed: (limit: keyof SseParserLimits, max: number) => never) {
    this.handlers = handlersOf(options)
    this.#maxLineLength = limitOf(options, "maxLineLength")
    this.room = this.#maxEventSize = limitOf(options, "maxEventSize")
    this.#emptyData = options.dispatchEmpty === true ? "" : undefined
    this.#exceed = exceed
    this.lastEventId = options.lastEventId ?? ""
  }

  /** Whether a line other than a comment has begun, or a block has a field that a blank line would use. */
  get isIncomplete(): boolean {
    const hasLine = this.#lineLength > 0 && (this.#olderLine || this.#line).charCodeAt(0) !== COLON
    return hasLine || (this.#data ?? this.#id) !== undefined || this.#eventType !== ""
  }

  reset(): void {
    this.epoch++
    this.#line = this.#olderLine = this.unread = this.#eventType = this.#olderData = ""
    this.#lineLength = this.plainRun = 0
    this.#data = this.#id = undefined
    this.room = this.#maxEventSize
    this.#dropped = BYTE_ORDER_MARK
    this.#hasRest = true
  }

  /** Keeps `text` to be read before the next one. */
  keep(text: string): void {
    this.unread += text
    this.plainRun = 0
    this.#hasRest = true
  }

  /** Reads the lines that end in `text` and keeps the rest. */
  read(text: string): void {
    if (this.#hasRest) this.#readOn(this.unread + text)
    // Measured: 1.07 times as fast as through `#readLines`.
    else if (text.length <= this.#maxLineLength && isOneEvent(text)) {
      this.plainRun++
      this.#endPlain(fieldValue(text, 5, text.length - 2))
    } else this.#readLines(text, 0)
  }

  #readOn(text: string): void {
    if (text === "") return
    const start = text.charCodeAt(0) === this.#dropped ? 1 : 0
    this.unread = ""
    this.#dropped = -1
    this.#hasRest = false
    this.#hold(text.length + PIECE)
    this.#readLines(text, start)
  }

  #hold(more: number): void {
    this.#held += more
    if (this.#held > HELD) this.#flatten(this.#line, this.#data ?? "")
  }

  #flatten(line: string, data: string): void {
    if ((this.#held = joinPieces(this.#held, line, data)) > 0) return
    // Flattening the whole line or data each time would copy it again and again.
    if (line.length > FIELD_START) [this.#olderLine, this.#line] = [this.#olderLine + line, ""]
    this.room -= data.length
    this.#olderData += data
    this.#data &&= ""
  }

  /** In a `plainRun`, reads an event of one `data` line, if `value` is one line; returns whether it is. */
  readValue(start: number, value: string): boolean {
    if (start + value.length > this.#maxLineLength || value.indexOf("\n") !== -1 || value.indexOf("\r") !== -1) {
      this.plainRun = 0
      return false
    }
    this.#endPlain(value)
    return true
  }

  /** Completes the unterminated line from `text`, with LF as its end; returns the index after it, 0 if it goes on. */
  #finishLine(text: string): number {
    const lf = indexOrEnd(text, "\n", 0)
    // Only up to the LF, because the text after it is searched line by line later.
    const cr = text.slice(0, lf).indexOf("\r")
    const end = cr === -1 ? lf : cr
    if (end === text.length) return this.#keepLine(text)
    if (this.#lineLength + end > this.#maxLineLength) this.#exceed("maxLineLength", this.#maxLineLength)
    const next = cr === -1 ? end + 1 : this.#afterReturn(text, end + 1)
    // If no handler needs the line, only its first character was kept.
    if (this.#olderLine === "" && this.#line.length < this.#lineLength) this.#line += "\n"
    else this.#line += cr === -1 ? text.slice(0, next) : `${text.slice(0, end)}\n`
    return next
  }

  #keepLine(piece: string): 0 {
    const before = this.#lineLength
    const length = (this.#lineLength = before + piece.length)
    if (length > this.#maxLineLength) this.#exceed("maxLineLength", this.#maxLineLength)
    this.#hasRest = true
    if (this.#olderLine !== "" || this.#line.length === before) this.#line += piece
    if (before < FIELD_START && length >= FIELD_START && !isNeeded(this.handlers, this.#line.slice(0, FIELD_START)))
      this.#line = this.#line.slice(0, 1)
    return 0
  }

  /** Spec: a CR ends its line at once; an LF after it, in this text or the next, belongs to the same line end. */
  #afterReturn(text: string, index: number): number {
    if (index < text.length) return text.charCodeAt(index) === LF ? index + 1 : index
    this.#dropped = LF
    this.#hasRest = true
    return index
  }

  /** Processes the lines that end in `text`, from `start` on, and keeps the rest. */
  // oxlint-disable-next-line max-lines-per-function -- measured: one call per line takes a fifth longer.
  #readLines(text: string, start: number): void {
    const { epoch } = this
    const { length } = text
    this.plainRun = 0
    try {
      if (this.#lineLength > 0) {
        start = this.#finishLine(text)
        if (start === 0) return
        // The line is read alone, because joining it with the whole text would copy the text.
        const line = this.#olderLine + this.#line
        this.#line = this.#olderLine = ""
        this.#lineLength = 0
        this.#readLines(line, 0)
      }
      let lf = -1
      let cr = indexOrEnd(text, "\r", start)
      let nul = -1
      while (start < length && this.epoch === epoch) {
        const lineStart = start
        const first = text.charCodeAt(start)
        if (first === LF) {
          start++
          this.#dispatchEvent(this.#data)
          continue
        }
        if (lf < start) lf = indexOrEnd(text, "\n", start)
        if (lf === cr) return void this.#keepLine(text.slice(start))
        const end = lf < cr ? lf : cr
        start = lf < cr ? lf + 1 : this.#afterReturn(text, cr + 1)
        if (end === cr) cr = indexOrEnd(text, "\r", start)
        if (end - lineStart > this.#maxLineLength) this.#exceed("maxLineLength", this.#maxLineLength)
        if (first === LETTER_D && isData(text, lineStart)) {
          const value = fieldValue(text, lineStart + 5, end)
          if (this.#data === undefined && start < length && text.charCodeAt(start) === LF) {
            start++
            this.#endPlain(value)
          } else this.#appendData(value)
        } else if (first === LETTER_E && isEvent(text, lineStart)) {
          this.#eventType = fieldValue(text, lineStart + 6, end)
          if (end - lineStart > this.#maxEventSize) this.#checkSize(this.#data)
        } else if (first === LETTER_I && isId(text, lineStart)) {
          // Measured: a search in each ID makes a long text an eighth slower; one in the text, a short one a fifth.
          if (nul < lineStart && length > 1024) nul = indexOrEnd(text, "\0", lineStart)
          const id = fieldValue(text, lineStart + 3, end)
          // Spec: an ID with NUL is ignored.
          if (nul < lineStart ? id.indexOf("\0") === -1 : nul >= end) {
            this.#id = id
            if (end - lineStart > this.#maxEventSize) this.#checkSize(this.#data)
          }
        } else if (first === COLON) {
          const { onComment } = this.handlers
          onComment?.(fieldValue(text, lineStart + 1, end))
        } else if (end === lineStart) this.#dispatchEvent(this.#data)
        else this.#processField(text.slice(lineStart, end))
      }
      if (this.#data !== undefined) this.#hasRest = true
    } catch (error) {
      if (this.epoch === epoch) this.keep(text.slice(start))
      throw error
    }
  }

  /** Processes a line that is not blank, not a comment and not `data:`, `event:` or `id:`. */
  #processField(line: string): void {
    if (line === "data") this.#appendData("")
    else if (line === "event") this.#eventType = ""
    else if (line === "id") this.#id = ""
    else callFieldHandler(this.handlers, line)
  }

  #appendData(value: string): void {
    if (this.#data !== undefined) this.#hold(PIECE)
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
    this.#checkSize(this.#data)
  }

  /** Not called for short types and IDs, which the end of the block counts. Measured: calling it takes 1.03 of the time. */
  #checkSize(data = ""): void {
    const size = data.length + this.#eventType.length + (this.#id === undefined ? 0 : this.#id.length)
    if (size > this.room) this.#exceed("maxEventSize", this.#maxEventSize)
  }

  #endPlain(data: string): void {
    if (this.#id !== undefined || this.#eventType !== "" || data.length > this.#maxEventSize)
      return this.#dispatchEvent(data)
    callEventHandler(this.handlers, "message", data, undefined, this.lastEventId)
  }

  /** Ends the block: updates the last event ID and dispatches the event, if there is data. */
  #dispatchEvent(data = this.#eventType === "" ? undefined : this.#emptyData): void {
    const { onId } = this.handlers
    const id = this.#id
    const event = this.#eventType === "" ? "message" : this.#eventType
    this.#checkSize(data)
    if (this.#olderData !== "") [data, this.#olderData, this.room] = [this.#olderData + data!, "", this.#maxEventSize]
    this.#data = undefined
    this.#eventType = ""
    if (id !== undefined) {
      this.#id = undefined
      // Spec: the last event ID is set before the data buffer is checked, so a block with only an ID moves it.
      this.lastEventId = id
      if (onId !== undefined) return this.#endAfterId(onId, event, data, id)
    }
    if (data !== undefined) callEventHandler(this.handlers, event, data, id, this.lastEventId)
  }

  #endAfterId(onId: (id: string) => void, event: string, data: string | undefined, id: string): void {
    const { epoch } = this
    try {
      onId(id)
    } finally {
      if (data !== undefined && this.epoch === epoch) callEventHandler(this.handlers, event, data, id, id)
    }
  }
}
