/* Opens every kind of source as one shape, which is pulled item by item and stopped once. */

import { cancelQuietly } from "./cancel.ts"

/** A source of items. */
export type ItemSource<T> = AsyncIterable<T> | Iterable<T> | ReadableStream<T>

/** A source that is being read. */
export interface OpenedSource<T> {
  next(): Promise<IteratorResult<T, unknown>>
  /** Stops the source; does nothing after its own end, and rejects if its clean-up fails. */
  stop(reason: unknown): Promise<unknown>
}

/** Whether `value` is a source of items; a string is not. */
export function isItemSource(value: unknown): value is ItemSource<unknown> {
  if (typeof value !== "object" || value === null) return false
  return isReadableStream(value) || Symbol.asyncIterator in value || Symbol.iterator in value
}

/**
 * Opens `source`, which is locked from then on.
 *
 * @throws TypeError if it is a locked stream.
 */
export function openItems<T>(source: ItemSource<T>): OpenedSource<T> {
  // Not with the stream's async iterator, which WebKit lacks.
  if (isReadableStream(source)) {
    const reader = source.getReader()
    const stop = async (reason: unknown) => {
      const stopped = reader.cancel(reason)
      // An object that imitates a stream may have no such method.
      reader.releaseLock?.()
      return stopped
    }
    return { next: () => reader.read(), stop }
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
    stop: async () => {
      if (ended) return undefined
      // A generator that waits returns only after its wait; the stream behind it can be destroyed at once.
      return isDestroyable(source) ? source.destroy() : iterator.return?.()
    },
  }
}

/** Frees a source that is not going to be read; one that is locked stays as it is, and a generator does not start. */
export function discardItems(source: unknown, reason: unknown): void {
  if (typeof source !== "object" || source === null) return
  const { cancel, return: leave } = source as { cancel?: unknown; return?: () => unknown }
  if (typeof cancel === "function") cancelQuietly(source, reason)
  else if (isDestroyable(source)) source.destroy()
  else if (typeof leave === "function") cancelQuietly({ cancel: async () => void (await leave.call(source)) })
}

/** Whether `source` can be ended at once, as a stream of Node can. */
function isDestroyable(source: object): source is { destroy(): unknown } {
  return typeof (source as { destroy?: unknown }).destroy === "function"
}

function isReadableStream<T>(source: object): source is ReadableStream<T> {
  return typeof (source as Partial<ReadableStream>).getReader === "function"
}
