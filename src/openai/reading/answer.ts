/*
 * Turns the events of one stream into chunks, heartbeats and errors, and finds its end. No I/O: events wait here unparsed
 * until the consumer asks for a chunk, and a failure of the body is reported after the events before it.
 */
import { type ProviderErrorBody, type SseError, SseTruncatedError } from "../../errors.ts"
import type { SseEvent } from "../../event.ts"
import { callHook, firstErrorReporter } from "../../internal/hook.ts"
import { BARE_LINE, BareLines, bareTextError } from "./bare-text.ts"
import { malformedError, syntaxErrorOf, unusableError } from "./chunk-error.ts"
import type { ChunkAccumulator, ChunkDialect } from "./chunk-dialect.ts"
import type { Heartbeat, ReadChunksOptions } from "./chunk-stream.ts"
import type { Deadlines } from "./deadlines.ts"
import { type Fields, isFiller, isHeartbeatType, isPayload, parse } from "./fields.ts"
import type { Outcome } from "./outcome.ts"
import { bodyOf, providerError, providerErrorOf } from "./provider-error.ts"
import { streamErrorOf } from "./stream-event.ts"

const NO_EVENTS: SseEvent[] = []

// The spaces that may surround the end mark.
const MARK_SPACES = 8

// The payloads after an error among which its terminal chunk is looked for.
const MAX_AFTER_ERROR = 64

export class Answer<T, S> {
  readonly #dialect: ChunkDialect<T, S>
  readonly #options: ReadChunksOptions
  readonly #accumulator: ChunkAccumulator<T, S>
  readonly #deadlines: Deadlines
  readonly #outcome: Outcome
  readonly #reportHandlerError: (error: unknown) => void
  #queue: SseEvent[] = NO_EVENTS
  #taken = 0
  /** The payloads of one event that has several, in reverse order. */
  #glued: SseEvent[] = NO_EVENTS
  #payloads = 0
  #payloadsAfterError = 0
  /** A payload that is no part of an answer; `null` if another one is. */
  #oddPayload: object | null | undefined = undefined
  /** The last payload with words that is no part of the answer: an error if the answer does not end after it. */
  #suspect: object | undefined
  readonly #lines: BareLines
  #sawData = false
  /** Whether the body ended inside its last event. */
  #isCut = false
  /** Whether that lost a part of the answer. */
  #isLossy = false
  #awaitsContent = true
  /** Called when the last event has been taken; set when the body ends. */
  #atEnd: (() => void) | undefined = undefined

  constructor(
    dialect: ChunkDialect<T, S>,
    options: ReadChunksOptions,
    accumulator: ChunkAccumulator<T, S>,
    deadlines: Deadlines,
    outcome: Outcome,
  ) {
    this.#dialect = dialect
    this.#options = options
    this.#accumulator = accumulator
    this.#deadlines = deadlines
    this.#outcome = outcome
    this.#reportHandlerError = firstErrorReporter(options.onHandlerError)
    this.#lines = new BareLines((json) => dialect.isPart?.(json as T) === true)
  }

  get snapshot(): S {
    return this.#accumulator.value
  }

  get hasEvents(): boolean {
    return this.#queue.length > 0
  }

