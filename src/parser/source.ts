/* Law: everything that events can be read from becomes one shape; a response is checked first. */
import { SseConnectionError } from "../errors.ts"
import { cancelQuietly } from "../internal/cancel.ts"
import { checkResponse, isResponse } from "./check-response.ts"
import { type ChunkSource, openChunks, type SseChunks, toFailure } from "./chunk-source.ts"

/** What events can be read from: a response, a stream or an iterable of bytes or text, or a string as one piece. */
export type SseSource = Response | SseChunks | string

/**
 * Opens `source`, which is locked from then on.
 *
 * @throws TypeError where it is none, or its body is locked or used.
 */
export function openSource(source: SseSource, options: { readonly check?: boolean | undefined } = {}): ChunkSource {
  if (typeof source === "string") return openChunks([source])
  return isResponse(source) ? openResponse(source, options.check ?? true) : openChunks(source)
}

function openResponse(response: Response, check: boolean): ChunkSource {
  const { body } = response
  if (response.bodyUsed || body?.locked === true) {
    throw new TypeError("Cannot read events: the body of the response must not be locked or used")
  }
  // A 2xx without a body has no events, and may well have no type.
  if (check && (body !== null || !response.ok)) {
    const stop = new AbortController()
    const refused = checkResponse(response, stop.signal)
    // A source whose read rejects.
    if (refused !== undefined)
      return { read: () => refused.then(rethrow), toFailure, cancel: (reason) => stop.abort(reason) }
  }
  if (body === undefined) {
    throw new TypeError("Cannot read events: this platform's responses have no body stream; give a stream or text")
  }
  if (body === null || response.status === 204) {
    if (body !== null) cancelQuietly(body)
    return openChunks([])
  }
  return { ...openChunks(body), toFailure: toConnectionError }
}

function rethrow(error: unknown): never {
  throw error
}

/** An abort or a timeout of the fetch that gave the response is passed on; anything else broke the connection. */
function toConnectionError(cause: unknown): unknown {
  const name = (cause as Partial<Error> | undefined)?.name
  if (name === "AbortError" || name === "TimeoutError") return cause
  return new SseConnectionError("Cannot read event stream: the connection broke before its end", { cause })
}
