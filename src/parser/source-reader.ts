/* Law: what chunks come from becomes one shape, pulled chunk by chunk, and a read that waits settles when it is cancelled. */
import { cancelQuietly, ignore } from "../internal/cancel.ts"

/** One piece of an event stream, cut anywhere. */
export type SseChunk = string | Uint8Array

/** A source that is being read. */
export interface SourceReader {
  read(): Promise<IteratorResult<SseChunk, unknown>>
  /** What an error of `read` is told as. */
  toFailure(cause: unknown): unknown
  /**
   * Ends the reading and frees what the source holds; never throws. It settles a read that waits, as the one of a stream
   * does by specification: what only looks like a stream must do so, too.
   */
  cancel(reason?: unknown): void
}

/**
 * Opens `chunks`, which are locked from then on.
 *
 * @throws TypeError where they are none, or locked.
 */
export function openReader(
  chunks: ReadableStream<SseChunk> | AsyncIterable<SseChunk> | Iterable<SseChunk>,
): SourceReader {
  // Not by the stream's own async iterator, which WebKit lacks.
  if (typeof (chunks as Partial<ReadableStream> | null)?.getReader === "function") {
    const reader = (chunks as ReadableStream<SseChunk>).getReader()
    return { read: () => reader.read(), toFailure, cancel: (reason) => cancelQuietly(reader, reason) }
  }
  if (typeof chunks === "object" && chunks !== null) {
    if (Symbol.asyncIterator in chunks) return openIterator(chunks[Symbol.asyncIterator]())
    if (Symbol.iterator in chunks) return openIterator(chunks[Symbol.iterator]())
  }
  throw new TypeError("Cannot read events: the source must be a Response, a ReadableStream, an iterable or a string")
}

function openIterator(iterator: AsyncIterator<SseChunk> | Iterator<SseChunk>): SourceReader {
  let end: (result: IteratorReturnResult<undefined>) => void = ignore
  return {
    read: () =>
      new Promise((resolve, reject) => {
        end = resolve
        Promise.resolve(iterator.next()).then((result) => {
          // It would keep the chunk.
          end = ignore
          resolve(result)
        }, reject)
      }),
    toFailure,
    cancel() {
      end({ done: true, value: undefined })
      // A generator that waits returns only when its wait is over, so nobody waits for it.
      Promise.resolve()
        .then(() => iterator.return?.())
        .catch(ignore)
    },
  }
}

/** As it came. */
export function toFailure(cause: unknown): unknown {
  return cause
}
