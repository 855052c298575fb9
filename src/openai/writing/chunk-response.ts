import { eventStreamHeaders } from "../../internal/event-stream-headers.ts"
import { checkNames, type OptionKinds } from "../../internal/option-checks.ts"
import { discardItems } from "../../internal/item-source.ts"
import { type EncodableChunks, encodeItems, type EncodeChunksOptions, ENCODING_KINDS } from "./encode-chunks.ts"

/** The status and headers of a response. */
export interface ChunkResponseInit {
  /**
   * The HTTP status, from 200 to 599.
   * @defaultValue `200`
   */
  readonly status?: number | undefined
  /** More headers. They replace the headers of the event stream with the same name. */
  readonly headers?: RequestInit["headers"]
}

/** Options of {@link chunkResponse}. */
export interface ChunkResponseOptions extends EncodeChunksOptions, ChunkResponseInit {}

/**
 * Returns a response with a streamed answer, for servers that return a `Response`: Hono, Next.js, Deno, Bun, Cloudflare
 * Workers. For node:http, pass the result of {@link encodeChunks} to `sendEventStream` of `steadystream/node`.
 *
 * The body is the result of {@link encodeChunks}. The headers are `content-type: text/event-stream; charset=utf-8`,
 * `cache-control: no-cache, no-transform`, `x-accel-buffering: no` and `incremental: ?1`.
 *
 * @typeParam T - The type of the chunks.
 * @throws TypeError if `source` is not an iterable or a stream, or is a locked stream.
 * @throws RangeError if `keepAlive` is NaN or negative, or `status` is not from 200 to 599. The source is then cancelled.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 * @example
 * ```ts
 * import { chatCompletionChunks, chunkResponse } from "steadystream/openai"
 *
 * async function* words() {
 *   yield "Hello"
 *   yield " world"
 * }
 * const handler = (request: Request): Response =>
 *   chunkResponse(chatCompletionChunks(words(), { model: "parrot" }), { signal: request.signal })
 * console.log(await handler(new Request("https://example.com/v1/chat/completions")).text())
 * ```
 */
export function chunkResponse<T extends object>(
  source: EncodableChunks<T>,
  options: ChunkResponseOptions = {},
): Response {
  return bodyResponse(
    () =>
      encodeItems(source, options, {
        ...ENCODING_KINDS,
        status: true,
        headers: true,
      } as OptionKinds<ChunkResponseOptions>),
    options,
    (reason) => discardItems(source, reason),
  )
}

/**
 * Returns a response with the body that `open` returns and the headers of an event stream.
 *
 * @param discard - Called with the error if the status or a header is not valid, before the source is locked.
 */
export function bodyResponse(
  open: () => ReadableStream<Uint8Array<ArrayBuffer>>,
  init: ChunkResponseInit,
  discard: (reason: unknown) => unknown,
): Response {
  let answer: ResponseInit
  try {
    checkNames("options", init, init)
    const { status = 200 } = init
    answer = { status, headers: eventStreamHeaders(init.headers, "no-cache") }
    // An empty body, since some statuses allow none.
    void new Response(new ReadableStream(), answer)
  } catch (error) {
    discard(error)
    throw error
  }
  return new Response(open(), answer)
}
