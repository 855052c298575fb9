/*
 * A stream of the same chunks as another one, which is read as fast as its reader reads and reports what happens. It holds
 * no chunk back.
 */
import { ignore } from "../../internal/cancel.ts"

type Bytes = Uint8Array<ArrayBuffer>

/** What happens to a body. */
export interface BodyEvents {
  onChunk(bytes: Uint8Array): void
  onEnd(): void
  onError(error: unknown): void
  /** Its reader stopped reading it. */
  onCancel(): void
}

/**
 * Returns the recorded stream.
 *
 * @throws TypeError if `body` is locked.
 */
export function recordedBody(body: ReadableStream<Bytes>, events: BodyEvents): ReadableStream<Bytes> {
  return new BodyRecorder(body, events).stream
}

class BodyRecorder {
  readonly stream: ReadableStream<Bytes>
  readonly #source: ReadableStreamDefaultReader<Bytes>
  readonly #events: BodyEvents
  #controller!: ReadableStreamDefaultController<Bytes>
  #isOver = false
  /** Whether the platform knows that the stream was read, so that `bodyUsed` of its response is right. */
  #isDisturbed = false
  /** Whether the stream may hold a chunk that a released reader had asked for. */
  #mayHoldChunk = false

  constructor(body: ReadableStream<Bytes>, events: BodyEvents) {
    this.#events = events
    this.#source = body.getReader()
    // An error discards what the source has queued, so the reader gets it at once too. The end waits for the last chunk.
    this.#source.closed.then(ignore, (error: unknown) => this.#fail(error))
    this.stream = new ReadableStream<Bytes>(
      {
        start: (controller) => void (this.#controller = controller),
        pull: async () => {
          try {
            this.#put(this.#noted(await this.#source.read()))
          } catch (error) {
            this.#fail(error)
          }
        },
        cancel: (reason) => {
          this.#finish(() => this.#events.onCancel())
          return this.#source.cancel(reason)
        },
      },
      { highWaterMark: 0 },
    )
    const getReader = this.stream.getReader.bind(this.stream) as (mode?: unknown) => ReadableStreamDefaultReader<Bytes>
    const direct = (mode?: unknown) => this.#direct(getReader(mode))
    Object.defineProperty(this.stream, "getReader", { value: direct })
  }

  /**
   * Returns a reader that reads the source, without a second stream between them. Measured: that stream costs more than all the rest
   * of a recording. Reads go through it until the first has settled, which marks it as read.
   */
  #direct(reader: ReadableStreamDefaultReader<Bytes>): ReadableStreamDefaultReader<Bytes> {
    const read = reader.read.bind(reader)
    const releaseLock = reader.releaseLock.bind(reader)
    let isReleased = false
    let waiting = 0
    const indirect = () => {
      waiting++
      const settled = () => void waiting--
      const result = read()
      result.then(settled, settled)
      return result
    }
    const note = (result: ReadableStreamReadResult<Bytes>) => {
      this.#noted(result)
      if (result.done) this.#put(result)
      else if (isReleased) {
        this.#mayHoldChunk = true
        this.#put(result)
        throw new TypeError("Cannot read: the reader was released")
      }
      return result
    }
    return Object.assign(reader, {
      read: () => {
        const isDirect = this.#isDisturbed && !this.#mayHoldChunk && !isReleased && waiting === 0
        return isDirect ? this.#source.read().then(note) : indirect()
      },
      releaseLock() {
        isReleased = true
        releaseLock()
      },
    })
  }

  #noted(result: ReadableStreamReadResult<Bytes>): ReadableStreamReadResult<Bytes> {
    this.#isDisturbed = true
    if (this.#isOver) return result
    if (result.done) this.#finish(() => this.#events.onEnd())
    else this.#events.onChunk(result.value)
    return result
  }

  /** Passes a result on to the stream. It is over already if its reader has left, or if another read found the end. */
  #put({ done, value }: ReadableStreamReadResult<Bytes>): void {
    try {
      if (done) this.#controller.close()
      else this.#controller.enqueue(value)
    } catch {
      // It is over.
    }
  }

  #fail(error: unknown): void {
    this.#finish(() => this.#events.onError(error))
    this.#controller.error(error)
  }

  #finish(report: () => void): void {
    if (this.#isOver) return
    this.#isOver = true
    report()
  }
}
