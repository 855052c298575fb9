import { isItemSource, openItems } from "../../internal/item-source.ts"
import type { DialectName } from "../dialects/dialect-name.ts"
import { dialectWriter } from "./dialect-writer.ts"
import { type ErrorMapper, EventFeed } from "./event-feed.ts"
import { feedStream, type FeedStreamOptions } from "./feed-stream.ts"

/** What chunks are taken from. */
export type EncodableChunks<T extends object> = AsyncIterable<T> | Iterable<T> | ReadableStream<T>

/** Options of {@link encodeChunks}. */
export interface EncodeChunksOptions extends FeedStreamOptions {
  /**
   * The dialect. In the Responses dialect a chunk is written under its `type`, and gets the next `sequence_number` where
   * it has none.
   * @defaultValue `"chat"`
   */
  readonly dialect?: DialectName | undefined
  /**
   * Whether a whole answer ends with `[DONE]`.
   * @defaultValue `true`, in the Responses dialect `false`
   */
  readonly done?: boolean | undefined
  /**
   * Called with what the source threw, also with what its clean-up threw after the client left. What it gives is what
   * the client may know; by default that is a server error without a word of the message.
   */
  readonly onError?: ErrorMapper | undefined
}

/**
 * Encodes chunks as the body of a streamed answer: one block a chunk, then `[DONE]`.
 *
 * The source goes no faster than its reader takes. It is stopped (`return()` of an iterator, `cancel()` of a stream) when
 * the reader leaves or `signal` is aborted. Where it throws, or gives what JSON cannot hold, an error event ends the body,
 * without `[DONE]`, so that no client takes the answer for a whole one; the body itself ends cleanly. A comment goes out
 * only in silence.
 *
 * @param source - The chunks. What the official client gives is one, and so is what {@link chatCompletionChunks} gives.
 * @throws TypeError where `source` is no iterable and no stream, or is a locked stream.
 * @throws RangeError where `keepAlive` is NaN or negative.
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
  if (!isItemSource(source)) {
    throw new TypeError("Cannot encode chunks: the source must be an iterable or a ReadableStream")
  }
  const writer = dialectWriter(options.dialect ?? "chat", options.done)
  return feedStream(new EventFeed<T>(openItems(source), writer, options.onError), options)
}
