/*
 * Adds comments to a silent event stream. Bytes pass unchanged and in order; a comment is added only while a reader waits
 * and after a block has ended, so that it never splits an event. A reader that does not read gets no comments.
 */
import { cancelQuietly } from "./cancel.ts"
import type { Clock } from "./clock.ts"
import { Timer } from "./timer.ts"

const LF = 10
const CR = 13

const keptAlive: WeakSet<object> = new WeakSet()

/** Whether {@link keepAliveStream} returned `value`, which needs no second one around it. */
export function isKeptAlive(value: unknown): boolean {
  return typeof value === "object" && value !== null && keptAlive.has(value)
}

/**
 * The bytes of `source` with the block `: keep-alive` after every `ms` milliseconds of silence. After such a block,
 * one chunk may be read from `source` before the reader asks for it.
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
  readonly #timer: Timer
  readonly #restart: () => void
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined
  #answerPull: (() => void) | undefined
  #reading = false
  #cancelled = false
  #atBlockStart = true

  constructor(source: ReadableStream<Uint8Array<ArrayBuffer>>, ms: number, clock: Clock) {
    this.#reader = source.getReader()
    this.#timer = new Timer(clock)
    this.#restart = () => this.#timer.after("", ms, this.#onSilence)
  }

  start(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    this.#controller = controller
  }

  pull(): Promise<void> {
    this.#restart()
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
    this.#timer.end()
    cancelQuietly(this.#reader, reason)
  }

  readonly #onChunk = (result: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>): void => {
    this.#reading = false
    if (this.#cancelled) return
    if (result.done) {
      this.#timer.end()
      this.#controller!.close()
      return
    }
    this.#atBlockStart = endsBlock(result.value)
    this.#enqueue(result.value)
  }

  readonly #onError = (reason: unknown): void => {
    this.#timer.end()
    if (!this.#cancelled) this.#controller!.error(reason)
  }

  readonly #onSilence = (): void => {
    if (this.#answerPull === undefined) return
    if (this.#atBlockStart) this.#enqueue(new TextEncoder().encode(": keep-alive\n\n"))
    else this.#restart()
  }

  #enqueue(chunk: Uint8Array<ArrayBuffer>): void {
    this.#controller!.enqueue(chunk)
    this.#answerPull?.()
    this.#answerPull = undefined
  }
}

/** Whether a blank line ends `chunk` for certain: an LF may follow a CR at the very end. */
function endsBlock(chunk: Uint8Array): boolean {
  const last = chunk.length - 1
  return chunk[last] === LF && (chunk[last - 1] === LF || (chunk[last - 1] === CR && chunk[last - 2] === LF))
}
