/*
 * Adds comments to a silent event stream. Bytes pass unchanged and in order; a comment is added only while a reader waits
 * and after a block has ended, so that it never splits an event. A reader that does not read gets no comments.
 */
import { cancelQuietly } from "./cancel.ts"
import { encodeText } from "./encode-text.ts"
import { type Clock, setIdleTimer } from "./clock.ts"
import { Timer } from "./timer.ts"

/** Milliseconds of silence after which a comment is sent by default: shorter than the 10 s after which Bun's server cuts. */
export const DEFAULT_KEEP_ALIVE = 8_000

/** The longest end of a block, in bytes. An LF may follow a CR at the very end: alone it is one more blank line. */
const TAIL = 4
export const BLOCK_END: RegExp = /(?:\n|\r\n?)(?:\n|\r\n?)$/

/** Returns the comment that keeps a connection open. */
export function keepAliveComment(): Uint8Array<ArrayBuffer> {
  return encodeText(": keep-alive\n\n")
}

const keptAlive: WeakSet<object> = new WeakSet()

/** Whether {@link keepAliveStream} returned `value`, which needs no second one around it. */
export function isKeptAlive(value: unknown): boolean {
  return typeof value === "object" && value !== null && keptAlive.has(value)
}

/**
 * The bytes of `source` with the block `: keep-alive` after every `ms` milliseconds of silence, and at the start if no
 * byte comes at once, since some servers send the headers with the first byte. After such a block, one chunk may be read
 * from `source` before the reader asks for it.
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
  #hasBegun = false
  /** The last bytes of the stream, as text. */
  #tail = "\n\n"

  constructor(source: ReadableStream<Uint8Array<ArrayBuffer>>, ms: number, clock: Clock) {
    this.#reader = source.getReader()
    // The source keeps the process alive, if anything does: the reader may never read on.
    this.#timer = new Timer({
      now: () => clock.now(),
      setTimeout: (run, delay) => setIdleTimer(clock, run, delay),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    })
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
    if (!this.#hasBegun) setTimeout(this.#onStart, 0)
    return new Promise((resolve) => {
      this.#answerPull = resolve
    })
  }

  cancel(reason: unknown): void {
    this.#cancelled = true
    this.#end()
    cancelQuietly(this.#reader, reason)
  }

  readonly #onChunk = (result: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>): void => {
    this.#reading = false
    if (this.#cancelled) return
    if (result.done) {
      this.#end()
      this.#controller!.close()
      return
    }
    this.#tail = (this.#tail + String.fromCharCode(...result.value.subarray(-TAIL))).slice(-TAIL)
    this.#enqueue(result.value)
  }

  readonly #onError = (reason: unknown): void => {
    this.#end()
    if (!this.#cancelled) this.#controller!.error(reason)
  }

  /** Nothing is enqueued any more. */
  #end(): void {
    this.#hasBegun = true
    this.#timer.end()
  }

  readonly #onStart = (): void => {
    if (!this.#hasBegun) this.#onSilence()
  }

  readonly #onSilence = (): void => {
    if (this.#answerPull === undefined) return
    if (BLOCK_END.test(this.#tail)) this.#enqueue(keepAliveComment())
    else this.#restart()
  }

  #enqueue(chunk: Uint8Array<ArrayBuffer>): void {
    this.#hasBegun = true
    this.#controller!.enqueue(chunk)
    this.#answerPull?.()
    this.#answerPull = undefined
  }
}
