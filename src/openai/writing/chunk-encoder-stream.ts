import { onAbort, reasonOf } from "../../internal/abort-listener.ts"
import { ignore } from "../../internal/cancel.ts"
import { checkOptions } from "../../internal/option-checks.ts"
import type { OpenedSource } from "../../internal/item-source.ts"
import { dialectWriter } from "./dialect-writer.ts"
import { type EncodeChunksOptions, ENCODING_KINDS } from "./encode-chunks.ts"
import { EventFeed } from "./event-feed.ts"
import { feedStream } from "./feed-stream.ts"

/**
 * Encodes chunks as a pair of WHATWG streams, for `pipeThrough`: chunks go in, the bytes of a streamed answer come out.
 *
 * It writes the same bytes as {@link encodeChunks}. Closing the writable side writes the end mark. Aborting it, as a pipe
 * does if its source fails, writes an error event instead, and the readable side ends cleanly. Cancelling the readable side
 * errors the writable side.
 *
 * @typeParam T - The type of the chunks.
 * @throws RangeError if `keepAlive` is NaN or negative.
 * @see https://streams.spec.whatwg.org/#generictransformstream
 * @example
 * ```ts
 * import { ChunkEncoderStream } from "steadystream/openai"
 *
 * const chunks = new ReadableStream({
 *   start(controller) {
 *     controller.enqueue({ choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }] })
 *     controller.close()
 *   },
 * })
 * console.log(await new Response(chunks.pipeThrough(new ChunkEncoderStream())).text())
 * ```
 */
export class ChunkEncoderStream<T extends object = object> {
  /** The side that returns the bytes. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  /** The side that takes the chunks. */
  readonly writable: WritableStream<T>

  /** Creates both sides. A write waits until the readable side is read. */
  constructor(options: EncodeChunksOptions = {}) {
    checkOptions(options, ENCODING_KINDS)
    const handoff = new Handoff<T>(options.signal)
    const writer = dialectWriter(options.dialect ?? "chat", options.done)
    // First, since a signal that has aborted already errors it.
    this.writable = new WritableStream(handoff)
    this.readable = feedStream(new EventFeed<T>(handoff, writer, options.onError), options)
  }
}

interface Offer<T> {
  readonly result: () => IteratorResult<T, undefined>
  onTaken(): void
}

/** A sink whose writes wait until `next` takes them. */
class Handoff<T> implements UnderlyingSink<T>, OpenedSource<T> {
  #controller: WritableStreamDefaultController | undefined = undefined
  #offer: Offer<T> | undefined = undefined
  #onOffer: () => void = ignore
  readonly #signal: AbortSignal | undefined

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
  }

  start(controller: WritableStreamDefaultController): void {
    this.#controller = controller
  }

  write(value: T): Promise<void> {
    return this.#put(() => ({ done: false, value }))
  }

  close(): Promise<void> {
    return this.#put(() => ({ done: true, value: undefined }))
  }

  abort(reason: unknown): void {
    this.#put(() => {
      throw reason
    }).catch(ignore)
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#offer === undefined) await new Promise<void>((resolve) => (this.#onOffer = resolve))
    const offer = this.#offer!
    this.#offer = undefined
    offer.onTaken()
    return offer.result()
  }

  async stop(reason: unknown): Promise<void> {
    this.#controller!.error(reason)
    this.#offer?.onTaken()
  }

  #put(result: () => IteratorResult<T, undefined>): Promise<void> {
    return new Promise((resolve, reject) => {
      const signal = this.#signal
      // A write can wait for a reader that never comes, and nothing else waits for the signal until then.
      const forget = signal?.aborted === false ? onAbort(signal, () => reject(reasonOf(signal))) : ignore
      const onTaken = () => {
        forget()
        resolve()
      }
      this.#offer = { result, onTaken }
      this.#onOffer()
    })
  }
}
