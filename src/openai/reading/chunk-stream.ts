import type { SseEvent } from "../../event.ts"
import type { Clock } from "../../internal/clock.ts"
import type { ChunkLimits, ResponseCursor } from "./chunk-dialect.ts"

/**
 * The sources of chunks: a response, a promise of a response, a function that requests one, a stream or an iterable of
 * bytes or text, or a string as one piece. Bytes and text may be cut anywhere. The function is called on the first read;
 * pass its signal to `fetch`, so that the request is aborted when the reading ends early.
 *
 * A stream or an iterable may also have events, and then nothing else: a subscription, which reads the answer across
 * reconnections, or what `readEvents()` returns. It is closed when the reading ends.
 */
export type ChunkSource =
  | Response
  | PromiseLike<Response>
  | ((signal: AbortSignal) => Response | PromiseLike<Response>)
  | ReadableStream<Uint8Array | string | SseEvent>
  | AsyncIterable<Uint8Array | string | SseEvent>
  | Iterable<Uint8Array | string | SseEvent>
  | string

/**
 * The deadlines of one stream, in milliseconds; 0 and Infinity turn one off. A deadline that passes fails the stream with
 * {@link SseTimeoutError}. All but `total` are suspended while the consumer is busy with a chunk.
 */
export interface ChunkTimeouts {
  /**
   * From the request to the headers of the response, if the source is a promise or a function.
   * @defaultValue off
   */
  readonly connect?: number | undefined
  /**
   * From the start of the body to the first chunk with content: text, reasoning, a refusal, audio, a tool call or any
   * other member that is not empty. A role alone is not content.
   * @defaultValue off
   */
  readonly firstContent?: number | undefined
  /**
   * From one piece of the body to the next; comments count. From one event to the next if the source has events.
   * @defaultValue off
   */
  readonly idle?: number | undefined
  /**
   * From one event to the next; heartbeat events count, comments do not. The reconnections of a subscription count.
   * @defaultValue 300,000
   */
  readonly eventIdle?: number | undefined
  /**
   * From one chunk with content to the next.
   * @defaultValue off
   */
  readonly contentIdle?: number | undefined
  /**
   * For the whole stream, from the first read. Also runs while the consumer is busy.
   * @defaultValue off
   */
  readonly total?: number | undefined
}

/** A message that only keeps the connection open and is not a chunk. */
export interface Heartbeat {
  /**
   * `"comment"`; `"event"` for an event of the type `ping`, `keepalive`, `keep-alive` or `heartbeat`, or whose data is
   * a JSON text without an object or array, such as `null`; `"empty"` for any other event with empty data.
   */
  readonly kind: "comment" | "event" | "empty"
  /** The text of the comment, or the data of the event. */
  readonly text: string
}

/** The data of an event that is not a JSON object, or a line with a payload that belongs to no event. */
export interface MalformedPayload {
  /** The data of the event. */
  readonly data: string
  /** The number of payloads before it. */
  readonly index: number
  /** The error of the JSON parser. Its message may quote the data. */
  readonly error: SyntaxError
}

/** Options of every chunk reader. */
export interface ReadChunksOptions {
  /** Ends the reading when it aborts: the pending `next()` rejects with its reason, and the source is cancelled. */
  readonly signal?: AbortSignal | undefined
  /**
   * The deadlines, in milliseconds; `false` turns all of them off.
   * @defaultValue `{ eventIdle: 300_000 }`
   */
  readonly timeouts?: ChunkTimeouts | false | undefined
  /**
   * When an answer is complete. `"dialect"`: by the rule of the dialect; of chat and text completions either the end mark
   * or every finish reason is enough. `"strict"`: the end mark and every finish reason. `"lenient"`: any clean end of the
   * body outside an event. Any other end fails with {@link SseTruncatedError}.
   * @defaultValue `"dialect"`
   */
  readonly completion?: "dialect" | "strict" | "lenient" | undefined
  /**
   * Whether an error that the provider reports inside the stream is thrown, or returned like any other chunk.
   * @defaultValue `"throw"`
   */
  readonly onProviderError?: "throw" | "yield" | undefined
  /**
   * Whether data that is not a JSON object fails the stream with {@link SseMalformedError} or is skipped; a function
   * decides each time. A promise that it returns counts as `"throw"`.
   * @defaultValue `"throw"`
   */
  readonly onMalformed?: "throw" | "skip" | ((payload: MalformedPayload) => "throw" | "skip") | undefined
  /** Called for each comment, heartbeat event and empty event. None of them is a chunk. A source of events has no comments. */
  readonly onHeartbeat?: ((heartbeat: Heartbeat) => void) | undefined
  /**
   * Called once, with the first error that `onHeartbeat` throws, or that it or `onMalformed` rejects with. Such an error never ends the stream.
   * @defaultValue `globalThis.reportError`, else `console.error`
   */
  readonly onHandlerError?: ((error: unknown) => void) | undefined
  /** The limits of the stream and its snapshot. More fails the stream with {@link SseLimitError}. */
  readonly limits?: ChunkLimits | undefined
  /**
   * How much of the rest of the body is read in the background after the end mark or
   * the terminal chunk, so that the connection can be reused;
   * `false` cancels the body at once, as a source of events always is.
   * @defaultValue `{ ms: 250, bytes: 65_536 }`
   */
  readonly drain?:
    | {
        /** The longest time, in milliseconds. */
        readonly ms: number
        /** The largest size, in bytes. */
        readonly bytes: number
      }
    | false
    | undefined
  /**
   * The source of time.
   * @defaultValue the timers of the platform
   */
  readonly clock?: Clock | undefined
}

