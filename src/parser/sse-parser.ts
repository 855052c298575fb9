/* Law: the parser as its users see it: what may be called when, and how bytes become text on the way in. */
import { type SseError, SseLimitError, SseMalformedError } from "../errors.ts"
import { LineReader } from "./line-reader.ts"
import type { SseParserLimits, SseParserOptions } from "./options.ts"
import { BLOCK, blockEnd, decodeUtf8, incompleteTail, isUtf8, join } from "./utf8.ts"

const READING = "a handler must not feed its own parser"

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
  readonly #lines: LineReader
  readonly #fatal: boolean
  /** The bytes of a code point that was cut. */
  #carried: Uint8Array | undefined = undefined
  /** Why nothing is taken now. */
  #refusal: string | undefined = undefined

  /** @throws RangeError where a limit is not a positive number. */
  constructor(options: SseParserOptions = {}) {
    this.#lines = new LineReader(options, (limit, max) => this.#exceed(limit, max))
    this.#fatal = options.fatal === true
  }

  /** The last event ID in force: the one of the last block that ended, id-only blocks included. */
  get lastEventId(): string {
    return this.#lines.block.lastEventId
  }

  /**
   * Reads a piece of the stream, calling the handlers.
   *
   * @throws {@link SseLimitError} once, where a line or an event is over its limit; what came before was dispatched.
   * @throws {@link SseMalformedError} once, at invalid UTF-8 where `fatal` is set.
   * @throws TypeError after `end` or one of these errors until `reset`; from inside a handler; for any other chunk.
   */
  feed(chunk: string | Uint8Array): void {
    if (this.#refusal !== undefined) throw new TypeError(`Cannot feed: ${this.#refusal}`)
    this.#refusal = READING
    try {
      if (typeof chunk !== "string") this.#readBytes(chunk)
      else this.#lines.read(this.#carried === undefined ? chunk : this.#decodeCarried(this.#carried) + chunk)
    } finally {
      if (this.#refusal === READING) this.#refusal = undefined
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
    if (this.#refusal === undefined) this.feed("")
    else if (this.#refusal !== READING) return { incomplete: false }
    const incomplete = this.#lines.hasLine || this.#lines.block.hasFields
    try {
      if (options.flush === true) this.#lines.read("\n\n")
    } finally {
      this.#refuse("the stream has ended")
    }
    return { incomplete }
  }

  /** Makes the parser new for another stream; only the last event ID stays, unless another one is given. */
  reset(options: { readonly lastEventId?: string | undefined } = {}): void {
    this.#lines.reset()
    this.#lines.block.lastEventId = options.lastEventId ?? this.lastEventId
    this.#carried = undefined
    if (this.#refusal !== READING) this.#refusal = undefined
  }

  #refuse(reason: string): void {
    this.reset()
    this.#refusal = `${reason}; call reset() first`
  }

  #fail(reason: string, error: SseError): never {
    this.#refuse(reason)
    throw error
  }

  #exceed(limit: keyof SseParserLimits, max: number): never {
    const reason = `${limit === "maxLineLength" ? "a line" : "an event"} was over its limit`
    this.#fail(reason, new SseLimitError(`Cannot parse event stream: ${reason} of ${max} characters`, limit, max))
  }

  #readBytes(chunk: Uint8Array): void {
    // Not instanceof: a Uint8Array of another realm is none of this one's.
    if ((chunk as Uint8Array | null)?.BYTES_PER_ELEMENT !== 1) {
      throw new TypeError("Cannot feed: the chunk must be a string or a Uint8Array")
    }
    const bytes = this.#carried === undefined ? chunk : join(this.#carried, chunk)
    const end = bytes.length - incompleteTail(bytes)
    this.#carried = end < bytes.length ? bytes.slice(end) : undefined
    this.#readBlocks(bytes, end)
  }

  #readBlocks(bytes: Uint8Array, end: number): void {
    const { block } = this.#lines
    const { epoch } = block
    // Line by line where some of it is invalid, since the lines before that are good.
    const size = this.#fatal && !isUtf8(bytes, end) ? 0 : BLOCK
    let start = 0
    try {
      while (start < end && block.epoch === epoch) {
        const blockStart = start
        start = blockEnd(bytes, start, end, size)
        this.#lines.read(this.#decode(bytes, blockStart, start))
      }
    } catch (error) {
      if (start < end && block.epoch === epoch) this.#lines.keep(decodeUtf8(bytes, start, end))
      throw error
    }
  }

  #decodeCarried(carried: Uint8Array): string {
    this.#carried = undefined
    return this.#decode(carried, 0, carried.length)
  }

  #decode(bytes: Uint8Array, start: number, end: number): string {
    try {
      return decodeUtf8(bytes, start, end, this.#fatal)
    } catch (cause) {
      const error = new SseMalformedError("Cannot decode the event stream: it must be valid UTF-8", cause)
      return this.#fail("it met invalid UTF-8", error)
    }
  }
}
