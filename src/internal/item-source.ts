/* Law: everything that items can come from becomes one shape, pulled item by item, stopped once. */

/** What items can be pulled from. */
export type ItemSource<T> = AsyncIterable<T> | Iterable<T> | ReadableStream<T>

/** A source that is being read. */
export interface OpenedSource<T> {
  next(): Promise<IteratorResult<T, unknown>>
  /** Ends the reading; does nothing after the source's own end, and rejects where its clean-up fails. */
  stop(reason: unknown): Promise<unknown>
}

/** Whether `value` is something that items can be pulled from; a string is not. */
export function isItemSource(value: unknown): value is ItemSource<unknown> {
  if (typeof value !== "object" || value === null) return false
  return isReadableStream(value) || Symbol.asyncIterator in value || Symbol.iterator in value
}

/**
 * Opens `source`, which is locked from then on.
 *
 * @throws TypeError where it is a locked stream.
 */
export function openItems<T>(source: ItemSource<T>): OpenedSource<T> {
  // Not by the stream's own async iterator, which WebKit lacks.
  if (isReadableStream(source)) {
    const reader = source.getReader()
    return { next: () => reader.read(), stop: async (reason) => reader.cancel(reason) }
  }
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let ended = false
  return {
    async next() {
      try {
        const result = await iterator.next()
        ended = result.done === true
        return result
      } catch (error) {
        ended = true
        throw error
      }
    },
    stop: async () => (ended ? undefined : iterator.return?.()),
  }
}

function isReadableStream<T>(source: object): source is ReadableStream<T> {
  return typeof (source as Partial<ReadableStream>).getReader === "function"
}
