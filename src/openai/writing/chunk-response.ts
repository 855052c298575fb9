import { type EncodableChunks, encodeChunks, type EncodeChunksOptions } from "./encode-chunks.ts"

/** The status and headers of a response. */
export interface ChunkResponseInit {
  /**
   * The status.
   * @defaultValue `200`
   */
  readonly status?: number | undefined
  /** Headers to add; those of the stream itself are replaced by these. */
  readonly headers?: HeadersInit | undefined
}

/** Options of {@link chunkResponse}. */
export interface ChunkResponseOptions extends EncodeChunksOptions, ChunkResponseInit {}

const HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  // No proxy may hold the stream back, nor gather it to compress it.
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
}

/**
 * Answers with a streamed answer, for servers that take a `Response`: Hono, Next.js, Deno, Bun, Cloudflare Workers. For
 * node:http, give {@link encodeChunks} to `sendEventStream` of `steadystream/node`.
 *
 * The body is that of {@link encodeChunks}. Headers: `content-type: text/event-stream; charset=utf-8`, `cache-control:
 * no-cache, no-transform`, `x-accel-buffering: no`.
 *
 * @throws TypeError where `source` is no iterable and no stream, or is a locked stream.
 * @throws RangeError where `keepAlive` is NaN or negative, or `status` is none of 200 to 599.
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
  return bodyResponse(() => encodeChunks(source, options), options)
}

/** What `open` gives with the headers of an event stream. */
export function bodyResponse(open: () => ReadableStream<Uint8Array<ArrayBuffer>>, init: ChunkResponseInit): Response {
  const headers = new Headers(init.headers)
  for (const [name, value] of Object.entries(HEADERS)) if (!headers.has(name)) headers.set(name, value)
  const answer = { status: init.status ?? 200, headers }
  // Throws where the status is none, before a source is locked that nobody would read.
  void new Response(null, answer)
  return new Response(open(), answer)
}
