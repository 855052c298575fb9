/*
 * Any number of named spans of time on one platform timer. Putting a span off leaves the timer alone; a timer that fires
 * early is set again for what is left, so that a stream of events costs no timer each.
 */
import { type Clock, MAX_TIMER_MS } from "./clock.ts"

export class Timer {
  readonly #clock: Pick<Clock, "now" | "setTimeout" | "clearTimeout">
  readonly #spans: Map<string, readonly [due: number, run: () => void]> = new Map()
  #handle: unknown
  #due = Infinity
  #isOver = false

  constructor(clock: Pick<Clock, "now" | "setTimeout" | "clearTimeout">) {
    this.#clock = clock
  }

  /**
   * Calls `run` once after `ms` milliseconds, instead of the call that was set under the same name; 0 and Infinity are
   * never, and so is any time after the end.
   */
  after(name: string, ms: number, run: () => void): void {
    if (this.#isOver) return
    const due = this.#clock.now() + (ms || Infinity)
    this.#spans.set(name, [due, run])
    this.#wakeAt(due)
  }

  /** Forgets all spans for good. */
  end(): void {
    this.#isOver = true
    this.#spans.clear()
    this.#clear()
  }

  #wakeAt(due: number): void {
    if (due >= this.#due) return
    this.#clear()
    const now = this.#clock.now()
    const delay = Math.min(Math.max(0, due - now), MAX_TIMER_MS)
    this.#due = now + delay
    this.#handle = this.#clock.setTimeout(this.#onTimer, delay)
    // The caller's clock may have called `end` meanwhile.
    if (this.#isOver) this.#clear()
  }

  #clear(): void {
    if (this.#due < Infinity) this.#clock.clearTimeout(this.#handle)
  }

  readonly #onTimer = (): void => {
    this.#due = Infinity
    const now = this.#clock.now()
    for (const [name, [due, run]] of this.#spans) {
      if (due > now) this.#wakeAt(due)
      else {
        this.#spans.delete(name)
        run()
      }
    }
  }
}
