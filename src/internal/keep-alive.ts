/*
 * Law: bytes pass untouched and in order; a comment is added only while a reader waits, nothing comes, and the last
 * bytes ended a block, so that no event is split by it. It never queues: a reader that does not read gets none.
 */
import { cancelQuietly } from "./cancel.ts"
import type { Clock } from "./clock.ts"
import { Deadline } from "./deadline.ts"

const LF = 10
const CR = 13

const keptAlive: WeakSet<object> = new WeakSet()

/** Whether `value` is a stream that {@link keepAliveStream} gave, which needs no second one around it. */
export function isKeptAlive(value: unknown): boolean {
  return typeof value === "object" && value !== null && keptAlive.has(value)
}

/**
 * The bytes of `source` with the block `: keep-alive` in every `ms` milliseconds of silence. After such a block one
 * chunk may be taken from `source` before the reader asks for it.
 */
export function keepAliveStream(
  source: ReadableStream<Uint8Array<ArrayBuffer>>,
  ms: number,
  clock: Clock,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream(new KeepAliveSource(source, ms, clock), { highWaterMark: 0 })
  keptAlive.add(stream)
  return stream
}

class KeepAliveSource implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>
  readonly #deadline: Deadline
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined = undefined
  #answerPull: (() => void) | undefined = undefined
  #reading = false
  #cancelled = false
  #atBlockStart = true

  constructor(source: ReadableStream<Uint8Array<ArrayBuffer>>, ms: number, clock: Clock) {
    this.#reader = source.getReader()
    this.#deadline = new Deadline(clock, ms, this.#onSilence)
  }

  start(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    this.#controller = controller
  }

  pull(): Promise<void> {
    this.#deadline.restart()
    if (!this.#reading) {
      this.#reading = true
      this.#reader.read().then(this.#onChunk, this.#onError)
    }
    return new Promise((resolve) => {
      this.#answerPull = resolve
    })
  }

  cancel(reason: unknown): void {
    this.#cancelled = true
    this.#deadline.stop()
    cancelQuietly(this.#reader, reason)
  }

  readonly #onChunk = (result: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>): void => {
    this.#reading = false
    if (this.#cancelled) return
    if (result.done) {
      this.#deadline.stop()
      this.#controller!.close()
      return
    }
    this.#atBlockStart = endsBlock(result.value)
    this.#give(result.value)
  }

  readonly #onError = (reason: unknown): void => {
    this.#deadline.stop()
    if (!this.#cancelled) this.#controller!.error(reason)
  }

  readonly #onSilence = (): void => {
    if (this.#atBlockStart) this.#give(new TextEncoder().encode(": keep-alive\n\n"))
    else this.#deadline.restart()
  }

  #give(chunk: Uint8Array<ArrayBuffer>): void {
    this.#deadline.pause()
    this.#controller!.enqueue(chunk)
    this.#answerPull?.()
    this.#answerPull = undefined
  }
}

/** Whether a blank line ends `chunk`, surely: with CR at the very end an LF may follow. */
function endsBlock(chunk: Uint8Array): boolean {
  const last = chunk.length - 1
  return chunk[last] === LF && (chunk[last - 1] === LF || (chunk[last - 1] === CR && chunk[last - 2] === LF))
}
