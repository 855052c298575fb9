/*
 * Parses text cut anywhere into fields, and fields into events. Each character is searched a fixed number of times.
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
import { BYTE_ORDER_MARK, COLON, LETTER_D, LETTER_E, LETTER_I, LF } from "./characters.ts"
import { fieldValue, indexOrEnd, isData, isEvent, isId, isOneEvent, retryTime } from "./field.ts"
import { type Handlers, handlersOf, limitOf, type SseParserLimits, type SseParserOptions } from "./options.ts"
import { HELD, joinPieces, PIECE } from "./pieces.ts"

/** Length of the longest field name with its colon. */
const FIELD_START = 6

// A handler is called as a function: called as a member, it would get the others for its `this`.
export class TextParser {
  readonly #handlers: Handlers
  readonly #maxLineLength: number
  readonly #maxEventSize: number
  readonly #exceed: (limit: keyof SseParserLimits, max: number) => never

  lastEventId: string
  /** How many texts in a row were one event of one line of data; nothing waits after one. */
  plainRun = 0
  /** Counts the resets, so that what runs across a handler can see that one came. */
  epoch = 0

  // The buffers of the specification
  #data: string | undefined = undefined
  #eventType = ""
  #id: string | undefined = undefined

  // What a text leaves over for the next one
  /** Whether there is any, a character to drop or data that waits for the end of its block included. */
  #hasRest = true
  /** The line whose end has not come; only its first character where nobody wants it. */
  #line = ""
  /** How long that line is. */
  #lineLength = 0
  /** What was not read because a handler threw. */
  #unread = ""
  /** What the pieces of what waits hold at most. */
  #held = 0
  /** The character that is dropped if the next text begins with it. */
  #dropped = BYTE_ORDER_MARK

  /** @param exceed - Ends the stream because something is over the limit. */
  constructor(options: SseParserOptions, exceed: (limit: keyof SseParserLimits, max: number) => never) {
    this.#handlers = handlersOf(options)
    this.#maxLineLength = limitOf(options, "maxLineLength")
    this.#maxEventSize = limitOf(options, "maxEventSize")
    this.#exceed = exceed
    this.lastEventId = options.lastEventId ?? ""
  }

