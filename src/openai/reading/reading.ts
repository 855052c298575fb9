/*
 * Reads one source to its end: feeds its pieces to the parser, enforces the deadlines and limits, and cancels or drains it
 * at the end. The answer interprets the events.
 */
import { SseError } from "../../errors.ts"
import { onAbort, reasonOf } from "../../internal/abort-listener.ts"
import { ignore } from "../../internal/cancel.ts"
import { type Clock, systemClock } from "../../internal/clock.ts"
import { checkOptions, CLOCK, type OptionKinds, SIGNAL } from "../../internal/option-checks.ts"
import type { SseEvent } from "../../event.ts"
import { isResponse, SseParser, type SseChunk, toConnectionError } from "../../parser/index.ts"
import { Answer } from "./answer.ts"
import { type Body, openBody, openResponse, responseOf } from "./body.ts"
import { timeoutError } from "./chunk-error.ts"
import type { ChunkAccumulator, ChunkDialect, ResolvedLimits } from "./chunk-dialect.ts"
import type { ChunkSource, EndReason, ReadChunksOptions } from "./chunk-stream.ts"
import { Deadlines, unreadDeadline } from "./deadlines.ts"
import { drain } from "./drain.ts"
import { checkLimit, limitsOf } from "./limits.ts"
import { Outcome } from "./outcome.ts"
import {
  checkGaps,
  endMarkOf,
  eventOf,
  hasFailed,
  isAfter,
  isClosed,
  isEvent,
  itemError,
  restartsOf,
  sizeOf,
  unfinishedOf,
} from "./parsed-events.ts"
import { restartError } from "./stream-event.ts"
import { expireUnread } from "./unread.ts"

/** The result of a read of the body. */
export type Piece = IteratorResult<SseChunk | SseEvent, unknown>

/** The wait for the rest of a body that is no event stream, in milliseconds. It is an error in any case. */
const BARE_BODY_WAIT = 1_000

export const READING_KINDS: OptionKinds<ReadChunksOptions> = {
  signal: SIGNAL,
  timeouts: "false or an object",
  limits: true,
  drain: "false or an object",
  clock: CLOCK,
  completion: '"dialect", "strict" or "lenient"',
  onProviderError: '"throw" or "yield"',
  onMalformed: '"throw", "skip" or a function',
  onHeartbeat: "a function",
  onHandlerError: "a function",
}

export class Reading<T, S> {
  readonly #source: ChunkSource
  readonly #name: string
  readonly #options: ReadChunksOptions
  readonly #limits: ResolvedLimits
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #parser: SseParser
  #forgetSignal: () => void = ignore
  #forgetUnread: () => void = ignore
  #hasBegun = false
  /** Whether the body begins as JSON or a page does, and not as an event stream. */
  #isBare: boolean | undefined
  /** Whether the source has events, and no pieces of a body; known from its first item on. */
  #isParsed: boolean | undefined = undefined
  readonly #accumulator: ChunkAccumulator<T, S>
  #restarts = 0
  #stall: unknown = undefined
  #body: Body
  readonly answer: Answer<T, S>
  readonly outcome: Outcome