/**
 * How a stream ended: at its end mark (`"done"`), at its terminal chunk (`"terminal"`), at a clean end of the body after
 * every finish reason (`"finished"`), at any other clean end of the body if `completion` is `"lenient"` (`"eof"`), by the
 * consumer or a signal (`"cancelled"`), or by a failure (`"error"`).
 */
export type EndReason = "done" | "terminal" | "finished" | "eof" | "cancelled" | "error"

/** The outcome of a stream. Every stream has exactly one. */
export interface EndInfo {
  /** How the stream ended. */
  readonly reason: EndReason
  /** The failure, or the reason of the signal; `undefined` after any other end. */
  readonly error: unknown
  /** The number of chunks that the iteration returned. */
  readonly chunks: number
  /** The bytes received; characters if the source is text, and those of the data if it has events. */
  readonly bytes: number
  /** Whether the end mark arrived. */
  readonly sawDone: boolean
  /** Milliseconds from the request to the headers of the response; `null` if the reader made no request. */
  readonly connectMs: number | null
  /** Milliseconds from the first read to the first chunk with content; `null` if there was none. */
  readonly firstContentMs: number | null
  /** Milliseconds from the first read to the end. */
  readonly durationMs: number
  /** The point from which a Responses stream can be resumed; `null` for any other stream. */
  readonly cursor: ResponseCursor | null
}

/** The status and headers of the response that a stream comes from. */
export interface ChunkResponse {
  /** The HTTP status. */
  readonly status: number
  /** The headers. */
  readonly headers: Headers
  /** The ID of the request, from the response headers; `null` if they have none. */
  readonly requestId: string | null
}

/** The iterator of a {@link ChunkStream}. */
export interface ChunkIterator<T> extends AsyncIterableIterator<T, undefined, undefined> {
  /** Returns the next chunk, or the end. Several calls may be pending; they are answered in their order. */
  next(): Promise<IteratorResult<T, undefined>>
  /** Ends the reading and cancels the source, also while a `next()` is pending. */
  return(): Promise<IteratorResult<T, undefined>>
  /** The iterator itself. */
  [Symbol.asyncIterator](): ChunkIterator<T>
}

/**
 * The chunks of one stream, for one consumer: a `for await`, {@link ChunkStream.collect}, {@link ChunkStream.textDeltas}
 * or {@link ChunkStream.toReadableStream}. The reader asks the source for a piece of the body only when the consumer waits
 * for a chunk, and keeps at most that one piece.
 */
export interface ChunkStream<T, S> extends AsyncIterable<T>, AsyncDisposable {
  /**
   * Returns the chunks as the provider sent them. Leaving the loop cancels the source.
   *
   * @throws TypeError if the stream already has a consumer.
   */
  [Symbol.asyncIterator](): ChunkIterator<T>
  /**
   * Returns the text of the answer, piece by piece, without empty pieces; of several choices, the text of the first.
   *
   * @throws TypeError if the stream already has a consumer, or its dialect has no `textOf`.
   */
  textDeltas(): ChunkIterator<string>
  /**
   * Returns the chunks as a stream that reads nothing ahead. Cancelling it cancels the source.
   *
   * @throws TypeError if the stream already has a consumer.
   */
  toReadableStream(): ReadableStream<T>
  /**
   * Reads to the end and returns the snapshot. Rejects with the error that the iteration would throw, and with an
   * `AbortError` if the stream was cancelled before its end: the snapshot would look like a whole answer.
   *
   * @throws TypeError if the stream already has a consumer.
   */
  collect(): Promise<S>
  /** The answer so far, put together from the chunks: one object, updated in place, also readable after a failure. */
  readonly snapshot: S
  /** The outcome of the stream. Resolves once, and never rejects. */
  readonly ended: Promise<EndInfo>
  /** The response; `undefined` until its headers arrive, and for a source that is not a response. */
  readonly response: ChunkResponse | undefined
  /** Ends the reading and cancels the source; a pending `next()` returns the end. Does nothing after the end. */
  cancel(reason?: unknown): Promise<void>
  /** Cancels the stream: `await using` calls it at the end of its block. */
  [Symbol.asyncDispose](): Promise<void>
}
