import type { Clock } from "../internal/clock.ts"

interface Timer {
  readonly due: number
  run(): void
}

/**
 * A clock that stands still until it is told to move, for tests in virtual time.
 *
 * @example
 * ```ts
 * import { ManualClock } from "steadystream/testing"
 *
 * const clock = new ManualClock()
 * clock.setTimeout(() => console.log("a minute later"), 60_000)
 * await clock.advance(60_000)
 * ```
 */
export class ManualClock implements Clock {
  readonly #timers: Map<number, Timer> = new Map()
  #now = 0
  #lastHandle = 0
  readonly #random: () => number

  /**
   * Makes a clock that stands at 0.
   *
   * @param options - `random` gives what {@link ManualClock.random} gives; 0.5 by default. */
  constructor(options: { readonly random?: () => number } = {}) {
    this.#random = options.random ?? (() => 0.5)
  }

  /** How many timers are set. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** Milliseconds until the next timer, `undefined` where none is set. */
  get nextDelay(): number | undefined {
    const next = this.#next()
    return next === undefined ? undefined : next[1].due - this.#now
  }

  /** Milliseconds since it was made, by its own account. */
  now(): number {
    return this.#now
  }

  /** What `random` of the options gives. */
  random(): number {
    return this.#random()
  }

  /** Calls `run` when it has been moved on by `ms` milliseconds. */
  setTimeout(run: () => void, ms: number): number {
    const handle = ++this.#lastHandle
    this.#timers.set(handle, { due: this.#now + (ms > 0 ? ms : 0), run })
    return handle
  }

  /** Cancels a timer. */
  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as number)
  }

  /**
   * Moves time on, firing each timer at its time and letting promises settle before and after each.
   *
   * @throws RangeError where `ms` is negative, NaN or Infinity.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new RangeError(`Cannot advance clock: it must move on by a number of milliseconds from 0, not ${ms}`)
    }
    const end = this.#now + ms
    await settle()
    for (let next = this.#next(); next !== undefined && next[1].due <= end; next = this.#next()) {
      const [handle, timer] = next
      this.#timers.delete(handle)
      this.#now = Math.max(this.#now, timer.due)
      timer.run()
      await settle()
    }
    // It may have been moved further meanwhile.
    this.#now = Math.max(this.#now, end)
  }

  #next(): [number, Timer] | undefined {
    let next: [number, Timer] | undefined
    for (const entry of this.#timers) if (next === undefined || entry[1].due < next[1].due) next = entry
    return next
  }
}

/** Lets what is pending settle: promises of any depth, and one turn of the event loop for what needs it. */
async function settle(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => void }
  const nextTurn = setImmediate ?? ((run: () => void) => setTimeout(run, 0))
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => nextTurn(resolve))
}
