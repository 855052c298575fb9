/* Law: the one place where a span of time becomes a timer; it is measured only while somebody of ours is waiting. */
import { type Clock, MAX_TIMER_MS } from "./clock.ts"

/**
 * A deadline that is started and paused often. The timer is set once and left alone by `pause` and `restart`; when it
 * fires early it is set again for what is left, so that a stream of events costs no timer each.
 */
export class Deadline {
  readonly #clock: Clock
  readonly #ms: number
  readonly #onExpire: () => void
  #due = Infinity
  #timer: unknown = undefined
  #timerDue = Infinity

  /** @param ms - The span; 0 and Infinity never expire. */
  constructor(clock: Clock, ms: number, onExpire: () => void) {
    this.#clock = clock
    this.#ms = ms
    this.#onExpire = onExpire
  }

  /** Starts the span anew. */
  restart(): void {
    if (this.#ms === 0 || this.#ms === Infinity) return
    this.#due = this.#clock.now() + this.#ms
    if (this.#timer === undefined || this.#timerDue > this.#due) this.#setTimer()
  }

  /** Forgets the span until the next `restart`. */
  pause(): void {
    this.#due = Infinity
  }

  /** Forgets the span and the timer. */
  stop(): void {
    this.#due = Infinity
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #setTimer(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer)
    const now = this.#clock.now()
    const delay = Math.min(Math.max(0, this.#due - now), MAX_TIMER_MS)
    this.#timerDue = now + delay
    this.#timer = this.#clock.setTimeout(this.#onTimer, delay)
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined
    if (this.#due === Infinity) return
    if (this.#clock.now() < this.#due) return this.#setTimer()
    this.#due = Infinity
    this.#onExpire()
  }
}
