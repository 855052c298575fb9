/*
 * Law: the parser's front: what may be called when, and bytes into text, synchronously, with no knowledge of networks,
 * clocks or WHATWG streams. All state that outlives a call is a field, and any cut gives the same events.
 */
import { type SseParserOptions } from "./options.ts"
import { TextReader } from "./text-reader.ts"
import { Utf8Decoder } from "./utf8-decoder.ts"

// Measured: one character beyond Latin-1 makes a large decoded chunk a two-byte string, at 64 KiB in large-object space:
// in blocks, chunks of 16 KiB are read 1.3 times as fast and such of 64 KiB several times.
const BLOCK = 8 * 1024

const LF = 10

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
  readonly #text: TextReader
  readonly #fatal: boolean
  #decoder: Utf8Decoder | undefined = undefined
  #isReading = false
  /** Why nothing more is taken. */
  #refusal: string | undefined = undefined

  /** @throws RangeError where a limit is not a positive number. */
  constructor(options: SseParserOptions = {}) {
    this.#text = new TextReader(options)
    this.#fatal = options.fatal ?? false
  }

  /** The last event ID in force: the one of the last block that ended, id-only blocks included. */
  get lastEventId(): string {
    return this.#text.lastEventId
  }

  /**
   * Reads a piece of the stream, calling the handlers.
   *
   * @throws {@link SseLimitError} once, where a line or an event is over its limit; what came before was dispatched.
   * @throws {@link SseMalformedError} once, at invalid UTF-8 where `fatal` is set.
   * @throws TypeError after `end` or one of these errors until `reset`; from inside a handler; for any other chunk.
   */
  feed(chunk: string | Uint8Array): void {
    if (this.#refusal !== undefined) throw new TypeError(`Cannot feed: ${this.#refusal}; call reset() first`)
    if (this.#isReading) throw new TypeError("Cannot feed: a handler must not feed its own parser")
    this.#isReading = true
    try {
      if (typeof chunk !== "string") this.#readBytes(chunk)
      else this.#text.read(this.#decoder === undefined ? chunk : this.#flushDecoder(this.#decoder) + chunk)
    } catch (error) {
      this.#refuseAfter(error)
      throw error
    } finally {
      this.#isReading = false
    }
  }

  /**
   * Ends the stream; `feed` throws from here on until `reset`. An unfinished block is discarded, as the specification
   * says, or with `flush` dispatched, which is a departure from it.
   *
   * @returns `incomplete`: whether a block, or a line other than a comment, was unfinished.
   */
  end(options: { readonly flush?: boolean | undefined } = {}): {
    /** Whether a block, or a line other than a comment, was unfinished. */
    incomplete: boolean
  } {
    if (this.#refusal !== undefined) return { incomplete: false }
    if (!this.#isReading) this.feed("")
    const incomplete = this.#text.hasBlock || this.#text.hasLine
    try {
      if (options.flush === true) this.#flush()
    } finally {
      this.#refuse("the stream has ended")
    }
    return { incomplete }
  }

  /** Makes the parser new for another stream; only the last event ID stays, unless another one is given. */
  reset(options: { readonly lastEventId?: string | undefined } = {}): void {
    this.#text.lastEventId = options.lastEventId ?? this.#text.lastEventId
    this.#text.reset()
    this.#decoder = undefined
    this.#refusal = undefined
  }

  #readBytes(bytes: Uint8Array): void {
    if (!isBytes(bytes)) throw new TypeError("Cannot feed: the chunk must be a string or a Uint8Array")
    const decoder = (this.#decoder ??= new Utf8Decoder(this.#fatal))
    const { length } = bytes
    if (length <= BLOCK) return this.#readBlock(decoder, bytes, 0, length)
    const { epoch } = this.#text
    let start = 0
    try {
      while (start < length && this.#text.epoch === epoch) {
        const blockStart = start
        start = blockEnd(bytes, start)
        this.#readBlock(decoder, bytes, blockStart, start)
      }
    } catch (error) {
      if (this.#text.epoch === epoch) this.#text.keepUnread(decoder.decode(bytes, start, length))
      throw error
    }
  }

  #readBlock(decoder: Utf8Decoder, bytes: Uint8Array, start: number, end: number): void {
    this.#text.read(decoder.decode(bytes, start, end))
    // A handler that called reset or end dropped what was invalid, too.
    if (decoder.failure !== undefined && decoder === this.#decoder) throw decoder.failure
  }

  #flushDecoder(decoder: Utf8Decoder): string {
    const text = decoder.flush()
    if (decoder.failure !== undefined) throw decoder.failure
    return text
  }

  #flush(): void {
    const { epoch } = this.#text
    this.#text.endLine()
    if (this.#text.epoch === epoch) this.#text.endBlock()
  }

  /** After an error of our own the stream is read no further; one of a handler changes nothing. */
  #refuseAfter(error: unknown): void {
    const { failure } = this.#text
    if (failure !== undefined && error === failure) {
      this.#refuse(`${failure.limit === "maxLineLength" ? "a line" : "an event"} was over its limit`)
    } else if (this.#decoder?.failure !== undefined && error === this.#decoder.failure) {
      this.#refuse("it met invalid UTF-8")
    }
  }

  #refuse(reason: string): void {
    this.reset()
    this.#refusal = reason
  }
}

/** Where a block of a large chunk ends: after a line, where one ends nearby. */
function blockEnd(bytes: Uint8Array, start: number): number {
  if (bytes.length - start <= BLOCK) return bytes.length
  const last = bytes.lastIndexOf(LF, start + BLOCK)
  if (last >= start) return last + 1
  const next = bytes.indexOf(LF, start + BLOCK)
  return next === -1 ? bytes.length : next + 1
}

function isBytes(chunk: unknown): boolean {
  // A Uint8Array of another realm is none of this one's.
  return chunk instanceof Uint8Array || (ArrayBuffer.isView(chunk) && (chunk as Uint8Array).BYTES_PER_ELEMENT === 1)
}
