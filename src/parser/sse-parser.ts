/*
 * Law: cuts the stream into lines, "parsing an event stream" of the specification, synchronously, with no knowledge of
 * networks, clocks or WHATWG streams. All state that outlives a call is a field, and any cut gives the same events.
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
import type { SseError } from "../errors.ts"
import { Interpreter } from "./interpreter.ts"
import { limitError, limitOf, type SseParserOptions } from "./options.ts"
import { PendingLine } from "./pending-line.ts"
import { Utf8Decoder } from "./utf8-decoder.ts"

// Measured: one character beyond Latin-1 makes a large decoded chunk a two-byte string in large-object space (6 times slower).
const LARGE_CHUNK = 16 * 1024
const BLOCK = 8 * 1024

const LF = 10
const BYTE_ORDER_MARK = 0xfeff

/**
 * Parses an event stream incrementally, from text or bytes.
 *
 * Chunks may be cut anywhere, also inside CRLF, a code point or the byte order mark; an event is dispatched inside the
 * `feed` that completes it. When a handler throws, so does `feed`, and the rest of the chunk is read by the next `feed`
 * or `end`: nothing is lost and nothing comes twice. A handler may call `reset` or `end`, which drop the rest of the
 * chunk; it may not call `feed`.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 * @example
 * ```ts
 * import { SseParser } from "ssekit"
 *
 * const parser = new SseParser({ onEvent: (event) => console.log(event.event, event.data) })
 * parser.feed("event: greeting\nda")
 * parser.feed("ta: hello\n\n") // greeting hello
 * ```
 */
export class SseParser {
  readonly #interpreter: Interpreter
  readonly #maxLineLength: number
  readonly #fatal: boolean
  readonly #line: PendingLine = new PendingLine()
  #decoder: Utf8Decoder | undefined = undefined
  #atStart = true
  #skipLineFeed = false
  #unread = ""
  #reading = false
  #refusal = ""

  /** @throws RangeError where a limit is not a positive number. */
  constructor(options: SseParserOptions = {}) {
    this.#interpreter = new Interpreter(options)
    this.#maxLineLength = limitOf(options, "maxLineLength")
    this.#fatal = options.fatal ?? false
  }

  /** The last event ID in force: the one of the last block that ended, id-only blocks included. */
  get lastEventId(): string {
    return this.#interpreter.lastEventId
  }

