/* Law: the parser as its users see it: what may be called when, and how bytes become text on the way in. */
import { type SseError, SseLimitError, SseMalformedError } from "../errors.ts"
import { LETTER_D } from "./characters.ts"
import type { SseParserOptions } from "./options.ts"
import { TextParser } from "./text-parser.ts"
import { blockEnd, decodeUtf8, incompleteTail, isSmallAndWhole, join, validLength, valueStart } from "./utf8.ts"

/** After how many chunks of one event each the next is taken for another one: where it is two, it is decoded twice. */
const PLAIN_RUN = 8

/**
 * Parses an event stream incrementally, from text or bytes.
 *
 * Chunks may be cut anywhere, also inside CRLF, a code point or the byte order mark; an event is dispatched inside the
 * `feed` that completes it. When a handler throws, so does `feed`, and the rest of the chunk is read by the next `feed`,
 * if need be of `""`, or by `end`: nothing is lost and nothing comes twice, but how much may wait so is not limited, and
 * each `feed` that throws looks through it again. A handler may call `reset` or `end`, which drop the rest of the chunk,
 * or of the block in `onId`; it may not call `feed`.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 * @example
 * ```ts
 * import { SseParser } from "steadystream"
 *
 * const parser = new SseParser({ onEvent: (event) => console.log(event.event, event.data) })
 * parser.feed("event: greeting\nda")
 * parser.feed("ta: hello\n\n") // greeting hello
 * ```
 */
export class SseParser {
  readonly #text: TextParser
  readonly #fatal: boolean
  /** The bytes that are no text yet: a code point that was cut, or with `fatal` what is invalid and all after it. */
  #carried: Uint8Array | undefined = undefined
  #isReading = false
  /** Why nothing more is taken. */
  #refusal: string | undefined = undefined

  /** @throws RangeError if a limit is not a number from 1. */
  constructor(options: SseParserOptions = {}) {
    this.#text = new TextParser(options, (limit, max) => {
      const reason = `${limit === "maxLineLength" ? "a line" : "an event"} was over its limit`
      this.#fail(reason, new SseLimitError(`Cannot parse event stream: ${reason} of ${max} characters`, limit, max))
    })
    this.#fatal = options.fatal === true
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
    const refusal = this.#isReading ? "a handler must not feed its own parser" : this.#refusal
    if (refusal !== undefined) throw new TypeError(`Cannot feed: ${refusal}`)
    this.#read(chunk, false)
  }

  /**
   * Ends the stream; `feed` throws from here on until `reset`. An unfinished block is discarded, as the specification
   * says, or with `flush` dispatched, which is a departure from it. Called by a handler, it drops the rest of the chunk.
   *
   * @throws What `feed` throws, for what is unread and for what `flush` dispatches. Where a handler throws at what is
   * unread, the stream is not ended yet, so that nothing is lost.
   * @returns `incomplete`: whether a block, or a line other than a comment, was unfinished.
   */
  end(options: { readonly flush?: boolean | undefined } = {}): {
    /** Whether a block, or a line other than a comment, was unfinished. */
    incomplete: boolean
  } {
    if (this.#refusal !== undefined) return { incomplete: false }
    const wasReading = this.#isReading
    if (!wasReading) this.#read("", true)
    const incomplete = this.#text.isIncomplete
    this.#isReading = true
    try {
      if (options.flush === true) this.#flush()
    } finally {
      this.#isReading = wasReading
      this.#refuse("the stream has ended")
    }
    return { incomplete }
  }

  /** Makes the parser new for another stream; only the last event ID stays, unless another one is given. */
  reset(options: { readonly lastEventId?: string | undefined } = {}): void {
    this.#text.reset()
    this.#text.lastEventId = options.lastEventId ?? this.lastEventId
    this.#carried = this.#refusal = undefined
  }

  /** Ends the line and then the block, also where a handler throws for the line. */
  #flush(): void {
    try {
      this.#text.read("\n")
    } finally {
      this.#text.read("\n")
    }
  }

  #refuse(reason: string): void {
    this.reset()
    this.#refusal = `${reason}; call reset() first`
  }

  #fail(reason: string, error: SseError): never {
    this.#refuse(reason)
    throw error
  }

  #read(chunk: string | Uint8Array, isLast: boolean): void {
    this.#isReading = true
    try {
      if (typeof chunk !== "string") this.#readBytes(chunk)
      else if (this.#carried === undefined) this.#text.read(chunk)
      else this.#readAfter(this.#carried, chunk, isLast || chunk !== "")
    } finally {
      this.#isReading = false
    }
  }

  #readBytes(chunk: Uint8Array): void {
    // Not instanceof: a Uint8Array of another realm is none of this one's.
    if (!ArrayBuffer.isView(chunk) || chunk.BYTES_PER_ELEMENT !== 1) {
      throw new TypeError("Cannot feed: the chunk must be a string or a Uint8Array")
    }
    if (this.#carried !== undefined || this.#fatal || !isSmallAndWhole(chunk)) this.#readBlocks(chunk)
    else if (chunk[0] !== LETTER_D || this.#text.plainRun < PLAIN_RUN || !this.#readPlain(chunk)) {
      this.#text.read(decodeUtf8(chunk, 0, chunk.length))
    }
  }

  /**
   * Reads a chunk that is one event of one line of data, as those before it, by decoding its value alone; gives whether
   * it was one. Measured: such streams take 0.9 of the time, and others, since this is not compiled for them, no more.
   */
  #readPlain(chunk: Uint8Array): boolean {
    const start = valueStart(chunk)
    return start > 0 && this.#text.readValue(start, decodeUtf8(chunk, start, chunk.length - 2))
  }

  #readBlocks(chunk: Uint8Array): void {
    const text = this.#text
    const { epoch } = text
    const bytes = this.#carried === undefined ? chunk : join(this.#carried, chunk)
    const { length } = bytes
    const valid = this.#fatal ? validLength(bytes) : length
    const end = valid - incompleteTail(bytes, valid)
    // A copy, since the chunk may be overwritten as soon as `feed` is over; `slice` copies nothing where it is a Buffer's.
    this.#carried = end < length ? new Uint8Array(bytes.subarray(end)) : undefined
    let start = 0
    try {
      do {
        const from = start
        start = blockEnd(bytes, from, end)
        text.read(decodeUtf8(bytes, from, start))
      } while (start < end && text.epoch === epoch)
    } catch (error) {
      if (start < end && text.epoch === epoch) text.keep(decodeUtf8(bytes, start, end))
      throw error
    }
    if (valid < length && text.epoch === epoch) this.#failInvalid()
  }

  /** Reads text after the carried bytes, of which no code point can come any more where it `isFinal`. */
  #readAfter(carried: Uint8Array, chunk: string, isFinal: boolean): void {
    // As no bytes; or with fatal, in place of the text, as one that is never valid, so that the error comes in its order.
    if (!isFinal || this.#fatal) return this.#readBlocks(Uint8Array.from(isFinal ? [0xff] : []))
    this.#carried = undefined
    this.#text.read(decodeUtf8(carried, 0, carried.length) + chunk)
  }

  #failInvalid(): never {
    const message = "Cannot decode the event stream: it must be valid UTF-8"
    this.#fail("it met invalid UTF-8", new SseMalformedError(message))
  }
}
