/*
 * Law: one source from its first read to its one outcome. Events wait here unparsed, those of one piece of the body; the
 * next is read when it is asked for. Failures come after what preceded them; those of the consumer's will drop what waits.
 */
import type { SseEvent } from "../event.ts"
import { SseError, SseTimeoutError } from "../errors.ts"
import { onAbort } from "../internal/abort-listener.ts"
import { ignore } from "../internal/cancel.ts"
import { type Clock, systemClock } from "../internal/clock.ts"
import { type ChunkSource as Body, SseParser } from "../parser/index.ts"
import { Answer } from "./answer.ts"
import { openBody } from "./body.ts"
import { isStop, sourceError, tellProgress } from "./chunk-error.ts"
import type { ChunkProtocol, ResolvedLimits } from "./chunk-protocol.ts"
import type { ChunkResponse, ChunkSource, EndInfo, EndReason, ReadChunksOptions } from "./chunk-stream.ts"
import { CONNECT, CONTENT_IDLE, Deadlines, ERROR_GRACE, EVENT_IDLE, FIRST_CONTENT, IDLE } from "./deadlines.ts"
import { drain } from "./drain.ts"
import { limitError, limitsOf } from "./limits.ts"
import { Progress } from "./progress.ts"

const DRAIN = { ms: 250, bytes: 65_536 }

export class Reading<T, S> {
  readonly #protocol: ChunkProtocol<T, S>
  readonly #options: ReadChunksOptions
  readonly #limits: ResolvedLimits
  readonly #clock: Clock
  readonly #body: Body & { readonly asks: boolean }
  readonly #parser: SseParser
  readonly #answer: Answer<T, S>
  readonly #deadlines: Deadlines
  readonly #progress: Progress = new Progress()
  readonly #onChange: () => void
  // Nothing that was given out stays here. Measured: an array of one does, since to grow again costs more than its event.
  #queue: (SseEvent | undefined)[] = []
  #count = 0
  #taken = 0
  #isReading = false
  #awaitsContent = true
  #sawData = false
  #atEnd: (() => void) | undefined = undefined
  readonly #forgetSignal: () => void = ignore
  #settle!: (info: EndInfo) => void
  readonly ended: Promise<EndInfo> = new Promise((resolve) => (this.#settle = resolve))
  response: ChunkResponse | undefined = undefined
  isOver = false
  /** What the end is to be thrown as. */
  failure: { readonly reason: unknown } | undefined = undefined

  /** @param onChange - Called whenever there may be something to take or the end has come. */
  constructor(source: ChunkSource, protocol: ChunkProtocol<T, S>, options: ReadChunksOptions, onChange: () => void) {
    const { signal, clock = systemClock, timeouts = {} } = options
    this.#protocol = protocol
    this.#options = options
    this.#limits = limitsOf(options.limits)
    this.#clock = clock
    this.#onChange = onChange
    this.#deadlines = new Deadlines(clock, timeouts, protocol.errorGrace, this.#onExpire)
    this.#answer = new Answer(protocol, options, this.#limits)
    this.#parser = new SseParser({
      ...this.#limits,
      onEvent: this.#onEvent,
      onComment: options.onHeartbeat && this.#answer.onComment,
      onUnknownLine: this.#onUnknownLine,
    })
    this.#body = openBody(source, clock, this.#onResponse)
    if (signal?.aborted === true) this.#onAbort()
    else if (signal !== undefined) this.#forgetSignal = onAbort(signal, this.#onAbort)
  }

  get snapshot(): S {
    return this.#answer.accumulator.value
  }