  /**
   * Reads a piece of the stream, calling the handlers.
   *
   * @throws {@link SseLimitError} once, where a line or an event is over its limit; what came before was dispatched.
   * @throws {@link SseMalformedError} once, at invalid UTF-8 where `fatal` is set.
   * @throws TypeError after `end` or one of these errors until `reset`; from inside a handler; for any other chunk.
   */
  feed(chunk: string | Uint8Array): void {
    if (this.#refusal !== "") throw new TypeError(`Cannot feed: ${this.#refusal}; call reset() first`)
    if (this.#reading) throw new TypeError("Cannot feed: a handler must not feed its own parser")
    this.#reading = true
    try {
      if (typeof chunk === "string") this.#readText(this.#decoder === undefined ? chunk : this.#flushDecoder() + chunk)
      else this.#readBytes(chunk)
    } finally {
      this.#reading = false
    }
  }

  /**
   * Ends the stream; `feed` throws from here on until `reset`. An unfinished block is discarded, as the specification
   * says, or with `flush` dispatched, which is a departure from it.
   *
   * @returns `incomplete`: whether a block, or a line other than a comment, was unfinished.
   */
  end(options: { readonly flush?: boolean | undefined } = {}): { incomplete: boolean } {
    if (this.#refusal !== "") return { incomplete: false }
    if (!this.#reading) this.feed("")
    const incomplete = this.#interpreter.hasBlock || (this.#line.length > 0 && !this.#line.isComment)
    try {
      if (options.flush === true) this.#flush()
    } finally {
      this.#refuse("the stream has ended")
    }
    return { incomplete }
  }

  /** Makes the parser new for another stream; only the last event ID stays, unless another one is given. */
  reset(options: { readonly lastEventId?: string | undefined } = {}): void {
    this.#interpreter.reset()
    this.#interpreter.lastEventId = options.lastEventId ?? this.#interpreter.lastEventId
    this.#line.reset()
    this.#decoder = undefined
    this.#atStart = true
    this.#skipLineFeed = false
    this.#unread = ""
    this.#refusal = ""
  }

  #readBytes(bytes: Uint8Array): void {
    if (!isBytes(bytes)) throw new TypeError("Cannot feed: the chunk must be a string or a Uint8Array")
    const decoder = (this.#decoder ??= new Utf8Decoder(this.#fatal))
    if (bytes.length <= LARGE_CHUNK) return this.#readBlock(decoder, bytes)
    const { epoch } = this.#interpreter
    let start = 0
    try {
      while (start < bytes.length && this.#interpreter.epoch === epoch) {
        const end = blockEnd(bytes, start)
        const block = bytes.subarray(start, end)
        start = end
        this.#readBlock(decoder, block)
      }
    } catch (error) {
      if (this.#interpreter.epoch === epoch) this.#unread += decoder.decode(bytes.subarray(start))
      throw error
    }
  }

  #readBlock(decoder: Utf8Decoder, bytes: Uint8Array): void {
    this.#readText(decoder.decode(bytes))
    if (decoder.failure !== undefined) this.#refuse("it met invalid UTF-8", decoder.failure)
  }

  #flushDecoder(): string {
    const text = this.#decoder?.flush() ?? ""
    if (this.#decoder?.failure !== undefined) this.#refuse("it met invalid UTF-8", this.#decoder.failure)
    return text
  }

  #readText(chunk: string): void {
    const text = this.#unread === "" ? chunk : this.#unread + chunk
    if (text === "") return
    this.#unread = ""
    const { epoch } = this.#interpreter
    const length = text.length
    let start = this.#skipAtStart(text)
    // Both are cached: looking up the rarer one again at every line would be quadratic.
    let lf = indexOrEnd(text, "\n", start)
    let cr = indexOrEnd(text, "\r", start)
    try {
      while (start < length) {
        const lineStart = start
        const lineEnd = lf < cr ? lf : cr
        if (lineEnd === length) return this.#pend(lineStart === 0 ? text : text.slice(lineStart))
        start = lineEnd + 1
        if (lineEnd === cr) {
          // Spec: a CR ends its line at once; an LF that follows belongs to it, now or in the next chunk.
          if (start === length) this.#skipLineFeed = true
          else if (text.charCodeAt(start) === LF) start++
        }
        this.#endLine(text, lineStart, lineEnd)
        if (this.#interpreter.epoch !== epoch) return
        if (lf < start) lf = indexOrEnd(text, "\n", start)
        if (cr < start) cr = indexOrEnd(text, "\r", start)
      }
    } catch (error) {
      if (this.#interpreter.epoch === epoch) this.#unread = text.slice(start)
      throw error
    }
  }

  /** Where the first line starts: after the byte order mark of the stream, or after the LF of a CRLF that was cut. */
  #skipAtStart(text: string): number {
    const first = text.charCodeAt(0)
    const skip = (this.#atStart && first === BYTE_ORDER_MARK) || (this.#skipLineFeed && first === LF)
    this.#atStart = false
    this.#skipLineFeed = false
    return skip ? 1 : 0
  }

  #pend(piece: string): void {
    this.#checkLength(this.#line.length + piece.length)
    this.#line.append(piece, this.#interpreter)
  }

  #endLine(text: string, start: number, end: number): void {
    this.#checkLength(this.#line.length + end - start)
    if (this.#line.length === 0) return this.#readLine(text, start, end)
    const line = this.#line.take(text.slice(start, end))
    if (line !== undefined) this.#readLine(line, 0, line.length)
  }

  #readLine(text: string, start: number, end: number): void {
    this.#interpreter.readLine(text, start, end)
    const { failure } = this.#interpreter
    if (failure !== undefined) this.#refuse("an event was over its limit", failure)
  }

  #checkLength(length: number): void {
    if (length <= this.#maxLineLength) return
    this.#refuse("a line was over its limit", limitError("maxLineLength", this.#maxLineLength))
  }

  #flush(): void {
    const { epoch } = this.#interpreter
    const line = this.#line.take("")
    if (line !== undefined && line !== "") this.#readLine(line, 0, line.length)
    if (this.#interpreter.epoch === epoch) this.#interpreter.endBlock()
  }

  #refuse(reason: string, error?: SseError): void {
    this.reset()
    this.#refusal = reason
    if (error !== undefined) throw error
  }
}

function indexOrEnd(text: string, search: string, from: number): number {
  const index = text.indexOf(search, from)
  return index === -1 ? text.length : index
}

/** Where a block of a large chunk ends: after a line, where one ends nearby. */
function blockEnd(bytes: Uint8Array, start: number): number {
  if (bytes.length - start <= LARGE_CHUNK) return bytes.length
  const last = bytes.lastIndexOf(LF, start + BLOCK)
  if (last >= start) return last + 1
  const next = bytes.indexOf(LF, start + BLOCK)
  return next === -1 ? bytes.length : next + 1
}

function isBytes(chunk: unknown): boolean {
  return ArrayBuffer.isView(chunk) && (chunk as Uint8Array).BYTES_PER_ELEMENT === 1
}
