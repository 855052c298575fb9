/*
 * Law: the clocks of one stream. All but `total` count the time in which somebody of ours waits, and only that; one timer
 * serves them all, and is left alone when a deadline moves on.
 */
import { type Clock, MAX_TIMER_MS } from "../internal/clock.ts"
import { durationOf } from "../internal/deadline.ts"
import type { ChunkTimeouts } from "./chunk-stream.ts"

/** What has a deadline: what the options name, and the wait for the terminal chunk after an error. */
export type Phase = keyof ChunkTimeouts | "errorGrace"

const PHASES = ["connect", "firstContent", "idle", "eventIdle", "contentIdle", "total", "errorGrace"] as const
const EVENT_IDLE = 300_000

export class Deadlines {
  readonly #clock: Clock
  readonly #spans: Record<Phase, number>
  readonly #onExpire: (phase: Phase, ms: number) => void
  /** When each phase runs out: on the clock for `total`, in waited time for the others. */
  readonly #due: Record<Phase, number>
  readonly #off: boolean
  #waited = 0
  #waitingSince = -1
  #timer: unknown = undefined
  #timerDue = Infinity

  constructor(
    clock: Clock,
    timeouts: ChunkTimeouts | false,
    errorGrace: number | undefined,
    onExpire: (phase: Phase, ms: number) => void,
  ) {
    const given = timeouts === false ? {} : { ...timeouts, eventIdle: timeouts.eventIdle ?? EVENT_IDLE }
    const values: Partial<Record<Phase, number | undefined>> = { ...given, errorGrace }
    const spans = PHASES.map((phase) => [phase, durationOf(phase, values[phase])] as const)
    this.#clock = clock
    this.#onExpire = onExpire
    this.#spans = Object.fromEntries(spans) as Record<Phase, number>
    this.#due = Object.fromEntries(PHASES.map((phase) => [phase, Infinity])) as Record<Phase, number>
    this.#off = spans.every(([, ms]) => ms === Infinity)
  }

  /** Whether `phase` is limited at all. */
  has(phase: Phase): boolean {
    return this.#spans[phase] !== Infinity
  }

  /** Starts the span of `phase` anew, from the last time that {@link Deadlines.wait} or `rest` was called. */
  restart(phase: Phase): void {
    this.#due[phase] = this.#waited + this.#spans[phase]
  }

  /** Starts the span of `phase` unless it runs. */
  restartOnce(phase: Phase): void {
    if (this.#due[phase] === Infinity) this.restart(phase)
  }

  /** Starts the span of the whole stream, which runs whether somebody waits or not. */
  startTotal(): void {
    if (this.#off) return
    this.#due.total = this.#clock.now() + this.#spans.total
    this.#setTimer(this.#clock.now())
  }

  /** Ends the span of `phase`. */
  clear(phase: Phase): void {
    this.#due[phase] = Infinity
  }

  /** Somebody waits from now on. */
  wait(): void {
    if (this.#off) return
    this.#waitingSince = this.#clock.now()
    this.#setTimer(this.#waitingSince)
  }

  /** Nobody waits any more. */
  rest(): void {
    if (this.#waitingSince === -1) return
    this.#waited += this.#clock.now() - this.#waitingSince
    this.#waitingSince = -1
  }

  /** Forgets everything. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waitingSince = -1
    for (const phase of PHASES) this.#due[phase] = Infinity
  }

  /** When `phase` runs out on the clock if the waiting goes on. */
  #dueOf(phase: Phase): number {
    if (phase === "total") return this.#due.total
    return this.#waitingSince === -1 ? Infinity : this.#waitingSince + (this.#due[phase] - this.#waited)
  }

  #setTimer(now: number): void {
    let due = Infinity
    for (const phase of PHASES) due = Math.min(due, this.#dueOf(phase))
    if (due === Infinity || (this.#timer !== undefined && this.#timerDue <= due)) return
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
    const delay = Math.min(Math.max(0, due - now), MAX_TIMER_MS)
    this.#timerDue = now + delay
    this.#timer = this.#clock.setTimeout(this.#onTimer, delay)
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined
    const now = this.#clock.now()
    const phase = PHASES.find((candidate) => this.#dueOf(candidate) <= now)
    if (phase === undefined) return this.#setTimer(now)
    this.#onExpire(phase, this.#spans[phase])
  }
}
