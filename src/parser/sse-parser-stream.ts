import type { SseEvent } from "../event.ts"
import { readableOf } from "../internal/iterator.ts"
import { EventReader } from "./event-reader.ts"
import type { ReadEventsOptions } from "./read-events-options.ts"
import type { SseChunk } from "./source-reader.ts"

/**
 * Options of {@link SseParserStream}: those of {@link SseParser} except `onEvent`, because `readable` has the events.
 */
export type SseParserStreamOptions = Omit<ReadEventsOptions, "signal" | "check">

/**
 * Parses an event stream as a pair of WHATWG streams for `pipeThrough`, from bytes or text to events.
 *
 * Chunks may be cut anywhere. A line or an event that exceeds its limit errors `readable` with {@link SseLimitError},
 * after the events before it. An unfinished event at the end is discarded, as specified. {@link readEvents} does the
 * same faster, without streams.
 *
 * @see https://streams.spec.whatwg.org/#generictransformstream
 * @example
 * ```ts
 * import { SseParserStream } from "steadystream"
 *
 * const { body } = new Response("data: hello\n\n")
 * const reader = body!.pipeThrough(new SseParserStream()).getReader()
 * console.log((await reader.read()).value?.data) // hello
 * ```
 */
export class SseParserStream {
  /** Returns the events. */
  readonly readable: ReadableStream<SseEvent>
  /** Accepts the bytes or text. */
  readonly writable: WritableStream<SseChunk>

  /**
   * Makes the pair; nothing is parsed before `readable` is read.
   *
   * @throws RangeError if a limit is not a number from 1.
   */
  constructor(options: SseParserStreamOptions = {}) {
    // Why not one TransformStream: it would discard the events of a chunk if the rest of that chunk fails.
    const chunks = new TransformStream<SseChunk, SseChunk>()
    this.writable = chunks.writable
    this.readable = readableOf(new EventReader(chunks.readable, options))
  }
}
