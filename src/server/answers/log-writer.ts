/*
 * Appends the events of one answer to its log. One append is under way at a time; what comes meanwhile goes into the next
 * one. An append that the store did not answer is repeated with the same number, so that it is stored once.
 */
import { type Clock, MAX_TIMER_MS, setIdleTimer } from "../../internal/clock.ts"
import { ignore } from "../../internal/cancel.ts"
import { nextTask } from "../../internal/next-task.ts"
import { SseError } from "../../errors.ts"
import { sequenceOf } from "../store/cursor.ts"
import type { Cursor, EventStore, LogEnd, LogEventInit } from "../store/event-store.ts"

/** What may wait for an append before the source is held up. */
const MAX_EVENTS = 1_000
const MAX_SIZE = 256 * 1024

/** The delays before an append is repeated, in milliseconds. */
const FIRST_RETRY = 50
const LONGEST_RETRY = 1_000

/** How often a lease is renewed in its time. */
const RENEWALS = 3

/** What a writer reports. */
export interface WriterOwner {
  /** The writer takes more events. */
  onRoom(): void
  /** An append was refused and is not repeated. The owner calls `stop` or `replace`. */
  onRefused(error: unknown): void
  /** Events were stored. */
  onStored(count: number): void
  /** The store did not answer. */
  onStoreError(error: unknown): void
}

/** Where a writer appends. */
export interface WriterTarget {
  readonly store: EventStore
  readonly log: string
  readonly lease: string
  /** The cursor of the newest event at the start. */
  readonly position: Cursor
  readonly producer: string
  /** The least time between two appends in milliseconds. */
  readonly minInterval: number
  /** The lease in milliseconds: it is renewed after a third of it, and an append is repeated no longer than it. */
  readonly leaseTime: number
  readonly clock: Clock
}

export class LogWriter {
  readonly #target: WriterTarget
  readonly #owner: WriterOwner
  #waiting: LogEventInit[] = []
  #waitingSize = 0
  #waitingEvents = 0
  #end: LogEnd | undefined = undefined
  #isRunning = false
  #isOver = false
  #seq = 0
  #appendedAt = -Infinity
  #storedAt: number
  #timer: unknown = undefined
  #wake: () => void = ignore
  #resolveClosed: () => void = ignore
  /** Resolves when the end is stored or the log has refused an append. */
  readonly closed: Promise<void>
  /** The cursor of the newest event that was stored. */
  last: Cursor
  /** Whether the end is stored. */
  hasEnded = false

  constructor(target: WriterTarget, owner: WriterOwner) {
    this.#target = target
    this.#owner = owner
    this.#storedAt = target.clock.now()
    this.last = target.position
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve))
    this.#setTimer()
  }

  /** The end of the log, if it was given, stored or not. */
  get end(): LogEnd | undefined {
    return this.#end
  }

  /** Whether the source may go on. */
  get hasRoom(): boolean {
    return this.#waiting.length < MAX_EVENTS && this.#waitingSize < MAX_SIZE
  }

  /** Adds an event to the next append. */
  push(text: string): void {
    if (this.#isOver || this.#end !== undefined) return
    this.#waitingEvents++
    this.mark(text)
  }

  /** Adds an entry that is no event, and that no event waits for. */
  mark(text: string): void {
    if (this.#isOver || this.#end !== undefined) return
    this.#waiting.push({ text })
    this.#waitingSize += text.length
    this.#start()
  }

  /** Stores the end in one step with the events that wait. */
  close(end: LogEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#wake()
    this.#start()
  }

  /** Stores the end with other events than those that wait, for which the store has no room. */
  replace(texts: readonly string[], end: LogEnd): void {
    this.#waiting = texts.map((text) => ({ text }))
    this.#waitingEvents = texts.length
    this.#end = end
    this.#start()
  }

  /**
   * Renews the lease if the log has more than this writer has stored, and so perhaps another producer.
   *
   * @param sequence - The sequence of the newest event of the log.
   */
  confirm(sequence: number): void {
    if (!this.#isRunning && sequence > sequenceOf(this.last)) void this.#renewNow()
  }

  /** Stores nothing more. */
  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#waiting = []
    this.#target.clock.clearTimeout(this.#timer)
    this.#wake()
    this.#resolveClosed()
  }

  #start(): void {
    if (this.#isRunning || this.#isOver) return
    this.#isRunning = true
    void this.#run()
  }

  async #run(): Promise<void> {
    // A source often sends several events in one task, and ends in the next one: then all of it is one append.
    await nextTask()
    while (!this.#isOver && (this.#waiting.length > 0 || this.#end !== undefined)) {
      const { minInterval, leaseTime, clock } = this.#target
      // A longer pause would end the lease.
      const pause = this.#appendedAt + Math.min(minInterval, leaseTime / RENEWALS) - clock.now()
      if (pause > 0 && this.#end === undefined && this.hasRoom) await this.#pause(pause)
      // It may have been stopped in the pause.
      if (!this.#isOver) await this.#appendNext()
    }
    this.#isRunning = false
  }

  /** Waits, but not beyond a call of `close` or `stop`. */
  #pause(ms: number): Promise<void> {
    const { clock } = this.#target
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, Math.min(MAX_TIMER_MS, ms))
      this.#wake = () => {
        clock.clearTimeout(timer)
        resolve()
      }
    })
  }

  async #appendNext(): Promise<void> {
    const events = this.#waiting
    const end = this.#end
    const count = this.#waitingEvents
    const wasFull = !this.hasRoom
    this.#waiting = []
    this.#waitingSize = this.#waitingEvents = 0
    if (count > 0) this.#appendedAt = this.#target.clock.now()
    if (wasFull && end === undefined) this.#owner.onRoom()
    if (!(await this.#append(events, end))) return
    this.#owner.onStored(count)
    if (end === undefined) return
    this.hasEnded = true
    this.stop()
  }

  /** Appends until it is stored; returns whether it is. */
  async #append(events: readonly LogEventInit[], end?: LogEnd): Promise<boolean> {
    const { store, log, lease, producer, clock, leaseTime } = this.#target
    const dedupe = { producer, seq: ++this.#seq }
    for (let delay = FIRST_RETRY; !this.#isOver; delay = Math.min(2 * delay, LONGEST_RETRY)) {
      try {
        const { cursors } = await store.append(log, events, { lease, dedupe, ...(end && { end }) })
        this.#storedAt = clock.now()
        this.last = cursors.at(-1) ?? this.last
        return true
      } catch (error) {
        if (!SseError.is(error) || !error.retryable || clock.now() - this.#storedAt > leaseTime) {
          this.#owner.onRefused(error)
          return false
        }
        this.#owner.onStoreError(error)
        await this.#pause(delay)
      }
    }
    return false
  }

  #setTimer(): void {
    const { clock, leaseTime } = this.#target
    this.#timer = setIdleTimer(clock, () => void this.#renew(), Math.min(MAX_TIMER_MS, leaseTime / RENEWALS))
  }

  /** Renews the lease if no append has done so. */
  async #renew(): Promise<void> {
    const { clock, leaseTime } = this.#target
    if (this.#isOver) return
    if (!this.#isRunning && clock.now() - this.#storedAt >= leaseTime / RENEWALS / 2) await this.#renewNow()
    if (!this.#isOver) this.#setTimer()
  }

  async #renewNow(): Promise<void> {
    this.#isRunning = true
    await this.#append([])
    this.#isRunning = false
    if (this.#waiting.length > 0 || this.#end !== undefined) this.#start()
  }
}
