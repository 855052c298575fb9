/* Records what a function that connects returns: any source of events, which is passed on as it is read. */
import type { SseSource } from "../../parser/index.ts"
import { type BodyEvents, recordedBody } from "./recorded-body.ts"

type Chunk = string | Uint8Array
type Chunks = AsyncIterable<Chunk> | Iterable<Chunk>

/** Returns a source with the same chunks. A source that is none is returned as it is, for the error that it causes. */
export function recordedSource(source: Exclude<SseSource, Response>, events: BodyEvents): SseSource {
  if (typeof source === "string") {
    events.onChunk(bytesOf(source))
    events.onEnd()
    return source
  }
  if (typeof source !== "object" || source === null) return source
  const onChunk = (chunk: Chunk) => events.onChunk(bytesOf(chunk))
  if ("getReader" in source) {
    const stream = source as ReadableStream<Uint8Array<ArrayBuffer>>
    return stream.locked ? source : recordedBody(stream, { ...events, onChunk })
  }
  const open = iteratorOf(source)
  return open === undefined ? source : recordedIterable(open, source, { ...events, onChunk })
}

function iteratorOf(source: Chunks): (() => AsyncIterator<Chunk> | Iterator<Chunk>) | undefined {
  if (Symbol.asyncIterator in source) return () => source[Symbol.asyncIterator]()
  return Symbol.iterator in source ? () => source[Symbol.iterator]() : undefined
}

interface ChunkEvents extends Omit<BodyEvents, "onChunk"> {
  onChunk(chunk: Chunk): void
}

function recordedIterable(
  open: () => AsyncIterator<Chunk> | Iterator<Chunk>,
  source: object,
  events: ChunkEvents,
): AsyncIterable<Chunk> {
  let isOver = false
  const finish = (report: () => void) => {
    if (!isOver) report()
    isOver = true
  }
  return {
    [Symbol.asyncIterator]() {
      const iterator = open()
      return {
        async next() {
          try {
            const result = await iterator.next()
            if (result.done === true) finish(() => events.onEnd())
            else if (!isOver) events.onChunk(result.value)
            return result
          } catch (error) {
            finish(() => events.onError(error))
            throw error
          }
        },
        async return() {
          finish(() => events.onCancel())
          await iterator.return?.()
          return { done: true, value: undefined }
        },
      }
    },
    // A stream of Node is destroyed when its reader leaves.
    ...("destroy" in source && { destroy: () => (source as { destroy(): unknown }).destroy() }),
  }
}

function bytesOf(chunk: Chunk): Uint8Array {
  return typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk
}
