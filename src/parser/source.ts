/* Law: everything that events can be read from becomes one shape. */
import { SseConnectionError } from "../errors.ts"
import { cancelQuietly } from "../internal/cancel.ts"
import { type SourceReader, openReader, type SseChunk } from "./source-reader.ts"

/** What events can be read from: a response, a stream or an iterable of bytes or text, or a string as one piece. */
export type SseSource = Response | ReadableStream<SseChunk> | AsyncIterable<SseChunk> | Iterable<SseChunk> | string

/**
 * Opens `source`, which is locked from then on; a response whatever its status and type.
 *
 * @throws TypeError where it is none, or its body is locked or used.
 */
export function openSource(source: SseSource): SourceReader {
  if (typeof source === "string") return openReader([source])
  return isResponse(source) ? openBody(source) : openReader(source)
}

/** Whether `value` has what this package uses of a Response, of this realm or another. */
export function isResponse(value: unknown): value is Response {
  const response = value as Partial<Response> | null
  return typeof response === "object" && typeof response?.headers?.get === "function" && "body" in response
}

function openBody(response: Response): SourceReader {
  const body = unusedBody(response)
  if (body === undefined) {
    throw new TypeError("Cannot read events: this platform's responses have no body stream; give a stream or text")
  }
  if (body === null || response.status === 204) {
    if (body !== null) cancelQuietly(body)
    return openReader([])
  }
  // Some platforms' are iterables, or text.
  return { ...openSource(body), toFailure: toConnectionError }
}

/**
 * The body of `response`.
 *
 * @throws TypeError where it is locked or used.
 */
export function unusedBody(response: Response): Response["body"] | undefined {
  const { body } = response
  if (response.bodyUsed || body?.locked === true) {
    throw new TypeError("Cannot read events: the body of the response must not be locked or used")
  }
  return body
}

/** An abort or a timeout of the fetch that gave the response is passed on; anything else broke the connection. */
export function toConnectionError(cause: unknown): unknown {
  const name = (cause as Partial<Error> | undefined)?.name
  if (name === "AbortError" || name === "TimeoutError") return cause
  return new SseConnectionError("Cannot read event stream: the connection broke before its end", { cause })
}
