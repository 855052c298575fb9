/*
 * Law: the time of one stream. All deadlines but `total` count the time in which somebody of ours waits, and only that.
 * One timer serves them all; it is set anew only where a span begins, since all else moves a deadline further away.
 */
import { type Clock, MAX_TIMER_MS } from "../../internal/clock.ts"
import { checkDuration } from "../../internal/option-checks.ts"
import type { ChunkTimeouts } from "./chunk-stream.ts"

const DEFAULT_EVENT_IDLE = 300_000
const NAMES = ["connect", "firstContent", "idle", "eventIdle", "contentIdle", "errorGrace", "total"] as const

// Measured: numbers as keys, since every piece of the body restarts two of them.
const CONNECT = 0
const FIRST_CONTENT = 1
const IDLE = 2
const EVENT_IDLE = 3
const CONTENT_IDLE = 4
const ERROR_GRACE = 5
const TOTAL = 6

export class Deadlines {
  readonly #clock: Clock
  readonly #spans: readonly number[]
  readonly #onExpire: (phase: string, ms: number) => void
  /** When each phase runs out: on the clock for `total`, in waited time for the others. */
  readonly #due: number[] = NAMES.map(() => Infinity)
  #startedAt: number | undefined = undefined
  #waited = 0
  #waitingSince = Infinity
  #timer: unknown = undefined
  #timerDue = Infinity
  /** Whether a span has begun, which may end before the timer does. */
  #hasNew = false

  /** @param errorGrace - How long the terminal chunk is waited for after an error. */
  constructor(
    clock: Clock,
    timeouts: ChunkTimeouts | false | undefined,
    errorGrace: number | undefined,
    onExpire: (phase: string, ms: number) => void,
  ) {
    const given: Partial<Record<(typeof NAMES)[number], number | undefined>> = { ...timeouts, errorGrace }
    if (timeouts !== false) given.eventIdle ??= DEFAULT_EVENT_IDLE
    this.#clock = clock
    this.#spans = NAMES.map((name) => checkDuration(`timeouts.${name}`, given[name]))
    this.#onExpire = onExpire
  }

  /** Milliseconds since somebody waited for the first time. */
  get elapsed(): number {
    return this.#startedAt === undefined ? 0 : this.#clock.now() - this.#startedAt
  }

  /** Somebody waits from now on: at first for a response that was asked for, where it was (`asks`), or for the body. */
  wait(asks: boolean | undefined): void {
    const now = this.#clock.now()
    if (this.#startedAt === undefined) {
      this.#startedAt = now
      this.#due[TOTAL] = now + this.#spans[TOTAL]!
      if (asks) this.#begin(CONNECT)
      else this.#beginBody()
    }
    this.#waitingSince = now
    if (this.#hasNew) this.#setTimer()
  }

  /** The response has come. */
  connect(): void {
    this.rest(true)
    this.#due[CONNECT] = Infinity
    this.#beginBody()
  }

  /**
   * A piece of the body has come, with an event or without, and nobody waits any more. Measured: asking the clock costs up
   * to a tenth of a chunk, so it is not asked where all spans that run start anew.
   */
  rest(hasEvent: boolean): void {
    const due = this.#due
    const outlives = Math.min(due[FIRST_CONTENT]!, due[CONTENT_IDLE]!, due[ERROR_GRACE]!) < Infinity
    if (outlives || !hasEvent) this.#waited += this.#clock.now() - this.#waitingSince
    this.#waitingSince = Infinity
    due[IDLE] = this.#waited + this.#spans[IDLE]!
    if (hasEvent) due[EVENT_IDLE] = this.#waited + this.#spans[EVENT_IDLE]!
  }

  /** Content has come; gives whether the next of it is to be told, too. */
  content(): boolean {
    this.#due[FIRST_CONTENT] = Infinity
    return this.#begin(CONTENT_IDLE)
  }

  /** The provider has reported an error: its last chunk is waited for a while. */
  error(): void {
    this.#begin(ERROR_GRACE)
  }

  /** Forgets everything. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer)
    this.#due.fill(Infinity)
  }

  #beginBody(): void {
    this.#begin(FIRST_CONTENT)
    this.#begin(IDLE)
    this.#begin(EVENT_IDLE)
  }

  /** Begins the span of `phase`, and gives whether it is limited at all. */
  #begin(phase: number): boolean {
    if (this.#due[phase] === Infinity) this.#hasNew = true
    return (this.#due[phase] = this.#waited + this.#spans[phase]!) < Infinity
  }

  /** When each phase runs out on the clock if the waiting goes on. */
  #ends(): number[] {
    return this.#due.map((end, phase) => (phase === TOTAL ? end : this.#waitingSince + end - this.#waited))
  }

  #setTimer(): void {
    // What waits for somebody to wait is not in it.
    this.#hasNew = this.#waitingSince === Infinity
    const due = Math.min(...this.#ends())
    if (due >= this.#timerDue) return
    this.#clock.clearTimeout(this.#timer)
    const now = this.#clock.now()
    const delay = Math.min(Math.max(0, due - now), MAX_TIMER_MS)
    this.#timerDue = now + delay
    this.#timer = this.#clock.setTimeout(this.#onTimer, delay)
  }

  readonly #onTimer = (): void => {
    this.#timerDue = Infinity
    const now = this.#clock.now()
    const phase = this.#ends().findIndex((end) => end <= now)
    if (phase < 0) this.#setTimer()
    else this.#onExpire(NAMES[phase]!, this.#spans[phase]!)
  }
}
