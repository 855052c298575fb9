/* Reads chunks from a stream or an iterable through one interface. A waiting read settles when it is cancelled. */
import { cancelQuietly, ignore } from "../internal/cancel.ts"
import { nextTask, STEPS_PER_TASK } from "../internal/next-task.ts"

/** A piece of an event stream, which may be cut anywhere. */
export type SseChunk = string | Uint8Array

/** A source that is being read. */
export interface SourceReader {
  read(): Promise<IteratorResult<SseChunk, unknown>>
  /** Converts the reason that `read` rejected with to the error that the consumer gets. */
  toFailure(cause: unknown): unknown
  /** Ends the reading and releases the source; never throws. A waiting `read` settles, as specified for streams. */
  cancel(reason?: unknown): void
  /** Releases the source after its end; never throws. */
  release(): void
}

/**
 * Opens and locks `chunks`.
 *
 * @throws TypeError if `chunks` is neither a stream nor an iterable, or if it is locked.
 */
export function openReader(
  chunks: ReadableStream<SseChunk> | AsyncIterable<SseChunk> | Iterable<SseChunk>,
): SourceReader {
  // A reader, because WebKit's streams have no async iterator.
  if (typeof (chunks as Partial<ReadableStream> | null)?.getReader === "function") {
    const reader = (chunks as ReadableStream<SseChunk>).getReader()
    const release = () => {
      try {
        reader.releaseLock()
      } catch {
        // An object that imitates a stream may have no such method.
      }
    }
    const cancel = (reason?: unknown) => {
      cancelQuietly(reader, reason)
      release()
    }
    return { read: () => reader.read(), toFailure, cancel, release }
  }
  if (typeof chunks === "object" && chunks !== null) {
    if (Symbol.asyncIterator in chunks) return openIterator(chunks[Symbol.asyncIterator](), chunks)
    if (Symbol.iterator in chunks) return openIterator(chunks[Symbol.iterator](), chunks)
  }
  throw new TypeError(
    "Cannot read event stream: the source must be a Response, a ReadableStream, an iterable or a string",
  )
}

function openIterator(iterator: AsyncIterator<SseChunk> | Iterator<SseChunk>, source: object): SourceReader {
  let isOver = false
  let end: (result: IteratorReturnResult<undefined>) => void = ignore
  let steps = 0
  const nextInLaterTask = async () => {
    await nextTask()
    return iterator.next()
  }
  // A generator may never wait.
  const next = () => (++steps % STEPS_PER_TASK === 0 ? nextInLaterTask() : iterator.next())
  return {
    read: () =>
      new Promise((resolve, reject) => {
        end = resolve
        Promise.resolve(next()).then((result) => {
          // `end` would keep the chunk in memory.
          end = ignore
          resolve(result)
        }, reject)
      }),
    toFailure,
    cancel() {
      end({ done: true, value: undefined })
      if (isOver) return
      isOver = true
      // Not awaited, because a generator returns only after its own wait has ended. Node's streams wait in the same way
      // unless they are destroyed.
      Promise.resolve()
        .then(() => {
          ;(source as { readonly destroy?: () => unknown }).destroy?.()
          return iterator.return?.()
        })
        .catch(ignore)
    },
    release: () => void (isOver = true),
  }
}

/** Returns the reason unchanged. */
export function toFailure(cause: unknown): unknown {
  return cause
}