  /** Whether a line other than a comment has begun, or a block has a field that a blank line would use. */
  get isIncomplete(): boolean {
    const hasLine = this.#lineLength > 0 && this.#line.charCodeAt(0) !== COLON
    return hasLine || (this.#data ?? this.#id) !== undefined || this.#eventType !== ""
  }

  reset(): void {
    this.epoch++
    this.#line = this.#unread = this.#eventType = ""
    this.#lineLength = this.plainRun = 0
    this.#data = this.#id = undefined
    this.#dropped = BYTE_ORDER_MARK
    this.#hasRest = true
  }

  /** Keeps `text` to be read before the next one. */
  keep(text: string): void {
    this.#unread += text
    this.plainRun = 0
    this.#hasRest = true
  }

  /** Reads the lines that end in `text`; the rest waits. */
  read(text: string): void {
    if (this.#hasRest) this.#readOn(this.#unread + text)
    // Measured: 1.07 times as fast as in the loop.
    else if (text.length <= this.#maxLineLength && isOneEvent(text)) {
      this.plainRun++
      this.#endPlain(fieldValue(text, 5, text.length - 2))
    } else this.#readLines(text, 0)
  }

  #readOn(text: string): void {
    if (text === "") return
    const start = text.charCodeAt(0) === this.#dropped ? 1 : 0
    this.#unread = ""
    this.#dropped = -1
    this.#hasRest = false
    // Before it is read, since a handler may throw.
    this.#hold(text.length + PIECE)
    this.#readLines(text, start)
  }

  #hold(more: number): void {
    this.#held += more
    if (this.#held > HELD) this.#held = joinPieces(this.#held, this.#line, this.#data ?? "")
  }

  /** Within a `plainRun`, reads an event of one line of data, if that is what has such a value; gives whether it is. */
  readValue(start: number, value: string): boolean {
    if (start + value.length > this.#maxLineLength || value.indexOf("\n") !== -1 || value.indexOf("\r") !== -1) {
      this.plainRun = 0
      return false
    }
    this.#endPlain(value)
    return true
  }

  /** Where the text goes on after the line that waits, which is whole then, with an LF; 0 where its end has not come. */
  #finishLine(text: string): number {
    const lf = indexOrEnd(text, "\n", 0)
    // Not beyond the LF: what is after it will be searched line by line.
    const cr = text.slice(0, lf).indexOf("\r")
    const end = cr === -1 ? lf : cr
    if (end === text.length) return this.#keepLine(text)
    if (this.#lineLength + end > this.#maxLineLength) this.#exceed("maxLineLength", this.#maxLineLength)
    const next = cr === -1 ? end + 1 : this.#afterReturn(text, end + 1)
    // Of a line that nobody wants nothing but its first character is there.
    if (this.#line.length < this.#lineLength) this.#line += "\n"
    else this.#line += cr === -1 ? text.slice(0, next) : `${text.slice(0, end)}\n`
    return next
  }

  #keepLine(piece: string): 0 {
    const before = this.#lineLength
    const length = (this.#lineLength = before + piece.length)
    if (length > this.#maxLineLength) this.#exceed("maxLineLength", this.#maxLineLength)
    this.#hasRest = true
    if (this.#line.length === before) this.#line += piece
    if (before < FIELD_START && length >= FIELD_START && !this.#wants(this.#line.slice(0, FIELD_START)))
      this.#line = this.#line.slice(0, 1)
    return 0
  }

  /** Whether anybody wants the line that begins with `start`. */
  #wants(start: string): unknown {
    const { onComment, onUnknownLine } = this.#handlers
    return start.charCodeAt(0) === COLON ? onComment : (onUnknownLine ?? /^(?:data|event|id|retry):/.test(start))
  }

  /** Spec: a CR ends its line at once; an LF that follows belongs to it, here or in the next text. */
  #afterReturn(text: string, index: number): number {
    if (index < text.length) return text.charCodeAt(index) === LF ? index + 1 : index
    this.#dropped = LF
    this.#hasRest = true
    return index
  }

  /** Takes the lines that end in `text`, from the one that starts at `start`, and keeps the rest. */
  // oxlint-disable-next-line max-lines-per-function -- measured: a call for each line costs a fifth more.
  #readLines(text: string, start: number): void {
    const { epoch } = this
    const { length } = text
    this.plainRun = 0
    try {
      if (this.#lineLength > 0) {
        start = this.#finishLine(text)
        if (start === 0) return
        // Only the line is joined: joining all of the text would copy it.
        const line = this.#line
        this.#line = ""
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
          // Measured: a look for NUL in each id costs a long text an eighth; a look in all of a short text costs it a fifth.
          if (nul < lineStart && length > 1024) nul = indexOrEnd(text, "\0", lineStart)
          const id = fieldValue(text, lineStart + 3, end)
          // Spec: an id with NUL is ignored.
          if (nul < lineStart ? id.indexOf("\0") === -1 : nul >= end) {
            this.#id = id
            if (end - lineStart > this.#maxEventSize) this.#checkSize(this.#data)
          }
        } else if (first === COLON) {
          const { onComment } = this.#handlers
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

  /** Takes a line that is neither blank nor a comment nor of a frequent field with a colon. */
  #processField(line: string): void {
    if (line === "data") this.#appendData("")
    else if (line === "event") this.#eventType = ""
    else if (line === "id") this.#id = ""
    else {
      const ms = retryTime(line)
      const { onRetry, onUnknownLine } = this.#handlers
      if (ms === undefined) onUnknownLine?.(line)
      else if (ms >= 0) onRetry?.(ms)
    }
  }

  #appendData(value: string): void {
    if (this.#data !== undefined) this.#hold(PIECE)
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
    this.#checkSize(this.#data)
  }

  /** Not asked for each type and id, which the end of the block counts: a stream of both would take 1.03 of the time. */
  #checkSize(data = ""): void {
    const size = data.length + this.#eventType.length + (this.#id === undefined ? 0 : this.#id.length)
    if (size > this.#maxEventSize) this.#exceed("maxEventSize", this.#maxEventSize)
  }

  #endPlain(data: string): void {
    if (this.#id !== undefined || this.#eventType !== "" || data.length > this.#maxEventSize)
      return this.#dispatchEvent(data)
    const { onEvent } = this.#handlers
    onEvent?.({ event: "message", data, id: undefined, lastEventId: this.lastEventId })
  }

  /** Ends the block: moves the cursor and dispatches the event, if there is data. */
  #dispatchEvent(data: string | undefined): void {
    const { onId, onEvent } = this.#handlers
    const id = this.#id
    const event = this.#eventType === "" ? "message" : this.#eventType
    this.#checkSize(data)
    this.#data = undefined
    this.#eventType = ""
    if (id !== undefined) {
      this.#id = undefined
      // Spec: the last event ID is set before the data buffer is looked at, so a block with only an id moves it.
      this.lastEventId = id
      if (onId !== undefined) return this.#endAfterId(onId, event, data, id)
    }
    if (data !== undefined) onEvent?.({ event, data, id, lastEventId: this.lastEventId })
  }

  #endAfterId(onId: (id: string) => void, event: string, data: string | undefined, id: string): void {
    const { epoch } = this
    const { onEvent } = this.#handlers
    try {
      onId(id)
    } finally {
      if (data !== undefined && this.epoch === epoch) onEvent?.({ event, data, id, lastEventId: id })
    }
  }
}
