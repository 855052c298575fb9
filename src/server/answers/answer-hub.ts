/* The answers of one node: those that it produces, and the sessions that read any answer of the store. */
import { encodeRetry } from "../../encoder/index.ts"
import { SseError } from "../../errors.ts"
import { ignore } from "../../internal/cancel.ts"
import { MAX_TIMER_MS } from "../../internal/clock.ts"
import { callHook } from "../../internal/hook.ts"
import { checkDuration, checkNumber, checkOptions } from "../../internal/option-checks.ts"
import { EventSession, type LogServer, SseSessionError } from "../../session/index.ts"
import { cursorOfUrl } from "../delivery/client-cursor.ts"
import { Delivery } from "../delivery/delivery.ts"
import { LogEntry } from "../delivery/log-entry.ts"
import { respondWith } from "../delivery/respond.ts"
import type { EventStreamRequest } from "../event-stream-response.ts"
import { DIALECT_EVENTS } from "./answer-dialect.ts"
import { answerState, checkId, eventsOf, logOf, shownDialectOf } from "./answer-log.ts"
import {
  type AnswerConnectOptions,
  ANSWERS_KINDS,
  type AnswersOptions,
  type AnswerStats,
  CONNECT_KINDS,
  START_KINDS,
  type StartOptions,
} from "./answer-options.ts"
import { AnswerProducers } from "./answer-producers.ts"
import { AnswerReading, type AnswerRequest, logCursorOf, statusOf } from "./answer-reading.ts"
import type { AnswerRun } from "./answer-run.ts"
import type { Answer, Answers, AnswerState, MakeAnswer } from "./answer-types.ts"
import { type EndWriter, endWriter } from "./end-block.ts"
import { Followers } from "./followers.ts"
import { Presence } from "./presence.ts"

const DEFAULT_LEASE = 30_000
const DEFAULT_TTL = 3_600_000
const DEFAULT_LIMIT = 16_777_216
const DEFAULT_WITHIN = 10_000

/** The lost answers that are remembered, so that each is reported once. */
const MAX_LOST = 1_000

export class AnswerHub implements Answers, LogServer<string, AnswerConnectOptions, AnswerRequest> {
  readonly #delivery: Delivery
  readonly #producers: AnswerProducers
  readonly #presence: Presence
  readonly #followers: Followers
  readonly #onLost: ((id: string) => void) | undefined
  readonly #endWriterOf: (id: string) => EndWriter
  readonly #lost: Set<string> = new Set()
  readonly #lease: number
  readonly #ttl: number
  #isClosed = false

