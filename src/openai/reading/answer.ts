/*
 * Law: what the events of one stream mean: chunks, heartbeats, errors, and its one outcome. No I/O, and of time only what
 * moves a deadline: events wait here unparsed until a chunk is asked for. Failures come after what preceded them; an end
 * by will drops what waits.
 */
import {
  type ProviderErrorBody,
  SseError,
  type SseProviderError,
  SseTimeoutError,
  SseTruncatedError,
} from "../../errors.ts"
import type { SseEvent } from "../../event.ts"
import type { Clock } from "../../internal/clock.ts"
import { DONE } from "../../internal/iterator.ts"
import { addLine, bareTextError, errorInLine, isHopeless } from "./bare-text.ts"
import { malformedError, syntaxErrorOf, tell } from "./chunk-error.ts"
import type { ChunkAccumulator, ChunkDialect, ResolvedLimits } from "./chunk-dialect.ts"
import type { ChunkResponse, EndInfo, EndReason, Heartbeat, ReadChunksOptions } from "./chunk-stream.ts"
import { Deadlines } from "./deadlines.ts"
import { isPayload, parse } from "./fields.ts"
import { type CallHook, hookCaller } from "./hooks.ts"
import { providerError, providerErrorOf } from "./provider-error.ts"

const NO_EVENTS: SseEvent[] = []

// How many spaces around the end mark are put up with.
const MARK_SPACES = 8

/** How far a stream has come. */
type Progress = {
  -readonly [Member in "chunks" | "bytes" | "sawDone" | "connectMs" | "firstContentMs"]: EndInfo[Member]
}

