/*
 * The production of one answer on this node: its source is pulled into the log, with or without readers. It ends once: its source
 * ends or fails, or its log takes nothing more because it was cancelled, taken over or lost.
 */
import type { EventEncoder } from "../../contract/index.ts"
import { encodeEvent } from "../../encoder/index.ts"
import { SseError } from "../../errors.ts"
import type { SseEvent, SseEventInit } from "../../event.ts"
import { ignore } from "../../internal/cancel.ts"
import { SseParser } from "../../parser/index.ts"
import { EventSession, type Outlet, SourceRun } from "../../session/index.ts"
import type { LogMember, LogReader } from "../delivery/log-reader.ts"
import { SseStoreError } from "../store/store-error.ts"
import type { LogEnd } from "../store/event-store.ts"
import { GONE } from "./answer-log.ts"
import { openAnswer, type OpenedAnswer } from "./answer-source.ts"
import type { AnswerState, MakeAnswer, StoredAnswer } from "./answer-types.ts"
import { type AnswerDialect, dialectOf, type EndWriter, isErrorEvent, isLastEvent } from "./end-block.ts"
import { LogWriter, type WriterOwner, type WriterTarget } from "./log-writer.ts"

/** What a run needs of its node. */
export interface RunHost extends Pick<WriterOwner, "onStored" | "onStoreError"> {
  /** Asks the store how the answer stands. */
  readState(): Promise<AnswerState | undefined>
  report(error: unknown): void
}

export interface RunOptions {
  readonly target: WriterTarget
  readonly events: EventEncoder<SseEventInit> | undefined
  readonly limit: number
  /** The reader of the log on this node, from which the run learns that it was cancelled. */
  readonly reader: LogReader
  readonly writeEnd: EndWriter
}

export class AnswerRun implements Outlet, WriterOwner, LogMember {
  readonly backlog = 0
  /** Resolves with the state at the end. */
  readonly ended: Promise<AnswerState>
  readonly #options: RunOptions
  readonly #host: RunHost
  readonly #writer: LogWriter
  readonly #session: EventSession
  readonly #parser: SseParser
  readonly #abort: AbortController = new AbortController()
  #relayed: OpenedAnswer["relayed"] = undefined
  #resolveEnded: (state: AnswerState) => void = ignore
  #isOver = false
  #isFull = false
  #size = 0
  #count = 0
  #dialect: AnswerDialect | undefined = undefined
  #last: Pick<SseEvent, "event" | "data"> | undefined = undefined
  #sawLast = false

  constructor(options: RunOptions, host: RunHost) {
    this.#options = options
    this.#host = host
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
    this.#writer = new LogWriter(options.target, this)
    this.#session = new EventSession("", options.events, options.target.clock)
    this.#session.attach(this)
    this.#parser = new SseParser({ onEvent: (event) => this.#add(event) })
    options.reader.members.add(this)
  }

  /** Makes the source and pulls it to its end. */
  async start(make: MakeAnswer, stored: StoredAnswer): Promise<void> {
    for (const event of stored.events) this.#note(event)
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
    const reason = new DOMException(`The answer is no longer produced: ${why}`, "AbortError")
    this.#abort.abort(reason)
    this.#session.leave(reason)
    void this.#settle()
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
    this.#parser.feed(bytes)
    this.#isFull = !this.#writer.hasRoom
    return !this.#isFull
  }

  end(): void {
    void this.#finish(undefined)
  }

  fail(error: unknown): void {
    void this.#finish({ error })
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
    if (SseError.is(error) && error.code === "limit") void this.#endAtLimit()
    else this.stop("the answer has ended or has another producer")
  }

  /** The reader of the log has news. What it says may be older than this run. */
  onEntries(): void {
    const { status } = this.#options.reader
    if (this.#isOver || status === "running" || status === "open") return
    this.#host.readState().then((state) => {
      if (state?.status !== "running") this.stop("the answer was cancelled")
    }, ignore)
  }

  /** Stores the end, in the same step as the events that wait. */
  async #finish(failure: { readonly error: unknown } | undefined): Promise<void> {
    if (this.#isOver) return
    const outcome = await this.#relayed?.ended
    if (failure !== undefined && !this.#abort.signal.aborted) this.#host.report(causeOf(failure.error))
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
    await this.#settle()
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
    return this.#last !== undefined && isErrorEvent(this.#last.event, this.#last.data)
  }

  #add(event: SseEvent): void {
    if (this.#size > this.#options.limit) return
    const text = encodeEvent({ event: event.event, data: event.data })
    this.#size += text.length
    if (this.#size > this.#options.limit) {
      const error = new SseStoreError(`Cannot store answer: "limit" of ${this.#options.limit} was exceeded`, "limit")
      return this.#session.leave(error)
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

  /** The store has no room for the answer. */
  async #endAtLimit(): Promise<void> {
    const { store, log, lease } = this.#options.target
    const end: LogEnd = { status: "failed", detail: "limit" }
    await store.append(log, [], { lease, end }).catch(ignore)
    this.stop("the store has no room for the answer")
  }

  async #settle(): Promise<void> {
    const state = await this.#host.readState().catch(ignore)
    // A producer that was taken over has lost it, although the answer runs.
    this.#resolveEnded(state === undefined || state.status === "running" ? GONE : state)
  }
}

/** The error of the source: a session reports it as the cause of its own. */
function causeOf(error: unknown): unknown {
  return (error as Partial<Error> | null | undefined)?.cause ?? error
}

function codeOf(error: unknown): string {
  const cause = causeOf(error)
  return SseError.is(cause) ? cause.code : "failed"
}
