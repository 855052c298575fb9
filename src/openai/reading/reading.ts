/*
 * Reads one source to its end: feeds its pieces to the parser, enforces the deadlines and limits, and cancels or drains it
 * at the end. The answer interprets the events.
 */
import { SseError, SseTimeoutError } from "../../errors.ts"
import { onAbort } from "../../internal/abort-listener.ts"
import { ignore } from "../../internal/cancel.ts"
import { type Clock, systemClock } from "../../internal/clock.ts"
import { isResponse, SseParser, type SseChunk, toConnectionError } from "../../parser/index.ts"
import { Answer } from "./answer.ts"
import { type Body, openBody, openResponse, responseOf } from "./body.ts"
import type { ChunkDialect, ResolvedLimits } from "./chunk-dialect.ts"
import type { ChunkSource, EndReason, ReadChunksOptions } from "./chunk-stream.ts"
import { Deadlines } from "./deadlines.ts"
import { drain } from "./drain.ts"
import { checkLimit, limitsOf } from "./limits.ts"
import { Outcome } from "./outcome.ts"

/** The result of a read of the body. */
export type Piece = IteratorResult<SseChunk, unknown>

export class Reading<T, S> {
  readonly #name: string
  readonly #options: ReadChunksOptions
  readonly #limits: ResolvedLimits
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #parser: SseParser
  readonly #forgetSignal: () => void = ignore
  #body: Body
  readonly answer: Answer<T, S>
  readonly outcome: Outcome

  constructor(source: ChunkSource, dialect: ChunkDialect<T, S>, options: ReadChunksOptions) {
    const { signal, clock = systemClock, onHeartbeat } = options
    const limits = limitsOf(options.limits)
    const deadlines = new Deadlines(clock, options.timeouts, dialect.errorGrace, this.#onExpire)
    const accumulator = dialect.accumulate(limits)
    this.#name = dialect.name
    this.#options = options
    this.#limits = limits
    this.#clock = clock
    this.#deadlines = deadlines
    this.outcome = new Outcome(accumulator, deadlines, this.#onEnd)
    const answer = (this.answer = new Answer(dialect, options, accumulator, deadlines, this.outcome))
    this.#parser = new SseParser({
      ...limits,
      onEvent: answer.onEvent,
      onComment: onHeartbeat && answer.onComment,
      onUnknownLine: (line) => {
        if (answer.acceptLine(line)) this.#parser.end()
      },
    })
    this.#body = isResponse(source) ? this.#openResponse(source) : openBody(source)
    if (signal?.aborted) this.#onAbort()
    else if (signal) this.#forgetSignal = onAbort(signal, this.#onAbort)
  }

  /** Reads the next piece of the body. The end of the reading settles it. */
  read(): Promise<Piece> {
    this.#deadlines.resume(this.#body.isRequest)
    return this.#body.read()
  }

  /** Takes the result of `read`. */
  accept(piece: Piece): void {
    if (this.outcome.isOver) return
    try {
      const { done, value } = piece
      if (done) this.answer.endBody(this.#parser.end({ flush: true }).incomplete)
      else if (this.#body.isRequest) return this.#acceptResponse(value as unknown as Response)
      else this.#feed(value)
    } catch (error) {
      this.answer.failLater(error)
    }
    this.#deadlines.pause(this.answer.hasEvents)
  }

  /** Takes the error of `read`. */
  acceptFailure(cause: unknown): void {
    const error = SseError.is(cause) ? cause : toConnectionError(cause)
    if (SseError.is(error)) this.outcome.fail(error)
    // The caller stopped the source: an abort or a timeout is thrown as it is.
    else this.outcome.stop("cancelled", error)
  }

  /** Ends the reading for the consumer. */
  cancel(reason?: unknown): void {
    this.outcome.end("cancelled", undefined, reason)
  }

  readonly #onEnd = (reason: EndReason, cancelReason: unknown): void => {
    this.answer.drop()
    this.#deadlines.stop()
    this.#forgetSignal()
    if (reason === "error" || reason === "cancelled") this.#body.cancel(cancelReason)
    else if (reason === "done" || reason === "terminal") void drain(this.#body, this.#clock, this.#options.drain)
  }

  #openResponse(response: Response): Body {
    const body = openResponse(response, this.#clock)
    this.outcome.response = responseOf(response)
    return body
  }

  #acceptResponse(response: Response): void {
    const request = this.#body
    const body = this.#openResponse(response)
    const cancel = (reason: unknown): void => {
      body.cancel(reason)
      request.cancel(reason)
    }
    this.#body = { ...body, cancel }
    this.outcome.progress.connectMs = this.#deadlines.elapsed
    this.#deadlines.onResponse()
  }

  #feed(piece: SseChunk): void {
    const bytes = (this.outcome.progress.bytes += piece.length)
    checkLimit(bytes, "maxTotalSize", this.#limits)
    this.#parser.feed(piece)
  }

  readonly #onAbort = (): void => this.outcome.stop("cancelled", this.#options.signal!.reason)

  readonly #onExpire = (phase: string, ms: number): void => {
    const message = `Cannot read ${this.#name}: "timeouts.${phase}" of ${ms} ms has passed`
    this.outcome.fail(new SseTimeoutError(message, phase, ms))
  }
}
