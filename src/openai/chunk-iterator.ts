import type { ChunkIterator } from "./chunk-stream.ts"

/** The texts of `chunks`, without empty ones. */
export function textIterator<T>(chunks: ChunkIterator<T>, textOf: (chunk: T) => string): ChunkIterator<string> {
  const take = async (): Promise<IteratorResult<string, undefined>> => {
    for (;;) {
      const result = await chunks.next()
      if (result.done === true) return result
      const value = textOf(result.value)
      if (value !== "") return { done: false, value }
    }
  }
  // One call at a time: a chunk without text is passed over by the call that has it, which others must not overtake.
  let turn: Promise<unknown> | undefined
  const texts: ChunkIterator<string> = {
    next() {
      const text = turn === undefined ? take() : turn.then(take, take)
      const leave = () => {
        if (turn === text) turn = undefined
      }
      turn = text
      text.then(leave, leave)
      return text
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
