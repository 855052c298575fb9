import type { Clock } from "../internal/clock.ts"
import { ignore } from "../internal/cancel.ts"

interface Timer {
  readonly due: number
  run(): void
}

/** The timers that one call of `advance` fires at most. */
const MAX_TIMERS = 100_000

/**
 * A clock that stands still until a test moves it, for tests in virtual time.
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
  /** Settles when every call of `advance` has ended. */
  #lastAdvance: Promise<unknown> = Promise.resolve()
  readonly #random: () => number

  /**
   * Creates a clock that stands at 0.
   *
   * @param options - `random` returns the values of {@link ManualClock.random}, by default always 0.5.
   */
  constructor(options: { readonly random?: () => number } = {}) {
    this.#random = options.random ?? (() => 0.5)
  }

  /** The number of timers that are set. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** The milliseconds until the next timer; `undefined` if none is set. */
  get nextDelay(): number | undefined {
    const next = this.#next()
    return next === undefined ? undefined : next[1].due - this.#now
  }

  /** The milliseconds by which the clock has been moved. */
  now(): number {
    return this.#now
  }

  /** Returns the value of `random` of the options. */
  random(): number {
    return this.#random()
  }

  /** Calls `run` when the clock has been moved by `ms` milliseconds. */
  setTimeout(run: () => void, ms: number): number {
    if (typeof run !== "function") throw new TypeError(`Cannot set timer: "run" must be a function, not ${typeof run}`)
    const handle = ++this.#lastHandle
    this.#timers.set(handle, { due: this.#now + (ms > 0 ? ms : 0), run })
    return handle
  }

  /** Cancels a timer. */
  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as number)
  }

  /**
   * Moves the clock by `ms` milliseconds. Fires each timer at its time, and waits before and after each until promises have
   * settled, but not for real I/O: see {@link ManualClock.runUntil}.
   *
   * A call waits for the calls before it, so that two calls of `advance(10)` move the clock by 20, also without `await`.
   *
   * @throws RangeError if `ms` is negative, NaN or Infinity.
   * @throws RangeError if more than 100,000 timers fire, as happens when a timer sets itself again with 0 ms.
   */
  async advance(ms: number): Promise<void> {
    if (typeof ms !== "number") throw new TypeError(`Cannot advance clock: "ms" must be a number, not ${typeof ms}`)
    if (!(ms >= 0 && ms < Infinity)) {
      throw new RangeError(`Cannot advance clock: "ms" must be a number from 0 and less than Infinity, not ${ms}`)
    }
    const end = this.#lastAdvance.then(() => this.#advance(ms))
    this.#lastAdvance = end.catch(ignore)
    return end
  }

  /**
   * Moves the clock to each next timer until `promise` settles, and settles as `promise` does.
   *
   * Use it if the code under test also does real I/O, such as writing a file: before each step, it waits until the I/O that
   * the runtime reports is done (Node only) and until some milliseconds have passed. It waits without end if `promise` never
   * settles.
   *
   * @throws RangeError if more than 100,000 timers fire.
   * @example
   * ```ts
   * import { ManualClock } from "steadystream/testing"
   *
   * const clock = new ManualClock()
   * const work = new Promise<string>((resolve) => clock.setTimeout(() => resolve("an hour later"), 3_600_000))
   * console.log(await clock.runUntil(work))
   * ```
   */
  async runUntil<T>(promise: PromiseLike<T>): Promise<T> {
    let isSettled = false
    const settled = (): void => void (isSettled = true)
    promise.then(settled, settled)
    for (let fired = 0; ;) {
      await realInputAndOutput(() => isSettled)
      if (isSettled) return promise
      const { nextDelay } = this
      if (nextDelay === undefined) continue
      if (++fired > MAX_TIMERS) throw tooManyTimers()
      await this.advance(Math.max(0, nextDelay))
    }
  }

  async #advance(ms: number): Promise<void> {
    const end = this.#now + ms
    let fired = 0
    await settle()
    for (let next = this.#next(); next !== undefined && next[1].due <= end; next = this.#next()) {
      if (++fired > MAX_TIMERS) throw tooManyTimers()
      const [handle, timer] = next
      this.#timers.delete(handle)
      this.#now = Math.max(this.#now, timer.due)
      timer.run()
      await settle()
    }
    this.#now = end
  }

  #next(): [number, Timer] | undefined {
    let next: [number, Timer] | undefined
    for (const entry of this.#timers) if (next === undefined || entry[1].due < next[1].due) next = entry
    return next
  }
}

function tooManyTimers(): RangeError {
  return new RangeError(
    `Cannot advance clock: more than ${MAX_TIMERS} timers have fired, and a timer that sets itself again must have a longer delay`,
  )
}

/** Waits until pending promises have settled, at any depth, and for some turns of the event loop. */
async function settle(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => void }
  const nextTurn = setImmediate ?? ((run: () => void) => setTimeout(run, 0))
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => nextTurn(resolve))
}

/** Turns of the event loop without I/O after which none is expected; each takes about a millisecond. */
const QUIET_TURNS = 3
/** Turns after which an operation that goes on is not waited for: it may be none of the test. */
const MAX_TURNS = 2_000

/** The operations that Node reports while they are under way, unlike a socket, which is reported while it is open. */
const OPERATION = /Req|ConnectWrap|WriteWrap|ShutdownWrap|Zlib/

/** Waits until no I/O seems to be under way, or until `isOver`. */
async function realInputAndOutput(isOver: () => boolean): Promise<void> {
  const { process } = globalThis as { process?: { getActiveResourcesInfo?: () => string[] } }
  for (let turn = 0, quiet = 0; turn < MAX_TURNS && quiet < QUIET_TURNS && !isOver(); turn++, quiet++) {
    await new Promise<void>((resolve) => void setTimeout(resolve, 1))
    await settle()
    if (process?.getActiveResourcesInfo?.().some((name) => OPERATION.test(name)) === true) quiet = -1
  }
}
