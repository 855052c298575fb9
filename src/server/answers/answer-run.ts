/*
 * The production of one answer on this node: its source is pulled into the log, with or without readers. It ends once: its source
 * ends or fails, or its log takes nothing more because it was cancelled, taken over or lost.
 */
import type { EventEncoder } from "../../contract/index.ts"
import { encodeEvent } from "../../encoder/index.ts"
import { SseError, SseTruncatedError } from "../../errors.ts"
import type { SseEvent, SseEventInit } from "../../event.ts"
import { ignore } from "../../internal/cancel.ts"
import { SseParser } from "../../parser/index.ts"
import { EventSession, type Outlet, SourceRun } from "../../session/index.ts"
import type { LogMember, LogReader } from "../delivery/log-reader.ts"
import { SseStoreError } from "../store/store-error.ts"
import type { Cursor, LogEnd } from "../store/event-store.ts"
import { utf8Length } from "../store/store-checks.ts"
import { openAnswer, type OpenedAnswer } from "./answer-source.ts"
import type { AnswerState, MakeAnswer, StoredAnswer } from "./answer-types.ts"
import { type AnswerDialect, dialectOf, type EndWriter, isErrorEvent, isLastEvent } from "./end-block.ts"
import { LogWriter, type WriterOwner, type WriterTarget } from "./log-writer.ts"

/** What a run needs of its node. */
export interface RunHost extends Pick<WriterOwner, "onStored" | "onStoreError"> {
  /** Resolves with how the answer stands, as soon as the store says it. */
  readState(): Promise<AnswerState>
  report(error: unknown): void
}

export interface RunOptions {
  readonly target: WriterTarget
  readonly events: EventEncoder<SseEventInit> | undefined
  readonly limit: number
  /** The position before the first event. */
  readonly first: Cursor
  /** The reader of the log on this node, from which the run learns that it was cancelled. */
  readonly reader: LogReader
  readonly writeEnd: EndWriter
}

export class AnswerRun implements Outlet, WriterOwner, LogMember {
  readonly backlog = 0
  /**
   * Resolves when nothing more is produced here, with the state of the answer. It is running if another producer has taken it
   * over, or if its store did not answer until the lease ended.
   */
  readonly finished: Promise<AnswerState>
  readonly #options: RunOptions
  readonly #host: RunHost
  readonly #writer: LogWriter
  readonly #session: EventSession
  readonly #parser: SseParser
  readonly #abort: AbortController = new AbortController()
  #relayed: OpenedAnswer["relayed"] = undefined
  #resolveFinished: (state: AnswerState) => void = ignore
  #isOver = false
  #isFull = false
  /** The appends for which the store had no room. */
  #overflows = 0
  /** The bytes of the events. */
  #size = 0
  #count = 0
  #dialect: AnswerDialect | undefined = undefined
  #last: Pick<SseEvent, "event" | "data"> | undefined = undefined
  #sawLast = false

