/* Law: everything that events can be read from becomes one shape, pulled chunk by chunk. */
import { SseConnectionError } from "../errors.ts"
import { cancelQuietly, ignore } from "../internal/cancel.ts"
import { checkResponse, isResponse } from "./check-response.ts"

/** One piece of an event stream, cut anywhere. */
export type SseChunk = string | Uint8Array

/** What events can be read from: a response, a stream or an iterable of bytes or text, or a string as one piece. */
export type SseSource = Response | ReadableStream<SseChunk> | AsyncIterable<SseChunk> | Iterable<SseChunk> | string

/** A source that is being read. */
export interface ChunkSource {
  read(): Promise<IteratorResult<SseChunk, unknown>>
  /** What `read` asks, where a cancellation is sure to settle a read that waits; its errors are not yet the source's. */
  readonly reader?: Pick<ReadableStreamDefaultReader<SseChunk>, "read">
  /** What an error of `reader` becomes. */
  toFailure?(this: void, cause: unknown): unknown
  /** Ends the reading and frees what the source holds; never throws. */
  cancel(reason?: unknown): void
}

/**
 * Opens `source`, which is locked from then on.
 *
 * @throws TypeError where it is none, or its body is locked or used.
 */
export function openSource(source: SseSource, options: { readonly check?: boolean | undefined } = {}): ChunkSource {
  if (typeof source === "string") return iteratorSource([source][Symbol.iterator]())
  if (isResponse(source)) return responseSource(source, options.check ?? true)
  if (isReadableStream(source)) return streamSource(source)
  if (typeof source === "object" && source !== null) {
    if (Symbol.asyncIterator in source) return iteratorSource(source[Symbol.asyncIterator]())
    if (Symbol.iterator in source) return iteratorSource(source[Symbol.iterator]())
  }
  throw new TypeError("Cannot read events: the source must be a Response, a ReadableStream, an iterable or a string")
}

function isReadableStream(source: object): source is ReadableStream<SseChunk> {
  return typeof (source as Partial<ReadableStream>).getReader === "function"
}

function streamSource(stream: ReadableStream<SseChunk>): ChunkSource {
  // Not by the stream's own async iterator, which WebKit lacks.
  const reader = stream.getReader()
  return {
    reader,
    read: () => reader.read(),
    cancel: (reason) => cancelQuietly(reader, reason),
  }
}

function iteratorSource(iterator: AsyncIterator<SseChunk> | Iterator<SseChunk>): ChunkSource {
  return {
    read: async () => iterator.next(),
    cancel: () => {
      // A generator that waits returns only when its wait is over, so nobody waits for it.
      Promise.resolve()
        .then(() => iterator.return?.())
        .catch(ignore)
    },
  }
}

function responseSource(response: Response, check: boolean): ChunkSource {
  const { body } = response
  if (response.bodyUsed || body?.locked === true) {
    throw new TypeError("Cannot read events: the body of the response must not be locked or used")
  }
  // A 2xx without a body has no events, and may well have no type.
  const failure = check && !(body === null && response.ok) ? checkFirst(response) : undefined
  if (failure !== undefined) return failure
  if (body === undefined) {
    throw new TypeError("Cannot read events: this platform's responses have no body stream; give a stream or text")
  }
  if (body === null || response.status === 204) {
    if (body !== null) cancelQuietly(body)
    return { read: async () => ({ done: true, value: undefined }), cancel: ignore }
  }
  // node-fetch's body is a Node stream, which is iterable.
  const source = openSource(body)
  return {
    ...source,
    read: () => source.read().catch(throwConnectionError),
    toFailure: connectionError,
  }
}

/** A source whose one read rejects, for a response that is not an event stream. */
function checkFirst(response: Response): ChunkSource | undefined {
  const stop = new AbortController()
  const error = checkResponse(response, stop.signal)
  if (error === undefined) return undefined
  return {
    read: async () => {
      throw await error
    },
    cancel: (reason) => stop.abort(reason),
  }
}

function throwConnectionError(cause: unknown): never {
  throw connectionError(cause)
}

/** An abort or a timeout of the fetch that gave the response is passed on; anything else broke the connection. */
function connectionError(cause: unknown): unknown {
  const name = (cause as Partial<Error> | undefined)?.name
  if (name === "AbortError" || name === "TimeoutError") return cause
  return new SseConnectionError("Cannot read event stream: the connection broke before its end", { cause })
}