  constructor(
    source: ChunkSource,
    dialect: ChunkDialect<T, S>,
    options: ReadChunksOptions,
    kinds: OptionKinds<ReadChunksOptions>,
  ) {
    checkOptions(options, kinds)
    const { signal, clock = systemClock, onHeartbeat } = options
    const limits = limitsOf(options.limits)
    const deadlines = new Deadlines(clock, options.timeouts, dialect.errorGrace, this.#onExpire)
    const accumulator = (this.#accumulator = dialect.accumulate(limits))
    this.#source = source
    this.#name = dialect.name
    this.#options = options
    this.#limits = limits
    this.#clock = clock
    this.#deadlines = deadlines
    this.outcome = new Outcome(accumulator, deadlines, this.#onEnd)
    const answer = (this.answer = new Answer(dialect, options, accumulator, deadlines, this.outcome))
    this.#parser = new SseParser({
      maxLineLength: limits.maxLineLength,
      maxEventSize: limits.maxEventSize,
      onEvent: answer.onEvent,
      dispatchEmpty: true,
      onComment: onHeartbeat && answer.onComment,
      onUnknownLine: (line) => {
        if (answer.acceptLine(line)) this.#parser.end()
      },
    })
    this.#body = isResponse(source) ? this.#openResponse(source) : openBody(source)
    if (signal?.aborted) this.#onAbort()
  }

  /** Fails the reading if it is not read in time, so that `ended` settles in any case. */
  expireUnread(): void {
    this.#forgetUnread = expireUnread(this, this.#name, unreadDeadline(this.#options.timeouts), this.#clock)
  }

  /** Reads the next piece of the body. The end of the reading settles it. */
  read(): Promise<Piece> {
    if (!this.#hasBegun) this.#begin()
    if (this.outcome.isOver) return Promise.resolve({ done: true, value: undefined })
    this.#deadlines.resume(this.#body.isRequest)
    return this.#body.read()
  }

  /** Takes the result of `read`. */
  accept(piece: Piece): void {
    if (this.outcome.isOver) return
    try {
      const { done, value } = piece
      if (done) this.#acceptEnd()
      else if (this.#body.isRequest) return this.#acceptResponse(value as unknown as Response)
      else if ((this.#isParsed ??= isEvent(value))) this.#acceptEvent(value)
      else this.#feed(value)
    } catch (error) {
      this.answer.failLater(error)
    }
    this.#deadlines.pause(this.answer.hasEvents)
  }

  /** Takes the error of `read`. */
  acceptFailure(cause: unknown): void {
    if (isClosed(this.#source)) return this.outcome.stop("cancelled", cause)
    // A subscription reports every failure of a connection as an SseError: any other is one of the caller's own functions.
    const isOwn = hasFailed(this.#source)
    const error = isOwn ? cause : errorOf(cause)
    if (isOwn || SseError.is(error)) this.outcome.fail(error)
    // The caller stopped the source: an abort or a timeout is thrown as it is.
    else this.outcome.stop("cancelled", error)
  }

  /** Ends the reading for the consumer. */
  cancel(reason?: unknown): void {
    this.outcome.end("cancelled", undefined, reason)
  }

  /** Nothing refers to the reading before this, so that an unread one can be collected. */
  #begin(): void {
    const { signal } = this.#options
    this.#hasBegun = true
    this.#forgetUnread()
    if (signal?.aborted) this.#onAbort()
    else if (signal) this.#forgetSignal = onAbort(signal, this.#onAbort)
  }

  readonly #onEnd = (reason: EndReason, cancelReason: unknown): void => {
    this.answer.drop()
    this.#deadlines.stop()
    this.#clock.clearTimeout(this.#stall)
    this.#forgetSignal()
    this.#forgetUnread()
    if (reason === "error" || reason === "cancelled" || this.#isParsed) this.#body.cancel(cancelReason)
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

  #acceptEnd(): void {
    // The caller closed the source while this reading waited for it.
    if (isClosed(this.#source)) return this.cancel()
    checkGaps(this.#source, this.#name)
    const { incomplete } = this.#parser.end({ flush: true })
    const unfinished = unfinishedOf(this.#source)
    if (unfinished) this.#acceptEvent(unfinished)
    this.answer.endBody(incomplete || unfinished !== undefined, endMarkOf(this.#source))
  }

  #acceptEvent(item: unknown): void {
    const event = eventOf(item, this.#name)
    checkGaps(this.#source, this.#name)
    this.#checkRestarts(event)
    checkLimit(sizeOf(event), "maxEventSize", this.#limits)
    checkLimit((this.outcome.progress.bytes += event.data.length), "maxTotalSize", this.#limits)
    this.answer.onEvent(event)
  }

  /** @throws {@link SseTruncatedError} if a reconnection has begun the answer again, of which chunks were returned. */
  #checkRestarts(event: SseEvent): void {
    const restarts = restartsOf(this.#source)
    if (restarts > this.#restarts && this.outcome.progress.chunks > 0 && !isAfter(event, this.#accumulator.cursor)) {
      throw restartError(this.#name)
    }
    this.#restarts = restarts
  }

  #feed(piece: SseChunk): void {
    const length = (piece as SseChunk | null | undefined)?.length
    if (length === undefined) throw itemError(this.#name)
    const bytes = (this.outcome.progress.bytes += length)
    checkLimit(bytes, "maxTotalSize", this.#limits)
    this.#parser.feed(piece)
    this.#isBare ??= piece.length === 0 ? undefined : isBare(piece)
    if (this.#isBare !== true) return
    // The pending read ends, and what came of the body becomes the error.
    this.#clock.clearTimeout(this.#stall)
    this.#stall = this.#clock.setTimeout(() => this.#body.cancel(), BARE_BODY_WAIT)
  }

  readonly #onAbort = (): void => this.outcome.stop("cancelled", reasonOf(this.#options.signal!))

  readonly #onExpire = (phase: string, ms: number): void => this.outcome.fail(timeoutError(this.#name, phase, ms))
}

/** Whether the first piece of a body begins with a bracket, as JSON and HTML do. */
function isBare(piece: SseChunk): boolean {
  const start = typeof piece === "string" ? piece.slice(0, 1) : String.fromCharCode(piece[0]!)
  return start !== "" && "{[<".includes(start)
}

/** Returns the error of a source: an SseError, an abort or a timeout as it is. */
function errorOf(cause: unknown): unknown {
  try {
    return SseError.is(cause) ? cause : toConnectionError(cause)
  } catch {
    // A proxy may throw when its members are read.
    return toConnectionError(undefined)
  }
}
