/*
 * Reads the events of one source for one consumer. At most the events of one chunk are queued; the next chunk is read
 * only when a call of `next` waits and the queue is empty. A failure is reported after the events that precede it.
 */
import type { SseEvent, SseEventIterator } from "../event.ts"
import { onAbort, reasonOf } from "../internal/abort-listener.ts"
import { ignore } from "../internal/cancel.ts"
import { checkOptions, DECODER, type OptionKinds, SIGNAL } from "../internal/option-checks.ts"
import { DONE } from "../internal/iterator.ts"
import { openChecked } from "./check-response.ts"
import type { SourceReader, SseChunk } from "./source-reader.ts"
import { PARSER_KINDS, type SseParserOptions } from "./options.ts"
import type { ReadEventsOptions } from "./read-events-options.ts"
import { openSource, type SseSource } from "./source.ts"
import { SseParser } from "./sse-parser.ts"

type Result = IteratorResult<SseEvent, undefined>

/** The shared empty queue, which is never changed. */
const NO_EVENTS: SseEvent[] = []

export class EventReader implements SseEventIterator {
  unfinished: SseEvent | undefined = undefined
  readonly #parser: SseParser
  readonly #source: SourceReader
  readonly #forgetSignal: () => void = ignore
  #queue: SseEvent[] = NO_EVENTS
  #taken = 0
  #isLooped = false
  #cursor: string
  /** Whether the reading has ended, for any cause. */
  #isOver = false
  /** Whether `return` or an abort has ended it: a chunk that arrives later is discarded. */
  #isClosed = false
  /** The number of waiting calls of `next`. */
  #waiting = 0
  /** The promise of the last waiting call. */
  #last: Promise<Result> | undefined = undefined
  /** The reasons that the next calls reject with. */
  #failures: unknown[] = []

  constructor(source: SseSource, options: Omit<ReadEventsOptions, "events">) {
    const kinds: OptionKinds<ReadEventsOptions> = {
      ...PARSER_KINDS,
      signal: SIGNAL,
      check: "a boolean",
      events: DECODER,
    }
    checkOptions(options, kinds)
    // First, because opening locks the source: a refused option must leave the source unlocked, so that it can be cancelled.
    this.#parser = new SseParser({
      ...options,
      signal: undefined,
      check: undefined,
      events: undefined,
      onEvent: this.#onEvent,
    } as SseParserOptions)
    this.#source = options.check === false ? openSource(source) : openChecked(source)
    this.#cursor = this.#parser.lastEventId
    const { signal } = options
    const abort = () => this.#abort(reasonOf(signal!))
    if (signal?.aborted === true) abort()
    else if (signal !== undefined) this.#forgetSignal = onAbort(signal, abort)
  }

  get lastEventId(): string {
    return this.#cursor
  }

  [Symbol.asyncIterator](): this {
    const hasEnded = this.#isOver && this.#queue.length === this.#taken && this.#failures.length === 0
    if (this.#isLooped && hasEnded) {
      throw new TypeError("Cannot read event stream: the iterator must have only one consumer")
    }
    this.#isLooped = true
    return this
  }

  next(): Promise<Result> {
    if (this.#waiting === 0 && this.#taken < this.#queue.length) return Promise.resolve(this.#take())
    this.#last = this.#waiting++ === 0 ? this.#readFirst() : this.#last!.then(this.#readOn, this.#readOn)
    return this.#last
  }

  return(): Promise<Result> {
    this.cancel()
    return Promise.resolve(DONE)
  }

  /** Ends the iteration and cancels the source with `reason`. */
  cancel(reason?: unknown): void {
    this.#close(reason)
    // The failures of an abort are only for the calls that wait.
    this.#failures.length = Math.min(this.#failures.length, this.#waiting)
  }

  #take(): Result {
    const value = this.#queue[this.#taken++]!
    this.#cursor = value.lastEventId
    if (this.#taken === this.#queue.length) {
      this.#drop()
      this.#cursor = this.#parser.lastEventId
    }
    return { done: false, value }
  }

  #drop(): void {
    this.#queue = NO_EVENTS
    this.#taken = 0
  }

  /** Measured: chaining on the promise of the read takes 0.8 of the time of a separate promise. */
  #readFirst(): Promise<Result> {
    if (this.#isOver) return this.#readOn()
    try {
      return Promise.resolve(this.#source.read()).then(this.#onFirstChunk, this.#onFirstFailure)
    } catch (cause) {
      // The platform's streams never throw here; an object that imitates a stream may.
      return this.#onFirstFailure(cause)
    }
  }

  readonly #onFirstChunk = (result: IteratorResult<SseChunk, unknown>): Result | Promise<Result> => {
    this.#onChunk(result)
    if (this.#taken === this.#queue.length) return this.#readOn()
    this.#answered()
    return this.#take()
  }

  readonly #onFirstFailure = (cause: unknown): Promise<Result> => {
    this.#onBreak(cause)
    return this.#readOn()
  }

  /** A loop, because in a chain each promise would stay in memory, and a stream may be silent for a long time. */
  readonly #readOn = async (): Promise<Result> => {
    while (this.#taken === this.#queue.length && !this.#isOver) {
      try {
        this.#onChunk(await this.#source.read())
      } catch (cause) {
        this.#onBreak(cause)
      }
    }
    this.#answered()
    if (this.#taken < this.#queue.length) return this.#take()
    this.#forgetSignal()
    if (this.#failures.length > 0) throw this.#failures.pop()
    return DONE
  }

  #answered(): void {
    this.#waiting--
    // The promise would keep its event in memory.
    if (this.#waiting === 0) this.#last = undefined
  }

  #onChunk(result: IteratorResult<SseChunk, unknown>): void {
    if (this.#isOver) return
    try {
      if (result.done === true) {
        this.unfinished = this.#parser.takeUnfinished()
        this.#parser.end()
        this.#isOver = true
        this.#source.release()
      } else this.#parser.feed(result.value)
    } catch (error) {
      if (this.#isOver) return
      this.#fail(error)
      this.#source.cancel(error)
    }
    // If a handler closed the reader, the event of that moment was not returned, so the cursor stays before it.
    if (this.#queue.length === 0 && !this.#isClosed) this.#cursor = this.#parser.lastEventId
  }

  /** Measured: with `[event]` one event per chunk takes 0.95 of the time, because `push` allocates room for 17. */
  readonly #onEvent = (event: SseEvent): void => {
    if (this.#queue === NO_EVENTS) this.#queue = [event]
    else this.#queue.push(event)
  }

  /** Records a failure of the source itself. */
  #onBreak(cause: unknown): void {
    if (this.#isOver) return
    try {
      this.#fail(this.#source.toFailure(cause))
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(reason: unknown): void {
    this.#isOver = true
    this.#failures = [reason]
  }

  #abort(reason: unknown): void {
    this.#close(reason)
    this.#failures = Array.from({ length: this.#waiting || 1 }, () => reason)
  }

  #close(reason?: unknown): void {
    const wasOver = this.#isOver
    this.#isClosed = this.#isOver = true
    this.#drop()
    this.#forgetSignal()
    // If a handler called `return`, this discards the rest of the chunk.
    this.#parser.reset()
    if (!wasOver) this.#source.cancel(reason)
  }
}
