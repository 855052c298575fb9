import { ignore } from "../internal/cancel.ts"
import type { ChunkIterator } from "./chunk-stream.ts"

/** What an iterator gives at its end. */
export const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** The iterator that `next` serves and `leave` ends early. */
export function iteratorOf<T>(
  next: () => Promise<IteratorResult<T, undefined>>,
  leave: () => unknown,
): ChunkIterator<T> {
  const iterator: ChunkIterator<T> = {
    next,
    async return() {
      await leave()
      return DONE
    },
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}

/** Calls `take` for one call at a time, in the order of the calls. */
export function inTurn<T>(take: () => Promise<T>): () => Promise<T> {
  let turn: Promise<unknown> = Promise.resolve()
  return () => {
    const result = turn.then(take)
    turn = result.catch(ignore)
    return result
  }
}
