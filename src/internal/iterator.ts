/* Helps to write iterators by hand: a generator costs more, and cannot be left while it waits. */
import { ignore } from "./cancel.ts"

/** The result of an iterator at its end. */
export const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** An iterator that can always be left early. */
export interface LeavableIterator<T> extends AsyncIterableIterator<T, undefined, undefined> {
  next(): Promise<IteratorResult<T, undefined>>
  return(): Promise<IteratorResult<T, undefined>>
  [Symbol.asyncIterator](): LeavableIterator<T>
}

/** An iterator for one loop that calls `next` for each item, and `leave` when it is left early. */
export function iteratorOf<T>(
  next: () => Promise<IteratorResult<T, undefined>>,
  leave: () => unknown,
): LeavableIterator<T> {
  let isLooped = false
  const iterator: LeavableIterator<T> = {
    next,
    async return() {
      await leave()
      return DONE
    },
    [Symbol.asyncIterator]() {
      if (isLooped) throw new TypeError("Cannot iterate: the iterator must have only one consumer")
      isLooped = true
      return iterator
    },
  }
  return iterator
}

/** The items of `iterator` as a stream that reads nothing ahead, and calls `cancel` with the reason if it is cancelled. */
export function readableOf<T>(
  iterator: Pick<LeavableIterator<T>, "next">,
  cancel: (reason: unknown) => unknown,
): ReadableStream<T> {
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      async cancel(reason) {
        await cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
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