  constructor(options: RunOptions, host: RunHost) {
    this.#options = options
    this.#host = host
    this.finished = new Promise((resolve) => (this.#resolveFinished = resolve))
    this.#writer = new LogWriter(options.target, this)
    this.#session = new EventSession("", options.events, options.target.clock)
    this.#session.attach(this)
    this.#parser = new SseParser({ onEvent: (event) => this.#add(event) })
    options.reader.members.add(this)
  }

  /** Makes the source and pulls it to its end. */
  async start(make: MakeAnswer, stored: StoredAnswer): Promise<void> {
    for (const event of stored.events) {
      this.#note(event)
      this.#size += utf8Length(textOf(event))
    }
    try {
      const opened = await openAnswer(await make(this.#abort.signal, stored))
      this.#relayed = opened.relayed
      const run = new SourceRun(this.#session, opened.source, {
        signals: [],
        onError: ignore,
        takesText: true,
      })
      this.#session.onReady()
      await run.start()
    } catch (error) {
      this.#session.fail(error)
      this.#session.onReady()
    }
  }

  /** Stops the production: the log has ended already, or belongs to another producer. */
  stop(why: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#writer.stop()
    this.#options.reader.members.delete(this)
    const reason = this.#abortSignal(why)
    this.#session.leave(reason)
    if (this.#writer.hasEnded) this.#resolveFinished(this.#ownEnd)
    else void this.#host.readState().then(this.#resolveFinished)
  }

  /** Ends the answer as lost, because its process ends. */
  async release(): Promise<void> {
    if (this.#isOver) return
    this.#writer.close({ status: "lost", detail: "shutdown" })
    await this.#writer.closed
    this.stop("the process of the answer ends")
  }

  // The outlet of the session

  write(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#isOver) return true
    try {
      this.#parser.feed(bytes)
    } catch (error) {
      // An event that is too large for the parser.
      this.#session.leave(error)
    }
    this.#isFull = !this.#writer.hasRoom
    return !this.#isFull
  }

  end(): void {
    const { incomplete } = this.#parser.end()
    const why = "Cannot store answer: its source must not end within an event"
    void this.#finish(incomplete ? { error: new SseTruncatedError(why, "events") } : undefined)
  }

  fail(error: unknown, isAtOnce: boolean): void {
    // A session reports the error of its source as the cause of its own.
    const { cause } = error as Partial<Error>
    void this.#finish({ error: isAtOnce ? error : cause })
  }

  // The owner of the writer

  onRoom(): void {
    if (!this.#isFull) return
    this.#isFull = false
    this.#session.onReady()
  }

  onStored(count: number): void {
    this.#host.onStored(count)
  }

  onStoreError(error: unknown): void {
    this.#host.onStoreError(error)
  }

  onRefused(error: unknown): void {
    if (this.#isOver) return
    const code = SseError.is(error) ? error.code : undefined
    if (code === "limit") return this.#endAtLimit(error)
    if (code === "fenced" || code === "ended") return this.stop("the answer has ended or has another producer")
    this.#host.onStoreError(error)
    this.stop("its store cannot be reached")
  }

  /** The reader of the log has news. What it says may be older than this run, or be the end of this run. */
  onEntries(): void {
    if (this.#isOver || this.#writer.end !== undefined || !this.#options.reader.hasEnded) return
    void this.#host.readState().then(({ status }) => {
      if (status !== "running" && this.#writer.end === undefined) this.stop(`the answer ended as ${status}`)
    })
  }

  /** Stores the end, in the same step as the events that wait. */
  async #finish(failure: { readonly error: unknown } | undefined): Promise<void> {
    if (this.#isOver) return
    if (failure !== undefined) this.#host.report(failure.error)
    const outcome = failure === undefined ? await this.#relayed?.ended : undefined
    const end = this.#endOf(failure, outcome)
    if (end.status === "failed" && !this.#isToldOf) {
      const broken = { status: end.status, detail: end.detail }
      for (const text of this.#options.writeEnd(broken, this.#dialect, this.#count)) this.#writer.push(text)
    }
    this.#writer.close(end)
    await this.#writer.closed
    if (this.#isOver) return
    this.#isOver = true
    this.#options.reader.members.delete(this)
    this.#resolveFinished(this.#ownEnd)
  }

  /** The end that this run has stored. */
  get #ownEnd(): AnswerState {
    const { status, detail } = this.#writer.end!
    const state = { status, first: this.#options.first, last: this.#writer.last }
    return detail === undefined ? state : { ...state, detail }
  }

  /** How the answer ended: a source that only stops is not yet a whole answer of its dialect. */
  #endOf(failure: { readonly error: unknown } | undefined, outcome: { readonly reason: string } | undefined): LogEnd {
    if (failure !== undefined) return { status: "failed", detail: codeOf(failure.error) }
    if (outcome !== undefined) {
      const { reason, error } = outcome as { readonly reason: string; readonly error?: unknown }
      if (reason === "error") return { status: "failed", detail: codeOf(error) }
      return reason === "cancelled" ? { status: "failed", detail: "cancelled" } : { status: "done" }
    }
    if (this.#isToldOf) return { status: "failed", detail: "provider" }
    if (this.#dialect !== undefined && !this.#sawLast) return { status: "failed", detail: "incomplete" }
    return { status: "done" }
  }

  /** Whether the last event is an error that readers understand. */
  get #isToldOf(): boolean {
    return this.#last !== undefined && isErrorEvent(this.#last.event, this.#last.data, this.#dialect)
  }

  #add(event: SseEvent): void {
    if (this.#size > this.#options.limit) return
    const text = textOf(event)
    this.#size += utf8Length(text)
    if (this.#size > this.#options.limit) {
      const error = new SseStoreError(`Cannot store answer: "limit" of ${this.#options.limit} was exceeded`, "limit")
      this.#session.leave(error)
      this.#abortSignal('the answer exceeds "limit"')
      return
    }
    this.#note(event)
    this.#writer.push(text)
  }

  #note({ event, data }: Pick<SseEvent, "event" | "data">): void {
    this.#dialect ??= this.#count === 0 ? dialectOf(data) : undefined
    this.#count++
    this.#last = { event, data }
    this.#sawLast ||= this.#dialect !== undefined && isLastEvent(data)
  }

  /** The store has no room for the answer: the end takes the place of the events that wait. */
  #endAtLimit(error: unknown): void {
    const failed = { status: "failed", detail: "limit" } as const
    this.#overflows++
    if (this.#overflows === 1) this.#writer.replace(this.#options.writeEnd(failed, this.#dialect, this.#count), failed)
    // The log has no room even for the error event; the end of a lost answer is written for each reader.
    else if (this.#overflows === 2) this.#writer.replace([], { status: "lost", detail: "limit" })
    else return this.stop("its store has no room")
    this.#session.leave(error)
    this.#abortSignal("its store has no room")
  }

  #abortSignal(why: string): DOMException {
    const reason = new DOMException(`The answer is no longer produced: ${why}`, "AbortError")
    this.#abort.abort(reason)
    return reason
  }
}

/** The text that is stored of an event: without what a source may say to its own client. */
function textOf({ event, data }: Pick<SseEvent, "event" | "data">): string {
  return encodeEvent({ event, data })
}

function codeOf(error: unknown): string {
  return SseError.is(error) ? error.code : "failed"
}
