import type { Clock } from "../../internal/clock.ts"
import type { ChunkLimits, ResponseCursor } from "./chunk-dialect.ts"

/**
 * What chunks can be read from: a response, a promise of one or a function that asks for one, a stream or an iterable
 * of bytes or text, or a string as one piece. The function's signal aborts when the reading ends early.
 */
export type ChunkSource =
  | Response
  | PromiseLike<Response>
  | ((signal: AbortSignal) => Response | PromiseLike<Response>)
  | ReadableStream<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>
  | string

/** How long each part of a stream may take, in milliseconds. 0 and Infinity are off. */
export interface ChunkTimeouts {
  /**
   * From asking a promise or function for the response to its headers.
   * @defaultValue off
   */
  readonly connect?: number | undefined
  /**
   * From the start of the body to the first chunk with content: text, reasoning, refusal, audio, a tool call, or what only
   * one provider has; a role alone is none.
   * @defaultValue off
   */
  readonly firstContent?: number | undefined
  /**
   * Without a byte; comments count.
   * @defaultValue off
   */
  readonly idle?: number | undefined
  /**
   * Without an event; heartbeat events count, comments do not.
   * @defaultValue 300,000
   */
  readonly eventIdle?: number | undefined
  /**
   * Without a chunk with content, once the first has come.
   * @defaultValue off
   */
  readonly contentIdle?: number | undefined
  /**
   * For the whole stream: the only one that also runs while the consumer is busy.
   * @defaultValue off
   */
  readonly total?: number | undefined
}

/** A sign of life that is no chunk. */
export interface Heartbeat {
  /** A comment, an event whose type says so (`keepalive`, `ping`), or an event with empty data. */
  readonly kind: "comment" | "event" | "empty"
  /** The comment's text or the event's data. */
  readonly text: string
}

/** Data that is not what a chunk must be. */
export interface MalformedPayload {
  /** The data of the event. */
  readonly data: string
  /** How many payloads came before it. */
  readonly index: number
  /** What is wrong with it; its message may quote the data. */
  readonly error: SyntaxError
}

/** Options of every chunk reader. */
export interface ReadChunksOptions {
  /** Stops the reading: what waits rejects with its reason, and the source is cancelled. */
  readonly signal?: AbortSignal | undefined
  /** Deadlines in milliseconds; `false` for none at all. */
  readonly timeouts?: ChunkTimeouts | false | undefined
  /**
   * What a whole answer is: what the dialect says, with or without the end mark (`"dialect"`); with the end mark and
   * every finish reason (`"strict"`); or whatever a connection that was closed cleanly brought (`"lenient"`).
   * @defaultValue `"dialect"`
   */
  readonly completion?: "dialect" | "strict" | "lenient" | undefined
  /**
   * What an error that the provider reports inside the stream does: it is thrown, or given out like any chunk.
   * @defaultValue `"throw"`
   */
  readonly onProviderError?: "throw" | "yield" | undefined
  /**
   * What data that is no JSON object does: it is thrown, skipped, or decided on.
   * @defaultValue `"throw"`
   */
  readonly onMalformed?: "throw" | "skip" | ((payload: MalformedPayload) => "throw" | "skip") | undefined
  /** Called with comments, heartbeat events and empty events, which are never chunks. */
  readonly onHeartbeat?: ((heartbeat: Heartbeat) => void) | undefined
  /**
   * Called with what `onHeartbeat` throws, now or as a promise, once, since it stops nothing.
   * @defaultValue `globalThis.reportError`, else `console.error`
   */
  readonly onHandlerError?: ((error: unknown) => void) | undefined
  /** How much may be kept. */
  readonly limits?: ChunkLimits | undefined
  /**
   * How long and how far the rest of the body is read after the end, so that the connection can be used again;
   * `false` cancels it at once.
   * @defaultValue 250 milliseconds, 65,536 bytes
   */
  readonly drain?:
    | {
        /** For how many milliseconds at most. */
        readonly ms: number
        /** For how many bytes at most. */
        readonly bytes: number
      }
    | false
    | undefined
  /** Where time comes from. */
  readonly clock?: Clock | undefined
}

/**
 * How a stream ended: at its end mark (`"done"`), at its terminal chunk, at a clean end of the body after every finish
 * reason (`"finished"`), at any clean end of the body where `completion` is `"lenient"` (`"eof"`), by the consumer or a
 * signal (`"cancelled"`), or by a failure.
 */
export type EndReason = "done" | "terminal" | "finished" | "eof" | "cancelled" | "error"

/** The one outcome of a stream. */
export interface EndInfo {
  /** How it ended. */
  readonly reason: EndReason
  /** The failure, or the reason of the signal; `undefined` for every other end. */
  readonly error: unknown
  /** How many chunks were given out. */
  readonly chunks: number
  /** How many bytes came (characters where the source gave text). */
  readonly bytes: number
  /** Whether the end mark came. */
  readonly sawDone: boolean
  /** Milliseconds from asking for the response to its headers, `null` where there was nothing to ask for. */
  readonly connectMs: number | null
  /** Milliseconds from the start to the first chunk with content, `null` where none came. */
  readonly firstContentMs: number | null
  /** Milliseconds from the first time that somebody waited for a chunk to the end. */
  readonly durationMs: number
  /** Where a Responses stream can be resumed, `null` for any other stream. */
  readonly cursor: ResponseCursor | null
}

/** What is known of the response that a stream comes from. */
export interface ChunkResponse {
  /** The HTTP status. */
  readonly status: number
  /** The headers. */
  readonly headers: Headers
  /** The request's ID as the headers name it, `null` where they do not. */
  readonly requestId: string | null
}

/** The iterator of a {@link ChunkStream}. */
export interface ChunkIterator<T> extends AsyncIterableIterator<T, undefined, undefined> {
  /** Waits for the next chunk. */
  next(): Promise<IteratorResult<T, undefined>>
  /** Ends the reading and cancels the source. */
  return(): Promise<IteratorResult<T, undefined>>
  /** The iterator itself. */
  [Symbol.asyncIterator](): ChunkIterator<T>
}

/**
 * The chunks of one stream, for one consumer: a `for await`, {@link ChunkStream.collect}, {@link ChunkStream.textDeltas}
 * or {@link ChunkStream.toReadableStream}. Nothing is read before the consumer waits, and at most one piece of the body
 * is read ahead of it.
 */
export interface ChunkStream<T, S> extends AsyncIterable<T>, AsyncDisposable {
  /**
   * The chunks as the provider sent them. Leaving the loop cancels the source.
   *
   * @throws TypeError where the stream has a consumer already.
   */
  [Symbol.asyncIterator](): ChunkIterator<T>
  /** The text that the chunks add, piece by piece, without empty pieces. */
  textDeltas(): ChunkIterator<string>
  /** The chunks as a stream that reads nothing ahead; cancelling it cancels the source. */
  toReadableStream(): ReadableStream<T>
  /** Reads to the end and gives the snapshot, or rejects with what the iteration would throw. */
  collect(): Promise<S>
  /** What the chunks that were given out add up to: one object, updated in place, also readable after a failure. */
  readonly snapshot: S
  /** The outcome. Settles once, and never rejects. */
  readonly ended: Promise<EndInfo>
  /** The response, as soon as it is known. */
  readonly response: ChunkResponse | undefined
  /** Ends the reading and cancels the source; what waits gets the end. Does nothing after the end. */
  cancel(reason?: unknown): Promise<void>
  /** Cancels, as `await using` does at the end of its block. */
  [Symbol.asyncDispose](): Promise<void>
}