  constructor(options: AnswersOptions) {
    checkOptions(options, ANSWERS_KINDS)
    const { events, waitUntil, onLost, endEvent } = options
    this.#onLost = onLost
    this.#endWriterOf = (id) => endWriter(id, endEvent, (error) => this.#delivery.report(error))
    this.#lease = checkNumber("lease", options.lease ?? DEFAULT_LEASE, 1)
    // A producer renews its answer in a part of the lease: until then it must be kept.
    this.#ttl = Math.max(this.#lease, checkNumber("ttl", options.ttl ?? DEFAULT_TTL, 1))
    const limit = checkNumber("limit", options.limit ?? DEFAULT_LIMIT, 1)
    const abandonAfter = checkDuration("abandonAfter", options.abandonAfter)
    this.#delivery = new Delivery(options, () => this.#onRound(), abandonAfter)
    const { store, clock } = this.#delivery
    const minInterval = checkNumber("minInterval", options.minInterval ?? store.appendInterval ?? 0)
    this.#presence = new Presence(store, clock, abandonAfter)
    const endWriterOf = this.#endWriterOf
    const producerOptions = { events, lease: this.#lease, limit, minInterval, waitUntil, endWriterOf }
    this.#followers = new Followers(this.#delivery, (id) => this.state(id))
    this.#producers = new AnswerProducers(this.#delivery, this.#presence, this.#followers, producerOptions)
  }

  async start(id: string, make: MakeAnswer, options: StartOptions = {}): Promise<Answer> {
    checkId(id)
    if (typeof make !== "function") throw new TypeError("Cannot start answer: make must be a function")
    checkOptions(options, START_KINDS)
    if (this.#isClosed) throw closedError()
    const { store } = this.#delivery
    const { takeOver = false } = options
    const claim = await this.#watched(store.claim(logOf(id), { ttl: this.#ttl, lease: this.#lease, takeOver }))
    if (claim.lease === undefined) return this.#answer(id, undefined)
    try {
      const { position } = claim
      const { events, first } = takeOver ? await this.#watched(eventsOf(store, id)) : { events: [], first: position }
      // Of two claims of this node, the reply of the earlier one may come last.
      if (this.#producers.has(id) && !(await this.#isValid(id, claim.lease))) return this.#answer(id, undefined)
      if (this.#isClosed) throw closedError()
      this.#lost.delete(id)
      return this.#answer(id, this.#producers.start(id, claim, make, { position, events }, first))
    } catch (error) {
      // Without a producer the answer would seem to run until the lease ends.
      const end = { status: "lost", detail: "shutdown" } as const
      await store.append(logOf(id), [], { lease: claim.lease, end }).catch(ignore)
      throw error
    }
  }

  respond(request: EventStreamRequest, id: string, options: AnswerConnectOptions = {}): Promise<Response> {
    return respondWith<string, AnswerConnectOptions, AnswerRequest>(this, request, id, options)
  }

  async cancel(id: string, reason?: string): Promise<boolean> {
    checkId(id)
    if (reason !== undefined && typeof reason !== "string") {
      throw new TypeError("Cannot cancel answer: the reason must be a string")
    }
    const wasRunning = await this.#watched(this.#delivery.store.cancel(logOf(id), reason))
    if (wasRunning) this.#producers.stop(id, "the answer was cancelled")
    return wasRunning
  }

  async state(id: string): Promise<AnswerState | undefined> {
    checkId(id)
    const { state } = await this.#watched(this.#delivery.read(logOf(id), "end", { maxEvents: 1 }))
    return answerState(state)
  }

  stats(): AnswerStats {
    return { ...this.#producers.counts, ...this.#delivery.stats() }
  }

  async closeAll(
    options: { readonly within?: number | undefined; readonly retry?: number | undefined } = {},
  ): Promise<void> {
    checkOptions(options, { within: true, retry: true })
    const within = Math.min(MAX_TIMER_MS, checkNumber("within", options.within ?? DEFAULT_WITHIN))
    // Refuses the time before anything has changed.
    if (options.retry !== undefined) encodeRetry(options.retry)
    this.#isClosed = true
    if (this.#delivery.state === "open") this.#delivery.state = "draining"
    await this.#producers.finish(within)
    this.#followers.close()
    await this.#delivery.closeAll({ retry: options.retry })
  }

  accept(cursor: string, url: string | undefined, id: string, options: AnswerConnectOptions): AnswerRequest {
    checkId(id)
    checkOptions(options, CONNECT_KINDS)
    const { ended = 200 } = options
    if (ended !== 200 && ended !== 204) throw new RangeError('Cannot use options: "ended" must be 200 or 204')
    return { id, cursor: cursor || cursorOfUrl(url), state: undefined, dialect: undefined }
  }

  async refusalOf(request: AnswerRequest, options: AnswerConnectOptions): Promise<404 | 204 | 503 | undefined> {
    if (this.#delivery.isFull) return 503
    // A log with a lease is never trimmed: its first events are there, and show the dialect.
    const looked = this.#delivery.read(logOf(request.id), "start", { maxEvents: DIALECT_EVENTS })
    const { state, events } = await this.#watched(looked)
    request.state = state
    if (state.status === "running") this.#lost.delete(request.id)
    for (const [place, event] of events.entries()) {
      request.dialect ??= shownDialectOf(new LogEntry(place, event), place)
    }
    return statusOf(request, state, options)
  }

  sessionOf(cursor: string): EventSession {
    return new EventSession(cursor, undefined, this.#delivery.clock)
  }

  open(session: EventSession, request: AnswerRequest, { signal }: AnswerConnectOptions, isShared: boolean): void {
    if (signal?.aborted === true) return session.leave(signal.reason)
    const { id } = request
    const cursor = logCursorOf(request)
    const name = logOf(id)
    const isRunning = request.state?.status === "running"
    const reader = this.#delivery.readers.of(name)
    const reading = new AnswerReading(reader, request, this.#endWriterOf(id))
    const rules = {
      hasCursor: cursor !== "",
      isShared,
      skipsGaps: false,
      maxLag: Infinity,
      onOpen: undefined,
      isSent: (entry: LogEntry) => reading.note(entry),
      onGap: ignore,
      lastBlock: () => {
        const block = reading.lastBlock
        if (block !== undefined && reader.status === "lost") this.#reportLost(id)
        return block
      },
      onOver: () => this.#presence.leave(id),
    }
    this.#presence.enter(id, isRunning)
    const start = cursor === "" ? ({ since: "start" } as const) : { cursor }
    const opened = this.#delivery.open(session, [{ name, tag: "", start }], rules, signal)
    if (opened !== undefined) reading.refresh(() => opened.onWait())
    else this.#presence.leave(id)
  }

  #watched<Result>(operation: Promise<Result>): Promise<Result> {
    return this.#delivery.watched(operation)
  }

  #answer(id: string, run: AnswerRun | undefined): Answer {
    let ended: Promise<AnswerState> | undefined
    const follow = async (): Promise<AnswerState> => {
      const state = await run?.finished
      return state === undefined || state.status === "running" ? this.#followers.endOf(id) : state
    }
    return {
      id,
      isProducer: run !== undefined,
      get ended() {
        return (ended ??= follow())
      },
      respond: (request, options) => this.respond(request, id, options),
      cancel: (reason) => this.cancel(id, reason),
    }
  }

  async #isValid(id: string, lease: string): Promise<boolean> {
    try {
      await this.#watched(this.#delivery.store.append(logOf(id), [], { lease }))
      return true
    } catch (error) {
      if (SseError.is(error) && (error.code === "fenced" || error.code === "ended")) return false
      throw error
    }
  }

  #reportLost(id: string): void {
    if (this.#lost.has(id)) return
    if (this.#lost.size >= MAX_LOST) this.#lost.clear()
    this.#lost.add(id)
    callHook(this.#onLost, id, (error) => this.#delivery.report(error))
  }

  /** Cancels the answers without readers; returns whether there are answers to look after. */
  #onRound(): boolean {
    this.#presence.onRound((id) => this.#producers.abandon(id))
    return this.#followers.onRound() || this.#producers.size > 0
  }
}

function closedError(): SseSessionError {
  return new SseSessionError("Cannot start answer: the answers have been closed", "session-closed")
}