  readonly onEvent = (event: SseEvent): void => {
    // A hook may end the reading in the middle of a piece.
    if (this.#outcome.isOver) return
    if (!this.#sawData && event.data !== "") {
      this.#sawData = true
      const line = this.#lines.lost
      if (line !== undefined && event.data.trim() !== this.#dialect.sentinel) this.onEvent(eventOf(BARE_LINE, line))
    }
    // Measured: an array of one, since `push` makes room for 17.
    if (this.hasEvents) this.#queue.push(event)
    else this.#queue = [event]
  }

  readonly onComment = (text: string): void => this.#reportHeartbeat("comment", text)

  /** Takes a line that belongs to no field; returns whether the body cannot be an event stream, whatever follows. */
  acceptLine(line: string): boolean {
    if (this.#sawData) {
      const [type, data] = this.#lines.search(line) ?? []
      if (type) this.onEvent(eventOf(type, data!))
    } else if (this.#lines.add(line)) {
      this.endBody(false)
      return true
    }
    return false
  }

  /** Drops the waiting events. */
  drop(): void {
    this.#queue = this.#glued = NO_EVENTS
    this.#taken = 0
  }

  /** Ends the body with a failure, which is reported after the waiting events. */
  failLater(reason: unknown): void {
    this.#atEnd = () => this.#outcome.fail(reason)
  }

  /**
   * Ends the body cleanly; `incomplete` says that it ended inside an event, which was dispatched nevertheless, and `mark` is
   * the data of a last event that was not dispatched.
   */
  endBody(incomplete: boolean, mark?: string): void {
    this.#isCut = incomplete
    const sawMark = mark !== undefined && mark.trim() === this.#dialect.sentinel
    this.#atEnd ??= () => this.#conclude((this.#outcome.progress.sawDone = sawMark))
  }

  /** Returns the next chunk of the waiting events. If there is none, an end of the body has taken effect. */
  take(): T | undefined {
    try {
      while (this.#taken < this.#queue.length || this.#glued.length > 0) {
        const chunk = this.#accept(this.#glued.pop() ?? this.#queue[this.#taken++]!)
        if (chunk) return chunk
      }
      this.drop()
      if (!this.#outcome.isOver) this.#atEnd?.()
    } catch (error) {
      // A payload that is nested too deeply overflows the stack of a dialect.
      this.#outcome.fail(error instanceof RangeError ? unusableError(this.#dialect.name, error) : error)
    }
    return undefined
  }

  #accept(event: SseEvent): T | undefined {
    const { data } = event
    const failure = streamErrorOf(this.#dialect.name, event)
    if (failure) return this.#outcome.fail(failure)
    const { sentinel } = this.#dialect
    if (data.length <= (sentinel?.length ?? 0) + MARK_SPACES) {
      if (data.trim() === sentinel) return this.#conclude((this.#outcome.progress.sawDone = true))
      // The body may have ended before the data; otherwise an error event without data is an error all the same.
      if (data === "" && this.#isCut) return undefined
      if (data === "") return event.event === "error" ? this.#acceptPayload({}, event) : this.#acceptHeartbeat(event)
    }
    const json = parse(data)
    return isPayload(json) && event.event !== BARE_LINE
      ? this.#acceptPayload(json, event)
      : this.#acceptOther(event, json)
  }

  #acceptPayload(json: object, event: SseEvent): T | undefined {
    const dialect = this.#dialect
    this.#payloads++
    if (this.#outcome.providerError && ++this.#payloadsAfterError > MAX_AFTER_ERROR) {
      return this.#outcome.fail(this.#outcome.providerError)
    }
    const error = dialect.error ? dialect.error(json, event.event) : providerErrorOf(json, event.event)
    const chunk = dialect.decode ? dialect.decode(json, event.event, event.data) : (json as T)
    if (chunk) this.#accumulator.push(chunk)
    if (error && this.#options.onProviderError !== "yield") this.#acceptError(error, json)
    if (!chunk) {
      if (error) return undefined
      this.#accumulator.pushHeartbeat?.(json)
      return this.#acceptHeartbeat(event)
    }
    if (!error && dialect.isPart?.(chunk) === false) {
      if (this.#oddPayload !== null) this.#oddPayload = json
      if (bodyOf(json, json as Fields).message !== "") this.#suspect = json
    } else this.#oddPayload = null
    const isReturned = !this.#outcome.providerError && !dialect.isReplayed?.(chunk)
    if (isReturned) this.#count(chunk)
    if (dialect.isTerminal?.(chunk)) this.#outcome.succeed("terminal")
    return isReturned ? chunk : undefined
  }

  #count(chunk: T): void {
    this.#outcome.progress.chunks++
    if (!this.#awaitsContent || this.#dialect.isContent?.(chunk) === false) return
    this.#outcome.progress.firstContentMs ??= this.#deadlines.elapsed
    this.#awaitsContent = this.#deadlines.onContent()
  }

  #acceptError(error: ProviderErrorBody, json: object): void {
    const { name, errorGrace } = this.#dialect
    if (!this.#outcome.providerError) this.#deadlines.onError()
    const failure = (this.#outcome.providerError ??= providerError(name, error, json))
    if (errorGrace === undefined) this.#outcome.fail(failure)
  }

  /** Takes an event whose data is not a JSON object. */
  #acceptOther(event: SseEvent, json: unknown): T | undefined {
    const { event: type, data } = event
    const { sentinel = "" } = this.#dialect
    if (type !== "error" && (isFiller(json) || isHeartbeatType(type) || isHeartbeatType(data.trim()))) {
      return this.#acceptHeartbeat(event)
    }
    const lines = data.split("\n")
    const isGlued = lines.length > 1 && lines.every((line) => line.trim() === sentinel || isPayload(parse(line)))
    if (this.#isCut && !isGlued) {
      this.#isLossy = !sentinel.startsWith(data.trim())
      return undefined
    }
    // Servers built around the event type send the text of an error without JSON.
    if (type === "error") return this.#acceptPayload({ error: data }, event)
    if (isGlued) {
      this.#glued = []
      for (let at = lines.length; at-- > 0;) this.#glued.push(eventOf(type, lines[at]!))
      return undefined
    }
    return this.#acceptMalformed(data)
  }

  #acceptMalformed(data: string): undefined {
    const { onMalformed } = this.#options
    const payload = { data, index: this.#payloads, error: syntaxErrorOf(data) }
    try {
      const decision = typeof onMalformed === "function" ? onMalformed(payload) : onMalformed
      // A promise is no decision, but what it rejects with is reported.
      callHook(() => decision, undefined, this.#reportHandlerError)
      if (decision !== "skip") this.#outcome.fail(malformedError(this.#dialect.name, payload))
    } catch (error) {
      this.#outcome.fail(error)
    }
  }

  /** Ends the answer at the end mark, or at the end of the body. */
  #conclude(sawMark: boolean): undefined {
    const { completion } = this.#options
    const { name, sentinel } = this.#dialect
    const isStrict = completion === "strict"
    if (this.#payloads === 0 && this.#lines.text !== "") {
      const type = this.#outcome.response?.headers.get("content-type") ?? null
      return this.#outcome.fail(bareTextError(name, this.#lines.text, type))
    }
    // An end mark does not complete an answer without a finish reason if words of the provider came in its middle.
    const isYielded = this.#options.onProviderError === "yield"
    if (this.#suspect && !isYielded && this.#accumulator.missing(false) !== null) {
      return this.#outcome.fail(reportedError(name, this.#suspect))
    }
    const needsMark = !sawMark && (this.#isLossy || (isStrict && sentinel !== undefined))
    const missing = this.#accumulator.missing(sawMark && !isStrict) ?? (needsMark ? "done" : null)
    if (missing === null || (completion === "lenient" && !this.#isLossy)) {
      return this.#outcome.succeed(sawMark ? "done" : missing === null ? "finished" : "eof")
    }
    if (this.#oddPayload) return this.#outcome.fail(reportedError(name, this.#oddPayload))
    const message = `Cannot read ${name}: the stream ended before the answer was complete (missing: ${missing})`
    return this.#outcome.fail(new SseTruncatedError(message, missing))
  }

  #acceptHeartbeat({ event, data }: SseEvent): undefined {
    return this.#reportHeartbeat(data === "" && !isHeartbeatType(event) ? "empty" : "event", data)
  }

  #reportHeartbeat(kind: Heartbeat["kind"], text: string): undefined {
    callHook(this.#options.onHeartbeat, { kind, text }, this.#reportHandlerError)
  }
}

/** Returns the error for a payload that is no part of an answer. */
function reportedError(name: string, payload: object): SseError {
  return providerError(name, bodyOf(payload, payload as Fields), payload)
}

function eventOf(event: string, data: string): SseEvent {
  return { event, data, id: undefined, lastEventId: "" }
}
