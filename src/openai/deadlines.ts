/*
 * Law: the clocks of one stream. All but `total` count the time in which somebody of ours waits, and only that. One timer
 * serves them all; it is set anew only where a span begins, since whatever else happens moves a deadline further away.
 */
import { type Clock, MAX_TIMER_MS } from "../internal/clock.ts"
import { durationOf } from "../internal/deadline.ts"
import type { ChunkTimeouts } from "./chunk-stream.ts"

/** What has a deadline: what the options name, and the wait for the terminal chunk after an error. */
export type Phase = keyof ChunkTimeouts | "errorGrace"

const DEFAULT_EVENT_IDLE = 300_000
const NAMES: readonly Phase[] = ["connect", "firstContent", "idle", "eventIdle", "contentIdle", "errorGrace", "total"]

// Measured: numbers as keys, since every piece of the body restarts two of them.
export const CONNECT = 0
export const FIRST_CONTENT = 1
export const IDLE = 2
export const EVENT_IDLE = 3
export const CONTENT_IDLE = 4
export const ERROR_GRACE = 5
const TOTAL = 6

export class Deadlines {
  readonly #clock: Clock
  readonly #spans: readonly number[]
  readonly #onExpire: (phase: Phase, ms: number) => void
  /** When each phase runs out: on the clock for `total`, in waited time for the others. */
  readonly #due: number[] = NAMES.map(() => Infinity)
  readonly #off: boolean
  /** Whether there is a span that an event does not start anew. */
  readonly #outlivesEvents: boolean
  #waited = 0
  #waitingSince = -1
  #timer: unknown = undefined
  #timerDue = Infinity
  #hasNew = false

  constructor(
    clock: Clock,
    timeouts: ChunkTimeouts | false,
    errorGrace: number | undefined,
    onExpire: (phase: Phase, ms: number) => void,
  ) {
    const given = timeouts === false ? {} : { ...timeouts, eventIdle: timeouts.eventIdle ?? DEFAULT_EVENT_IDLE }
    const values: Partial<Record<Phase, number | undefined>> = { ...given, errorGrace }
    this.#clock = clock
    this.#onExpire = onExpire
    this.#spans = NAMES.map((name) => durationOf(name, values[name]))
    this.#outlivesEvents = this.has(FIRST_CONTENT) || this.has(CONTENT_IDLE)
    this.#off = this.#spans.every((ms) => ms === Infinity)
  }

  /** Whether `phase` is limited at all. */
  has(phase: number): boolean {
    return this.#spans[phase] !== Infinity
  }

  /** Starts the span of `phase` anew, in waited time that {@link Deadlines.rest} has counted. */
  restart(phase: number): void {
    if (this.#due[phase] === Infinity) this.#hasNew = true
    this.#due[phase] = this.#waited + this.#spans[phase]!
  }

  /** Starts the span of `phase` unless it runs. */
  restartOnce(phase: number): void {
    if (this.#due[phase] === Infinity) this.restart(phase)
  }

  /** Starts the span of the whole stream, which runs whether somebody waits or not. */
  startTotal(): void {
    if (this.#off) return
    this.#due[TOTAL] = this.#clock.now() + this.#spans[TOTAL]!
    this.#setTimer(this.#clock.now())
  }

  /** Ends the span of `phase`. */
  clear(phase: number): void {
    this.#due[phase] = Infinity
  }

  /** Somebody waits from now on. */
  wait(): void {
    if (this.#off) return
    this.#waitingSince = this.#clock.now()
    if (this.#hasNew || this.#timer === undefined) this.#setTimer(this.#waitingSince)
  }

  /**
   * Nobody waits any more. Measured: asking the clock costs up to a tenth of a chunk, so it is not asked where every span
   * that runs starts anew (`isFresh`).
   */
  rest(isFresh: boolean): void {
    if (this.#waitingSince === -1) return
    if (!isFresh || this.#outlivesEvents || this.#due[ERROR_GRACE] !== Infinity) {
      this.#waited += this.#clock.now() - this.#waitingSince
    }
    this.#waitingSince = -1
  }

  /** Forgets everything. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waitingSince = -1
    this.#due.fill(Infinity)
  }

  /** When `phase` runs out on the clock if the waiting goes on. */
  #dueOf(phase: number): number {
    if (phase === TOTAL) return this.#due[TOTAL]!
    return this.#waitingSince === -1 ? Infinity : this.#waitingSince + (this.#due[phase]! - this.#waited)
  }

  #setTimer(now: number): void {
    this.#hasNew = false
    const due = NAMES.reduce((least, _, phase) => Math.min(least, this.#dueOf(phase)), Infinity)
    if (due === Infinity || (this.#timer !== undefined && this.#timerDue <= due)) return
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
    const delay = Math.min(Math.max(0, due - now), MAX_TIMER_MS)
    this.#timerDue = now + delay
    this.#timer = this.#clock.setTimeout(this.#onTimer, delay)
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined
    const now = this.#clock.now()
    const phase = NAMES.findIndex((_, candidate) => this.#dueOf(candidate) <= now)
    if (phase === -1) return this.#setTimer(now)
    this.#onExpire(NAMES[phase]!, this.#spans[phase]!)
  }
}
