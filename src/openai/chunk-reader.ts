/* Law: the one consumer of a reading, however it consumes. What `next` waits for is served in the order of the calls. */
import { chunkReadable, textIterator } from "./chunk-iterator.ts"
import type { ChunkProtocol } from "./chunk-protocol.ts"
import type {
  ChunkIterator,
  ChunkResponse,
  ChunkSource,
  ChunkStream,
  EndInfo,
  ReadChunksOptions,
} from "./chunk-stream.ts"
import { Reading } from "./reading.ts"

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** Starts to read `source` as `protocol` says. */
export function openChunks<T, S>(
  source: ChunkSource,
  protocol: ChunkProtocol<T, S>,
  options: ReadChunksOptions,
): ChunkStream<T, S> {
  return new ChunkReader(source, protocol, options)
}

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void
  readonly reject: (reason: unknown) => void
}

class ChunkReader<T, S> implements ChunkStream<T, S> {
  readonly #protocol: ChunkProtocol<T, S>
  readonly #reading: Reading<T, S>
  #waiter: Waiter<T> | undefined = undefined
  /** Who waits behind the first. */
  readonly #waiters: Waiter<T>[] = []
  #isConsumed = false
  declare readonly [Symbol.asyncDispose]: () => Promise<void>

  constructor(source: ChunkSource, protocol: ChunkProtocol<T, S>, options: ReadChunksOptions) {
    this.#protocol = protocol
    this.#reading = new Reading(source, protocol, options, this.#serve)
    // No method of a computed name, with which no bundler could drop the class, and which some browsers have no symbol for.
    if (typeof Symbol.asyncDispose === "symbol") {
      Object.defineProperty(this, Symbol.asyncDispose, { value: () => this.cancel() })
    }
  }

  get snapshot(): S {
    return this.#reading.snapshot
  }

  get ended(): Promise<EndInfo> {
    return this.#reading.ended
  }

  get response(): ChunkResponse | undefined {
    return this.#reading.response
  }

  [Symbol.asyncIterator](): ChunkIterator<T> {
    if (this.#isConsumed) throw new TypeError(`Cannot read ${this.#protocol.name}: the stream must have one consumer`)
    this.#isConsumed = true
    const iterator: ChunkIterator<T> = {
      next: () => this.#next(),
      return: () => this.cancel().then(() => DONE),
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  textDeltas(): ChunkIterator<string> {
    const protocol = this.#protocol
    if (protocol.textOf === undefined) {
      throw new TypeError(`Cannot read text of ${protocol.name}: the protocol must have "textOf"`)
    }
    return textIterator(this[Symbol.asyncIterator](), (chunk) => protocol.textOf!(chunk))
  }

  toReadableStream(): ReadableStream<T> {
    return chunkReadable(this[Symbol.asyncIterator]())
  }

  async collect(): Promise<S> {
    const chunks = this[Symbol.asyncIterator]()
    while ((await chunks.next()).done !== true);
    return this.snapshot
  }

  cancel(reason?: unknown): Promise<void> {
    this.#reading.cancel(reason)
    this.#serve()
    return Promise.resolve()
  }

  #next(): Promise<IteratorResult<T, undefined>> {
    const reading = this.#reading
    if (this.#waiter === undefined) {
      const chunk = reading.take()
      if (chunk !== undefined) return Promise.resolve({ done: false, value: chunk })
      if (reading.isOver) return this.#takeEnd()
    }
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject }
      if (this.#waiter === undefined) this.#waiter = waiter
      else this.#waiters.push(waiter)
      reading.pull()
    })
  }

  #takeEnd(): Promise<IteratorReturnResult<undefined>> {
    const { failure } = this.#reading
    this.#reading.failure = undefined
    return failure === undefined ? Promise.resolve(DONE) : Promise.reject(failure.reason)
  }

  /** Gives the waiting calls what there is, in their order, and asks for more while one waits. */
  readonly #serve = (): void => {
    const reading = this.#reading
    while (this.#waiter !== undefined) {
      const chunk = reading.take()
      if (chunk === undefined && !reading.isOver) return reading.pull()
      const { resolve, reject } = this.#waiter
      this.#waiter = this.#waiters.shift()
      if (chunk !== undefined) resolve({ done: false, value: chunk })
      else this.#takeEnd().then(resolve, reject)
    }
  }
}
