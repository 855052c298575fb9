import type { ChunkIterator } from "./chunk-stream.ts"

/** The texts of `chunks`, without empty ones. */
export function textIterator<T>(chunks: ChunkIterator<T>, textOf: (chunk: T) => string): ChunkIterator<string> {
  const texts: ChunkIterator<string> = {
    async next() {
      for (;;) {
        const result = await chunks.next()
        if (result.done === true) return result
        const value = textOf(result.value)
        if (value !== "") return { done: false, value }
      }
    },
    async return() {
      await chunks.return()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => texts,
  }
  return texts
}

/** `chunks` as a stream that reads nothing ahead. */
export function chunkReadable<T>(chunks: ChunkIterator<T>): ReadableStream<T> {
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await chunks.return()
      },
    },
    { highWaterMark: 0 },
  )
}
