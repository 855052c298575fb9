import type { DecodedEvent, EventDecoder } from "../contract/index.ts"
import type { SseEvent, SseEventIterator } from "../event.ts"
import { readableOf } from "../internal/iterator.ts"
import { EventReader } from "./event-reader.ts"
import type { ReadEventsOptions } from "./read-events-options.ts"
import type { SseChunk } from "./source-reader.ts"

/**
 * Options of {@link SseParserStream}: those of {@link SseParser} except `onEvent`, because `readable` has the events.
 */
export type SseParserStreamOptions<Event extends SseEvent<string, unknown> = SseEvent> = Omit<
  ReadEventsOptions<Event>,
  "signal" | "check"
>

/**
 * Parses an event stream as a pair of WHATWG streams for `pipeThrough`, from bytes or text to events.
 *
 * Chunks may be cut anywhere. A line or an event that exceeds its limit errors `readable` with {@link SseLimitError},
 * after the events before it. An unfinished event at the end is discarded, as specified, and `readable` does not
 * say so: a chunk reader learns of it only from {@link readEvents}, as of a gap that a contract skips. With `events` each
 * event is decoded and validated, and `readable` has the union of the contract. {@link readEvents} does the same faster,
 * without streams.
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
export class SseParserStream<Contract extends EventDecoder<SseEvent<string, unknown>> | undefined = undefined> {
  /** Returns the events. */
  readonly readable: ReadableStream<DecodedEvent<Contract>>
  /** Accepts the bytes or text. */
  readonly writable: WritableStream<SseChunk>

  /**
   * Makes the pair; nothing is parsed before `readable` is read.
   *
   * @throws RangeError if a limit is not a number from 1.
   */
  constructor(options?: SseParserStreamOptions<DecodedEvent<Contract>> & { readonly events?: Contract }) {
    // Why not one TransformStream: it would discard the events of a chunk if the rest of that chunk fails.
    const chunks = new TransformStream<SseChunk, SseChunk>()
    const reader = new EventReader(chunks.readable, options ?? {})
    const events: SseEventIterator<SseEvent<string, unknown>> = options?.events?.read(reader) ?? reader
    this.writable = chunks.writable
    this.readable = readableOf(events as SseEventIterator<DecodedEvent<Contract>>, (reason) => reader.cancel(reason))
  }
}
