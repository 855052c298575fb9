/*
 * The production of one answer on this node: its source is pulled into the log, with or without readers. It ends once: its source
 * ends or fails, or its log takes nothing more because it was cancelled, taken over or lost.
 */
import type { EventEncoder } from "../../contract/index.ts"
import { SseError } from "../../errors.ts"
import type { SseEventInit } from "../../event.ts"
import { ignore } from "../../internal/cancel.ts"
import { EventSession, type Outlet, SourceRun } from "../../session/index.ts"
import type { LogMember, LogReader } from "../delivery/log-reader.ts"
import type { Cursor, LogEnd } from "../store/event-store.ts"
import { DIALECT_MARKS } from "./answer-dialect.ts"
import { AnswerIntake } from "./answer-intake.ts"
import { openAnswer, type OpenedAnswer, outcomeOf, type RelayOutcome } from "./answer-source.ts"
import type { AnswerState, MakeAnswer, StoredAnswer } from "./answer-types.ts"
import type { EndWriter } from "./end-block.ts"
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
  readonly #intake: AnswerIntake
  readonly #abort: AbortController = new AbortController()
  #opened: OpenedAnswer | undefined = undefined
  #resolveFinished: (state: AnswerState) => void = ignore
  #isOver = false
  #isFull = false
  /** The appends for which the store had no room. */
  #overflows = 0

  constructor(options: RunOptions, host: RunHost) {
    this.#options = options
    this.#host = host
    this.finished = new Promise((resolve) => (this.#resolveFinished = resolve))
    this.#writer = new LogWriter(options.target, this)
    this.#session = new EventSession("", options.events, options.target.clock)
    this.#session.attach(this)
    this.#intake = new AnswerIntake(
      options.limit,
      (text) => this.#writer.push(text),
      (error) => {
        this.#session.leave(error)
        this.#abortSignal('the answer exceeds "limit"')
      },
    )
    options.reader.members.add(this)
  }

  /** Makes the source and pulls it to its end. */
  async start(make: MakeAnswer, stored: StoredAnswer): Promise<void> {
    const { progress } = this.#intake
    for (const event of stored.events) this.#intake.noteStored(event)
    try {
      const opened = await openAnswer(await make(this.#abort.signal, stored))
      this.#opened = opened
      // Readers on each node must know the dialect also if the answer ends before its first event.
      if (opened.dialect !== undefined && progress.count === 0) {
        progress.dialect = opened.dialect
        this.#writer.mark(DIALECT_MARKS[opened.dialect])
      }
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
  release(): Promise<void> {
    return this.#endAs({ status: "lost", detail: "shutdown" }, "the process of the answer ends")
  }

  /** Ends the answer as cancelled, because it has no readers; an answer of another producer goes on. */
  abandon(): Promise<void> {
    return this.#endAs({ status: "cancelled", detail: "abandoned" }, "the answer has no readers")
  }

  // The outlet of the session

  write(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#isOver) return true
    try {
      this.#intake.feed(bytes)
    } catch (error) {
      // An event that is too large for the parser.
      this.#session.leave(error)
    }
    // Readers read no further, and some providers leave the connection open.
    if (this.#opened?.isResponse === true && this.#intake.progress.isOver) this.#session.close()
    this.#isFull = !this.#writer.hasRoom
    return !this.#isFull
  }

  end(): void {
    const error = this.#intake.end()
    void this.#finish(error && { error })
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
    const { reader } = this.#options
    if (this.#isOver || this.#writer.end !== undefined) return
    // An event of another producer: the store says whose the answer is.
    if (!reader.hasEnded) return this.#writer.confirm(reader.last)
    void this.#host.readState().then(({ status }) => {
      if (status !== "running" && this.#writer.end === undefined) this.stop(`the answer ended as ${status}`)
    })
  }

  /** Ends the answer without its source. */
  async #endAs(end: LogEnd, why: string): Promise<void> {
    if (this.#isOver) return
    this.#writer.close(end)
    await this.#writer.closed
    this.stop(why)
  }

  /** Stores the end, in the same step as the events that wait. */
  async #finish(failure: { readonly error: unknown } | undefined): Promise<void> {
    if (this.#isOver) return
    const end = await this.#endOf(failure)
    if (end.status === "failed" && !this.#isToldOf(failure)) {
      const { dialect, count } = this.#intake.progress
      const broken = { status: end.status, detail: end.detail }
      for (const text of this.#options.writeEnd(broken, dialect, count)) this.#writer.push(text)
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

  /** Returns how the answer ended: a source that only stops is not yet a whole answer of its dialect. */
  async #endOf(failure: { readonly error: unknown } | undefined): Promise<LogEnd> {
    const { isOver, isWhole, reportsError } = this.#intake.progress
    if (failure !== undefined) {
      this.#host.report(failure.error)
      // What fails after the last event of an answer takes nothing from it.
      return isOver ? { status: "done" } : { status: "failed", detail: codeOf(failure.error) }
    }
    if (this.#opened?.relayed !== undefined) return endOfRelay(await outcomeOf(this.#opened.relayed))
    if (reportsError) return { status: "failed", detail: "provider" }
    return isWhole ? { status: "done" } : { status: "failed", detail: "incomplete" }
  }

  /** Whether readers learn from the events that the answer has failed. */
  #isToldOf(failure: object | undefined): boolean {
    const { dialect, reportsError, hasEndEvent } = this.#intake.progress
    // Without a dialect, an event named "error" is an event like others if the source goes on after it.
    return dialect === undefined && failure !== undefined ? hasEndEvent : reportsError
  }

  /** The store has no room for the answer: the end takes the place of the events that wait. */
  #endAtLimit(error: unknown): void {
    const failed = { status: "failed", detail: "limit" } as const
    this.#overflows++
    const { dialect, count } = this.#intake.progress
    if (this.#overflows === 1) this.#writer.replace(this.#options.writeEnd(failed, dialect, count), failed)
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

function endOfRelay(outcome: RelayOutcome | null | undefined): LogEnd {
  if (outcome?.reason === "error") return { status: "failed", detail: codeOf(outcome.error) }
  return outcome?.reason === "cancelled" ? { status: "failed", detail: "cancelled" } : { status: "done" }
}

function codeOf(error: unknown): string {
  try {
    return SseError.is(error) ? error.code : "failed"
  } catch {
    // A proxy that refuses everything.
    return "failed"
  }
}
