import type { SseEvent } from "../event.ts"
import { readableOf } from "../internal/iterator.ts"
import { EventReader } from "./event-reader.ts"
import type { ReadEventsOptions } from "./read-events-options.ts"
import type { SseChunk } from "./source-reader.ts"

/** Options of {@link SseParserStream}: those of the parser, whose events come out of `readable`. */
export type SseParserStreamOptions = Omit<ReadEventsOptions, "signal" | "check">

/**
 * Parses an event stream as a pair of WHATWG streams, for `pipeThrough`: bytes or text in, events out.
 *
 * A line or an event over its limit errors `readable` with {@link SseLimitError}, after the events before it; an
 * unfinished event at the end is discarded. {@link readEvents} does the same without streams, and faster.
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
  /** Where the events come out. */
  readonly readable: ReadableStream<SseEvent>
  /** Where the bytes or text go in. */
  readonly writable: WritableStream<SseChunk>

  /** Makes the pair; nothing is parsed before `readable` is read. */
  constructor(options: SseParserStreamOptions = {}) {
    // Not one transform: it would drop the events of a chunk whose end is refused.
    const chunks = new TransformStream<SseChunk, SseChunk>()
    this.writable = chunks.writable
    this.readable = readableOf(new EventReader(chunks.readable, options))
  }
}
