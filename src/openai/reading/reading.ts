/*
 * Law: one source from its first read to its end: what is asked of it, how long it may take, and how it is let go. What
 * its events mean is the answer's.
 */
import { SseConnectionError, SseError } from "../../errors.ts"
import { onAbort } from "../../internal/abort-listener.ts"
import { ignore } from "../../internal/cancel.ts"
import { type Clock, systemClock } from "../../internal/clock.ts"
import { isResponse, SseParser, type SseChunk } from "../../parser/index.ts"
import { Answer } from "./answer.ts"
import { type Body, openBody, openResponse, responseOf } from "./body.ts"
import type { ChunkDialect, ResolvedLimits } from "./chunk-dialect.ts"
import type { ChunkSource, EndReason, ReadChunksOptions } from "./chunk-stream.ts"
import { drain } from "./drain.ts"
import { checkLimit, limitsOf } from "./limits.ts"

const DRAIN = { ms: 250, bytes: 65_536 }

/** What a read of the body gives. */
export type Piece = IteratorResult<SseChunk, unknown>

export class Reading<T, S> extends Answer<T, S> {
  readonly #limits: ResolvedLimits
  readonly #clock: Clock
  readonly #parser: SseParser
  readonly #forgetSignal: () => void = ignore
  #body: Body

  constructor(source: ChunkSource, dialect: ChunkDialect<T, S>, options: ReadChunksOptions) {
    const { signal, clock = systemClock, onHeartbeat } = options
    const limits = limitsOf(options.limits)
    super(dialect, options, limits, clock)
    this.#clock = clock
    this.#limits = limits
    this.#parser = new SseParser({
      ...limits,
      onEvent: this.onEvent,
      onComment: onHeartbeat && this.onComment,
      onUnknownLine: (line) => {
        if (this.acceptLine(line)) this.#parser.end()
      },
    })
    this.#body = isResponse(source) ? this.#openResponse(source) : openBody(source)
    if (signal?.aborted) this.#onAbort()
    else if (signal) this.#forgetSignal = onAbort(signal, this.#onAbort)
  }

  /** Reads the next piece of the body; the end of the answer settles it. */
  read(): Promise<Piece> {
    this.deadlines.wait(this.#body.asks)
    return this.#body.read()
  }

  /** Takes what `read` gave. */
  accept(piece: Piece): void {
    if (this.isOver) return
    try {
      const { done, value } = piece
      if (done) this.endBody(this.#parser.end({ flush: true }).incomplete)
      else if (this.#body.asks) return this.#acceptResponse(value as unknown as Response)
      else this.#feed(value)
    } catch (error) {
      this.failLater(error)
    }
    this.deadlines.rest(this.hasEvents)
  }

  /** Takes what `read` threw. */
  acceptFailure(cause: unknown): void {
    const { name } = (cause ?? {}) as Partial<Error>
    // Somebody stopped the source, which is passed on as it is.
    if (name === "AbortError" || name === "TimeoutError") return this.stop("cancelled", cause)
    const message = `Cannot read ${this.dialect.name}: the connection must last until the end of the stream`
    this.fail(SseError.is(cause) ? cause : new SseConnectionError(message, { cause }))
  }

  /** Ends the reading by the consumer's will. */
  cancel(reason?: unknown): void {
    this.end("cancelled", undefined, reason)
  }

  protected override onEnd(reason: EndReason, why: unknown): void {
    this.deadlines.stop()
    this.#forgetSignal()
    const { drain: limits = DRAIN } = this.options
    if (reason === "error" || reason === "cancelled") this.#body.cancel(why)
    else if (reason !== "done" && reason !== "terminal") return
    else if (limits === false) this.#body.cancel()
    else void drain(this.#body, this.#clock, limits)
  }

  #openResponse(response: Response): Body {
    const body = openResponse(response, this.#clock)
    this.response = responseOf(response)
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
    this.progress.connectMs = this.deadlines.elapsed
    this.deadlines.connect()
  }

  #feed(piece: SseChunk): void {
    const bytes = (this.progress.bytes += piece.length)
    checkLimit(bytes, "maxTotalSize", this.#limits)
    this.#parser.feed(piece)
  }

  readonly #onAbort = (): void => this.stop("cancelled", this.options.signal!.reason)
}
