/* Opens every kind of source as one `SourceReader`. */
import { SseConnectionError } from "../errors.ts"
import { cancelQuietly } from "../internal/cancel.ts"
import { type SourceReader, openReader, type SseChunk } from "./source-reader.ts"

/** A source of events: a response, a stream or an iterable of bytes or text, or a string that is read as one chunk. */
export type SseSource = Response | ReadableStream<SseChunk> | AsyncIterable<SseChunk> | Iterable<SseChunk> | string

/**
 * Opens and locks `source`; the status and the type of a response are not checked.
 *
 * @throws TypeError if `source` is not an `SseSource`, or if its body is locked or used.
 */
export function openSource(source: SseSource): SourceReader {
  if (isResponse(source)) return openBody(source)
  const { href, clone } = (source ?? {}) as Partial<URL & Request>
  // A Request can be cloned, as only a response can besides.
  if (clone || /^\s*(?:https?:\/)?\/\S*\s*$/i.test(typeof source === "string" ? source : href!)) {
    throw new TypeError("Cannot read event stream: the source is a URL or a Request; fetch it first")
  }
  return openReader(typeof source === "string" ? [source] : source)
}

/** Whether `value` has the members of a Response that this package uses, so that other realms' responses count too. */
export function isResponse(value: unknown): value is Response {
  const response = value as Partial<Response> | null
  return typeof response === "object" && typeof response?.headers?.get === "function" && "status" in response
}

function openBody(response: Response): SourceReader {
  const body = unusedBody(response)
  if (body === undefined) {
    throw new TypeError(
      "Cannot read event stream: this platform's responses have no body stream; pass a stream or text",
    )
  }
  if (body === null || response.status === 204) {
    if (body !== null) cancelQuietly(body)
    return openReader([])
  }
  // The body is an iterable or text on some platforms.
  return { ...openSource(body), toFailure: toConnectionError }
}

/**
 * The body of `response`.
 *
 * @throws TypeError if it is locked or used.
 */
export function unusedBody(response: Response): Response["body"] | undefined {
  const { body } = response
  if (response.bodyUsed || body?.locked === true) {
    throw new TypeError("Cannot read event stream: the body of the response must not be locked or used")
  }
  return body
}

/** Returns an abort or a timeout of the fetch unchanged; any other cause becomes an `SseConnectionError`. */
export function toConnectionError(cause: unknown): unknown {
  const name = (cause as Partial<Error> | undefined)?.name
  if (name === "AbortError" || name === "TimeoutError") return cause
  return new SseConnectionError("Cannot read event stream: the connection broke before its end", { cause })
}