export abstract class Answer<T, S> {
  readonly #call: CallHook
  readonly #accumulator: ChunkAccumulator<T, S>
  #queue: SseEvent[] = NO_EVENTS
  #taken = 0
  #payloads = 0
  /** The text of lines in no field, before the first event. */
  #bareText = ""
  #sawData = false
  /** Whether the body ended inside its last event, and whether something was lost by that. */
  #isCut = false
  #isLossy = false
  #awaitsContent = true
  #providerError: SseProviderError | undefined = undefined
  /** What the end of the body leads to, once what came before it has been taken. */
  #atEnd: (() => void) | undefined = undefined
  #failure: { readonly reason: unknown } | undefined = undefined
  #settle!: (info: EndInfo) => void
  protected readonly progress: Progress = { chunks: 0, bytes: 0, sawDone: false, connectMs: null, firstContentMs: null }
  protected readonly dialect: ChunkDialect<T, S>
  protected readonly options: ReadChunksOptions
  protected readonly deadlines: Deadlines
  readonly ended: Promise<EndInfo> = new Promise((resolve) => (this.#settle = resolve))
  response: ChunkResponse | undefined = undefined
  isOver = false

  constructor(dialect: ChunkDialect<T, S>, options: ReadChunksOptions, limits: ResolvedLimits, clock: Clock) {
    this.dialect = dialect
    this.options = options
    this.deadlines = new Deadlines(clock, options.timeouts, dialect.errorGrace, this.#onExpire)
    this.#call = hookCaller(options.onHandlerError)
    this.#accumulator = dialect.accumulate(limits)
  }

  /** The answer is over; `why` is what the source is told. */
  protected abstract onEnd(reason: EndReason, why: unknown): void

  get snapshot(): S {
    return this.#accumulator.value
  }

  get hasEvents(): boolean {
    return this.#queue.length > 0
  }

  readonly onEvent = (event: SseEvent): void => {
    // A hook that ends the reading drops what is left of the piece.
    if (this.isOver) return
    this.#sawData ||= event.data !== ""
    // Measured: an array of one, since `push` makes room for 17.
    if (this.hasEvents) this.#queue.push(event)
    else this.#queue = [event]
  }

  readonly onComment = (text: string): void => this.#beat("comment", text)

  /** Takes a line that is in no field; gives whether the body can be no event stream, whatever follows. */
  protected acceptLine(line: string): boolean {
    const data = errorInLine(line)
    if (data) this.onEvent(eventOf("error", data))
    if (data || this.#sawData) return false
    this.#bareText = addLine(this.#bareText, line)
    if (!isHopeless(this.#bareText)) return false
    this.#atEnd = this.#failAsNoStream
    return true
  }

  /** Reading the body has failed: that is the end, once what came before it has been taken. */
  failLater(reason: unknown): void {
    this.#atEnd = () => this.fail(reason)
  }

  /** The body ended cleanly; `incomplete` says that it did so inside an event, which came all the same. */
  endBody(incomplete: boolean): void {
    this.#isCut = incomplete
    this.#isLossy = incomplete && !this.hasEvents
    this.#atEnd ??= () => this.#conclude(false)
  }

  /** The next chunk of the events that have come; where none is left, what they lead to has happened. */
  take(): T | undefined {
    try {
      while (this.#taken < this.#queue.length) {
        const chunk = this.#accept(this.#queue[this.#taken++]!)
        if (chunk) return chunk
      }
      this.#queue = NO_EVENTS
      this.#taken = 0
      if (!this.isOver) this.#atEnd?.()
    } catch (error) {
      this.fail(error)
    }
    return undefined
  }

  /** The end; a failure is thrown, once. */
  takeEnd(): IteratorReturnResult<undefined> {
    const failure = this.#failure
    this.#failure = undefined
    if (failure) throw failure.reason
    return DONE
  }

  #accept(event: SseEvent): T | undefined {
    const { data } = event
    const { sentinel } = this.dialect
    if (data.length <= (sentinel?.length ?? 0) + MARK_SPACES) {
      if (data.trim() === sentinel) return this.#conclude((this.progress.sawDone = true))
      // What was cut before its data could have become anything; else, who says no more than that it failed has failed.
      if (data === "" && this.#isCut) return undefined
      if (data === "") return event.event === "error" ? this.#acceptPayload({}, event) : this.#beat("empty", data)
    }
    const json = parse(data)
    return isPayload(json) ? this.#acceptPayload(json, event) : this.#acceptMalformed(event)
  }

  #acceptPayload(json: object, { event, data }: SseEvent): T | undefined {
    const dialect = this.dialect
    this.#payloads++
    const error = dialect.error ? dialect.error(json, event) : providerErrorOf(json, event)
    const chunk = dialect.decode ? dialect.decode(json, event, data) : (json as T)
    if (chunk) this.#accumulator.push(chunk)
    if (error && this.options.onProviderError !== "yield") this.#acceptError(error, json)
    if (!chunk) {
      if (error) return undefined
      this.#accumulator.pushHeartbeat?.(json)
      return this.#beat("event", data)
    }
    const isGiven = !this.#providerError && !dialect.isReplayed?.(chunk)
    if (isGiven) this.#count(chunk)
    if (dialect.isTerminal?.(chunk)) this.#succeed("terminal")
    return isGiven ? chunk : undefined
  }

  #count(chunk: T): void {
    this.progress.chunks++
    if (!this.#awaitsContent || this.dialect.isContent?.(chunk) === false) return
    this.progress.firstContentMs ??= this.deadlines.elapsed
    this.#awaitsContent = this.deadlines.content()
  }

  #acceptError(error: ProviderErrorBody, json: object): void {
    const { name, errorGrace } = this.dialect
    if (!this.#providerError) this.deadlines.error()
    this.#providerError ??= providerError(name, error, json)
    if (errorGrace === undefined) this.fail(this.#providerError)
  }

  #acceptMalformed(given: SseEvent): T | undefined {
    const { event, data } = given
    const { name, sentinel = "" } = this.dialect
    const lines = data.split("\n")
    const isGlued = lines.length > 1 && lines.every((line) => line.trim() === sentinel || isPayload(parse(line)))
    if (this.#isCut && !isGlued) {
      this.#isLossy = !sentinel.startsWith(data.trim())
      return undefined
    }
    // Servers that think of the standard first send an error's text as it is.
    if (event === "error") return this.#acceptPayload({ error: data }, given)
    if (isGlued) {
      this.#queue = lines.map((line) => eventOf(event, line)).concat(this.#queue.slice(this.#taken))
      this.#taken = 0
      return undefined
    }
    const { onMalformed } = this.options
    const payload = { data, index: this.#payloads, error: syntaxErrorOf(data) }
    const decision = typeof onMalformed === "function" ? onMalformed(payload) : onMalformed
    if (decision !== "skip") this.fail(malformedError(name, payload))
    return undefined
  }

  /** The stream has ended, by its mark or with its body. */
  #conclude(sawMark: boolean): undefined {
    const { completion } = this.options
    const { name, sentinel } = this.dialect
    const isStrict = completion === "strict"
    if (!sawMark && this.#payloads === 0 && this.#bareText.trim() !== "") return this.#failAsNoStream()
    const needsMark = !sawMark && (this.#isLossy || (isStrict && sentinel !== undefined))
    const missing = this.#accumulator.missing(sawMark && !isStrict) ?? (needsMark ? "done" : null)
    if (missing === null || (completion === "lenient" && !this.#isLossy)) {
      return this.#succeed(sawMark ? "done" : missing === null ? "finished" : "eof")
    }
    const message = `Cannot read ${name}: the answer must be whole when the stream ends, not without ${missing}`
    return this.fail(new SseTruncatedError(message, missing))
  }

  readonly #failAsNoStream = (): undefined => {
    const type = this.response?.headers.get("content-type") ?? null
    return this.fail(bareTextError(this.dialect.name, this.#bareText, type))
  }

  readonly #onExpire = (phase: string, ms: number): void => {
    const message = `Cannot read ${this.dialect.name}: "${phase}" must not take longer than ${ms} ms`
    this.fail(new SseTimeoutError(message, phase, ms))
  }

  /** Tells the consumer of a heartbeat. */
  #beat(kind: Heartbeat["kind"], text: string): undefined {
    void this.#call(this.options.onHeartbeat, { kind, text })
  }

  /** Ends the answer with a failure. */
  fail(reason: unknown): undefined {
    if (this.isOver) return
    // What the provider said explains whatever else happened while its last chunk was waited for.
    const error = this.#providerError ?? reason
    if (SseError.is(error)) {
      tell(error, "partial", this.snapshot)
      Object.assign(error, {
        chunks: this.progress.chunks,
        requestId: this.response?.requestId ?? null,
        // Nothing that was given out may be asked for again blindly.
        retryable: error.retryable && this.progress.chunks === 0,
      })
    }
    this.stop("error", error)
  }

  /** Ends the answer early, with what the consumer gets thrown. */
  stop(reason: EndReason, error: unknown): void {
    if (this.isOver) return
    this.#failure = { reason: error }
    this.end(reason, error)
  }

  #succeed(reason: EndReason): undefined {
    if (this.#providerError) this.fail(this.#providerError)
    else this.end(reason)
  }

  /** Ends the answer; `why` is what the source is told where it is left early. */
  end(reason: EndReason, error?: unknown, why: unknown = error): void {
    if (this.isOver) return
    this.isOver = true
    this.#queue = NO_EVENTS
    this.#taken = 0
    this.onEnd(reason, why)
    const cursor = this.#accumulator.cursor ?? null
    this.#settle({ ...this.progress, reason, error, durationMs: this.deadlines.elapsed, cursor })
  }
}

function eventOf(event: string, data: string): SseEvent {
  return { event, data, id: undefined, lastEventId: "" }
}
