/*
 * The deadlines of one stream. All but `total` count only the time in which a read is pending. One timer serves them all:
 * it is set again only when a new deadline begins, since everything else moves a deadline further away.
 */
import { type Clock, MAX_TIMER_MS } from "../../internal/clock.ts"
import { checkDuration, checkNames } from "../../internal/option-checks.ts"
import type { ChunkTimeouts } from "./chunk-stream.ts"

const DEFAULT_EVENT_IDLE = 300_000
const NAMES = ["connect", "firstContent", "idle", "eventIdle", "contentIdle", "errorGrace", "total"] as const

// Measured: array indexes are faster than names, and every piece of the body restarts two deadlines.
const CONNECT = 0
const FIRST_CONTENT = 1
const IDLE = 2
const EVENT_IDLE = 3
const CONTENT_IDLE = 4
const ERROR_GRACE = 5
const TOTAL = 6

/** Returns the deadline that a stream has before its first read: the shorter one of `total` and `eventIdle`. */
export function unreadDeadline(timeouts: ChunkTimeouts | false | undefined): readonly [phase: string, ms: number] {
  const { total, eventIdle = DEFAULT_EVENT_IDLE } = timeouts || { eventIdle: timeouts === false ? 0 : undefined }
  const [whole, event] = [total || Infinity, eventIdle || Infinity]
  return whole <= event ? ["total", whole] : ["eventIdle", event]
}

export class Deadlines {
  readonly #clock: Clock
  readonly #spans: readonly number[]
  readonly #onExpire: (phase: string, ms: number) => void
  /** The due time of each phase: on the clock for `total`, in waited time for the others. */
  readonly #due: number[] = NAMES.map(() => Infinity)
  #startedAt: number | undefined = undefined
  #waited = 0
  #waitingSince = Infinity
  #timer: unknown = undefined
  #timerDue = Infinity
  /** Whether a deadline may pass before the timer fires. */
  #hasNew = false

  /** @param errorGrace - The wait for the terminal chunk after an error, in milliseconds. */
  constructor(
    clock: Clock,
    timeouts: ChunkTimeouts | false | undefined,
    errorGrace: number | undefined,
    onExpire: (phase: string, ms: number) => void,
  ) {
    const given: Partial<Record<(typeof NAMES)[number], number | undefined>> = { ...timeouts, errorGrace }
    checkNames("timeouts", given, Object.fromEntries(NAMES.map((name) => [name, 0])))
    if (timeouts !== false) given.eventIdle ??= DEFAULT_EVENT_IDLE
    this.#clock = clock
    this.#spans = NAMES.map((name) => checkDuration(`timeouts.${name}`, given[name]))
    this.#onExpire = onExpire
  }

  /** Milliseconds since the first read. */
  get elapsed(): number {
    return this.#startedAt === undefined ? 0 : this.#clock.now() - this.#startedAt
  }

  /** A read begins: of the body, or at first of the response, if there is a request. */
  resume(isRequest: boolean | undefined): void {
    const now = this.#clock.now()
    if (this.#startedAt === undefined) {
      this.#startedAt = now
      this.#due[TOTAL] = now + this.#spans[TOTAL]!
      if (isRequest) this.#begin(CONNECT)
      else this.#beginBody()
    }
    this.#waitingSince = now
    if (this.#hasNew) this.#setTimer()
    this.#hold("ref")
  }

  /** A read has returned the response. */
  onResponse(): void {
    this.pause(true)
    this.#due[CONNECT] = Infinity
    this.#beginBody()
  }

  /**
   * A read has returned a piece of the body. Measured: reading the clock costs up to a tenth of a chunk, so it is not read
   * if every running deadline begins anew.
   */
  pause(hasEvent: boolean): void {
    const due = this.#due
    const hasOther = Math.min(due[FIRST_CONTENT]!, due[CONTENT_IDLE]!, due[ERROR_GRACE]!) < Infinity
    if (hasOther || !hasEvent) this.#waited += this.#clock.now() - this.#waitingSince
    this.#waitingSince = Infinity
    due[IDLE] = this.#waited + this.#spans[IDLE]!
    if (hasEvent) due[EVENT_IDLE] = this.#waited + this.#spans[EVENT_IDLE]!
    if (this.#hold("unref") || due[TOTAL]! < Infinity) return
    this.#clock.clearTimeout(this.#timer)
    this.#timerDue = Infinity
    this.#hasNew = true
  }

  /** A chunk with content has arrived; returns whether the next one must be reported, too. */
  onContent(): boolean {
    this.#due[FIRST_CONTENT] = Infinity
    return this.#begin(CONTENT_IDLE)
  }

  /** The provider has reported an error, and its terminal chunk may follow. */
  onError(): void {
    this.#begin(ERROR_GRACE)
  }

  /** Ends all deadlines. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer)
    this.#due.fill(Infinity)
  }

  /**
   * Keeps the process alive by the timer only while a read is pending; returns whether the platform can. Measured: this
   * takes 0.02 of the time of another timer.
   */
  #hold(method: "ref" | "unref"): boolean {
    const timer = this.#timer as Partial<Record<"ref" | "unref", () => unknown>> | undefined
    if (typeof timer?.[method] !== "function") return false
    timer[method]()
    return true
  }

  #beginBody(): void {
    this.#begin(FIRST_CONTENT)
    this.#begin(IDLE)
    this.#begin(EVENT_IDLE)
  }

  /** Begins the deadline of `phase`; returns whether it can pass at all. */
  #begin(phase: number): boolean {
    if (this.#due[phase] === Infinity) this.#hasNew = true
    return (this.#due[phase] = this.#waited + this.#spans[phase]!) < Infinity
  }

  /** The time on the clock at which each phase is due if the read stays pending. */
  #dueTimes(): number[] {
    return this.#due.map((end, phase) => (phase === TOTAL ? end : this.#waitingSince + end - this.#waited))
  }

  #setTimer(): void {
    // Without a pending read, only `total` is in the timer.
    this.#hasNew = this.#waitingSince === Infinity
    const due = Math.min(...this.#dueTimes())
    if (due >= this.#timerDue) return
    this.#clock.clearTimeout(this.#timer)
    const now = this.#clock.now()
    const delay = Math.min(Math.max(0, due - now), MAX_TIMER_MS)
    this.#timerDue = now + delay
    this.#timer = this.#clock.setTimeout(this.#onTimer, delay)
    if (this.#hasNew) this.#hold("unref")
  }

  readonly #onTimer = (): void => {
    this.#timerDue = Infinity
    const now = this.#clock.now()
    const phase = this.#dueTimes().findIndex((end) => end <= now)
    if (phase < 0) this.#setTimer()
    else this.#onExpire(NAMES[phase]!, this.#spans[phase]!)
  }
}
