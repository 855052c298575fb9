/* Law: the one consumer of a reading, however it consumes. Calls of `next` are served one at a time, in their order. */
import { ignore } from "../internal/cancel.ts"
import { DONE } from "./answer.ts"
import type { ChunkProtocol } from "./chunk-protocol.ts"
import type { ChunkIterator, ChunkSource, ChunkStream, ReadChunksOptions } from "./chunk-stream.ts"
import { Reading } from "./reading.ts"

/** Starts to read `source` as `protocol` says. */
export function openChunks<T, S>(
  source: ChunkSource,
  protocol: ChunkProtocol<T, S>,
  options: ReadChunksOptions,
): ChunkStream<T, S> {
  const reading = new Reading(source, protocol, options)
  let isConsumed = false
  const consume = (): Reading<T, S> => {
    if (isConsumed) throw new TypeError(`Cannot read ${protocol.name}: the stream must have one consumer`)
    isConsumed = true
    return reading
  }
  const stream: Omit<ChunkStream<T, S>, typeof Symbol.asyncDispose> = {
    get snapshot() {
      return reading.snapshot
    },
    get response() {
      return reading.response
    },
    ended: reading.ended,
    async cancel(reason) {
      reading.cancel(reason)
    },
    [Symbol.asyncIterator]: () => chunkIterator(consume()),
    textDeltas() {
      if (protocol.textOf === undefined) {
        throw new TypeError(`Cannot read text of ${protocol.name}: the protocol must have "textOf"`)
      }
      return chunkIterator(consume(), (chunk) => protocol.textOf!(chunk))
    },
    toReadableStream: () => chunkReadable(stream[Symbol.asyncIterator]()),
    async collect() {
      const chunks = stream[Symbol.asyncIterator]()
      while ((await chunks.next()).done !== true);
      return reading.snapshot
    },
  }
  // Some browsers have no such symbol.
  const { asyncDispose } = Symbol
  return (asyncDispose ? Object.assign(stream, { [asyncDispose]: stream.cancel }) : stream) as ChunkStream<T, S>
}

/** The chunks of a reading, or the texts in them that are not empty. */
function chunkIterator<T, Item>(reading: Reading<T, unknown>, textOf?: (chunk: T) => Item): ChunkIterator<Item> {
  let waiting = 0
  let last: Promise<IteratorResult<Item, undefined>> | undefined
  const advance = async (before: typeof last): Promise<IteratorResult<Item, undefined>> => {
    waiting++
    if (before !== undefined) await before.catch(ignore)
    try {
      for (;;) {
        const chunk = reading.take()
        if (chunk !== undefined) {
          const value = textOf === undefined ? (chunk as unknown as Item) : textOf(chunk)
          if (value !== "") return { done: false, value }
        } else if (reading.isOver) {
          return reading.takeEnd()
        } else {
          try {
            reading.accept(await reading.read())
          } catch (error) {
            reading.acceptFailure(error)
          }
        }
      }
    } finally {
      if (--waiting === 0) last = undefined
    }
  }
  const iterator: ChunkIterator<Item> = {
    next() {
      const chunk = waiting === 0 && textOf === undefined ? reading.take() : undefined
      if (chunk === undefined) return (last = advance(last))
      return Promise.resolve({ done: false, value: chunk as unknown as Item })
    },
    async return() {
      reading.cancel()
      return DONE
    },
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}

/** `chunks` as a stream that reads nothing ahead. */
function chunkReadable<T>(chunks: ChunkIterator<T>): ReadableStream<T> {
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