  /** The next chunk of the events that have come; where none is left, what they lead to has happened. */
  take(): T | undefined {
    try {
      while (this.#taken < this.#count) {
        const chunk = this.#answer.accept(this.#queue[this.#taken++]!)
        if (chunk !== undefined) {
          this.#progress.chunks++
          if (this.#awaitsContent) this.#awaitContent(chunk)
        }
        if (this.#answer.hasNews) this.#onNews()
        if (chunk !== undefined) return chunk
      }
      if (!this.isOver) this.#atEnd?.()
    } catch (error) {
      this.#fail(error)
    }
    if (this.#count > 1) this.#queue = []
    this.#queue[0] = undefined
    this.#count = 0
    this.#taken = 0
    return undefined
  }

  /** Reads the next piece, unless that is under way. */
  pull(): void {
    if (this.#isReading) return
    this.#isReading = true
    if (this.#progress.startedAt === undefined) this.#start()
    this.#deadlines.wait()
    try {
      this.#body.read().then(this.#onPiece, this.#onError)
    } catch (error) {
      // Only what merely looks like a stream throws here, or gives no promise.
      this.#onError(error)
    }
  }

  /** Ends the reading by the consumer's will. */
  cancel(reason?: unknown): void {
    if (this.isOver) return
    this.#body.cancel(reason)
    this.#end("cancelled")
  }

  #start(): void {
    this.#progress.startedAt = this.#clock.now()
    this.#deadlines.startTotal()
    if (this.#body.asks) this.#deadlines.restart(CONNECT)
    else this.#startBody()
  }

  #startBody(): void {
    this.#deadlines.restart(FIRST_CONTENT)
    this.#deadlines.restart(IDLE)
    this.#deadlines.restart(EVENT_IDLE)
  }

  readonly #onResponse = (response: ChunkResponse): void => {
    this.response = response
    this.#answer.contentType = response.headers.get("content-type")
    const { startedAt } = this.#progress
    if (startedAt === undefined || this.isOver) return
    this.#progress.connectMs = this.#clock.now() - startedAt
    this.#deadlines.rest(true)
    this.#deadlines.clear(CONNECT)
    this.#startBody()
    this.#deadlines.wait()
  }

  readonly #onPiece = (result: IteratorResult<string | Uint8Array, unknown>): void => {
    this.#isReading = false
    if (this.isOver) return
    try {
      if (result.done === true) this.#endBody()
      else this.#feed(result.value)
    } catch (error) {
      this.#atEnd = () => this.#fail(error)
    }
    this.#onChange()
  }

  #feed(piece: string | Uint8Array): void {
    const progress = this.#progress
    progress.bytes += piece.length
    if (progress.bytes > this.#limits.maxTotalSize) throw limitError("maxTotalSize", this.#limits, "bytes in a stream")
    this.#parser.feed(piece)
    const isFresh = this.#count > 0
    this.#deadlines.rest(isFresh)
    this.#deadlines.restart(IDLE)
    if (isFresh) this.#deadlines.restart(EVENT_IDLE)
  }

  readonly #onEvent = (event: SseEvent): void => {
    // A hook that ends the reading drops what is left of the piece.
    if (this.isOver) return
    this.#sawData ||= event.data !== ""
    this.#queue[this.#count++] = event
  }

  readonly #onUnknownLine = (line: string): void => {
    const event = this.#answer.acceptLine(line, this.#sawData)
    if (event !== undefined) this.#onEvent(event)
    if (this.#answer.verdict === undefined) return
    this.#parser.end()
    this.#atEnd = () => this.#conclude()
  }

  #endBody(): void {
    this.#deadlines.rest(true)
    const { incomplete } = this.#parser.end({ flush: true })
    const last = this.#count === 0 ? undefined : this.#queue[this.#count - 1]
    const fate = !incomplete ? "whole" : last === undefined ? "lost" : this.#answer.lastEvent(last)
    if (fate !== "whole" && last !== undefined) this.#count--
    this.#atEnd ??= () => {
      this.#answer.end(fate === "lost")
      this.#conclude()
    }
  }

  #onNews(): void {
    const answer = this.#answer
    answer.hasNews = false
    if (answer.verdict !== undefined) return this.#conclude()
    if (answer.failure !== undefined) this.#deadlines.restartOnce(ERROR_GRACE)
    if (answer.glued === undefined) return
    this.#queue = [...answer.glued, ...this.#queue.slice(this.#taken, this.#count)]
    this.#count = this.#queue.length
    this.#taken = 0
    answer.glued = undefined
  }

  #awaitContent(chunk: T): void {
    if (this.#protocol.isContent?.(chunk) === false) return
    this.#progress.firstContentMs ??= this.#progress.since(this.#clock.now())
    this.#deadlines.clear(FIRST_CONTENT)
    this.#deadlines.restart(CONTENT_IDLE)
    this.#awaitsContent = this.#deadlines.has(CONTENT_IDLE)
  }

  readonly #onError = (reason: unknown): void => {
    this.#isReading = false
    if (this.isOver) return
    if (isStop(reason)) this.#endStopped(reason)
    else this.#fail(sourceError(this.#protocol.name, reason))
    this.#onChange()
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#options.signal!.reason
    this.#body.cancel(reason)
    this.#endStopped(reason)
    this.#onChange()
  }

  readonly #onExpire = (phase: string, ms: number): void => {
    const message = `Cannot read ${this.#protocol.name}: "${phase}" must not take longer than ${ms} ms`
    this.#fail(new SseTimeoutError(message, phase, ms))
    this.#onChange()
  }

  /** Ends the reading as the stream's own events say. */
  #conclude(): void {
    const { reason, error } = this.#answer.verdict!
    if (error !== undefined) return this.#fail(error)
    this.#end(reason)
    if (reason !== "done" && reason !== "terminal") return
    const { drain: limits = DRAIN } = this.#options
    if (limits === false) this.#body.cancel()
    else void drain(this.#body, this.#clock, limits)
  }

  #fail(reason: unknown): void {
    if (this.isOver) return
    // What the provider said explains whatever else happened while its last chunk was waited for.
    const error = this.#answer.failure ?? reason
    if (SseError.is(error)) {
      tellProgress(error, this.snapshot, this.#progress.chunks, this.response?.requestId ?? null)
    }
    this.#body.cancel(error)
    this.#end("error", error)
    this.failure = { reason: error }
  }

  #endStopped(reason: unknown): void {
    this.#end("cancelled", reason)
    this.failure = { reason }
  }

  #end(reason: EndReason, error?: unknown): void {
    this.isOver = true
    this.#queue = []
    this.#count = 0
    this.#taken = 0
    this.#deadlines.stop()
    this.#forgetSignal()
    const { sawDone, accumulator } = this.#answer
    const end = { reason, error, sawDone, cursor: accumulator.cursor ?? null }
    this.#settle(this.#progress.outcome(this.#clock.now(), end))
  }
}
