import { discardItems, isItemSource, openItems } from "../../internal/item-source.ts"
import { checkOptions, CLOCK, type OptionKinds, SIGNAL } from "../../internal/option-checks.ts"
import { DIALECT, type DialectName } from "../dialects/dialect-name.ts"
import { dialectWriter } from "./dialect-writer.ts"
import { type ErrorMapper, EventFeed } from "./event-feed.ts"
import { feedStream, type FeedStreamOptions, keepAliveOf } from "./feed-stream.ts"

export const ENCODING_KINDS: OptionKinds<EncodeChunksOptions> = {
  keepAlive: true,
  signal: SIGNAL,
  clock: CLOCK,
  dialect: DIALECT,
  done: "a boolean",
  onError: "a function",
}

/** The sources of chunks to encode: an (async) iterable or a stream. */
export type EncodableChunks<T extends object> = AsyncIterable<T> | Iterable<T> | ReadableStream<T>

/** Options of {@link encodeChunks}. */
export interface EncodeChunksOptions extends FeedStreamOptions {
  /**
   * The dialect. In the Responses dialect, the `type` of a chunk is also its event type, and a chunk without a
   * `sequence_number` gets the next one.
   * @defaultValue `"chat"`
   */
  readonly dialect?: DialectName | undefined
  /**
   * Whether a complete answer ends with `[DONE]`.
   * @defaultValue `false` in the Responses dialect, else `true`
   */
  readonly done?: boolean | undefined
  /**
   * Called with an error of the source, also if its clean-up throws after the client has left. It returns the error that
   * the client may see.
   * @defaultValue the error is reported once, by `reportError` or `console.error`, and the client sees a server error
   * without details
   */
  readonly onError?: ErrorMapper | undefined
}

/**
 * Encodes chunks as the body of a streamed answer: one event for each chunk, then `[DONE]`.
 *
 * A chunk is requested only when the reader of the body waits. The source is stopped (`return()` of an iterator, `cancel()`
 * of a stream) when the reader leaves or `signal` aborts. If the source throws, or a chunk is no object or has no JSON text,
 * an error event ends the body without `[DONE]`, so that no client takes the answer for a complete one; the body itself ends
 * cleanly. A comment is written only after `keepAlive` milliseconds without an event.
 *
 * @param source - The chunks, such as the result of {@link chatCompletionChunks}, or a stream of the official client.
 * @typeParam T - The type of the chunks.
 * @throws TypeError if `source` is not an iterable or a stream, or is a locked stream.
 * @throws RangeError if `keepAlive` is NaN or negative; the source is then cancelled.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 * @example
 * ```ts
 * import { chatCompletionChunks, encodeChunks } from "steadystream/openai"
 *
 * const body = encodeChunks(chatCompletionChunks(["Hel", "lo"], { model: "parrot" }))
 * console.log(await new Response(body).text())
 * ```
 */
export function encodeChunks<T extends object>(
  source: EncodableChunks<T>,
  options: EncodeChunksOptions = {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return encodeItems(source, options, ENCODING_KINDS)
}

/** Does what {@link encodeChunks} does, for a function with more options. */
export function encodeItems<T extends object>(
  source: EncodableChunks<T>,
  options: EncodeChunksOptions,
  kinds: OptionKinds<EncodeChunksOptions>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  if (!isItemSource(source)) {
    throw new TypeError("Cannot encode chunks: the source must be an iterable or a ReadableStream")
  }
  try {
    checkOptions(options, kinds)
    keepAliveOf(options)
  } catch (error) {
    discardItems(source, error)
    throw error
  }
  const writer = dialectWriter(options.dialect ?? "chat", options.done)
  return feedStream(new EventFeed<T>(openItems(source), writer, options.onError), options)
}
