/*
 * Calls each entry after a time without a `touch`, with one timer for all entries of the same time: a linked list in the
 * order of their last touches, whose first entry is due first. A touch moves an entry to the end and sets no timer.
 */
import { callHook } from "./hook.ts"
import { type Clock, MAX_TIMER_MS, setIdleTimer } from "./clock.ts"

/** An entry, which is in one queue at most. */
export interface IdleEntry {
  /** Called when the time has passed; the entry stays in the queue. */
  onIdle(): void
  /** @internal */ due?: number
  /** @internal */ before?: IdleEntry | undefined
  /** @internal */ after?: IdleEntry | undefined
}

const queues: WeakMap<Clock, Map<number, IdleQueue>> = new WeakMap()

/** Returns the queue of all who wait for `ms` milliseconds of this clock. */
export function idleQueueOf(clock: Clock, ms: number): IdleQueue {
  const known = queues.get(clock) ?? new Map<number, IdleQueue>()
  queues.set(clock, known)
  const queue = known.get(ms) ?? new IdleQueue(clock, ms, () => known.delete(ms))
  known.set(ms, queue)
  return queue
}

export class IdleQueue {
  readonly #clock: Clock
  readonly #ms: number
  readonly #onEmpty: () => void
  #first: IdleEntry | undefined = undefined
  #last: IdleEntry | undefined = undefined
  #timer: unknown = undefined
  #isSet = false
  #isFiring = false

  /** @param onEmpty - Called when the last entry has left. */
  constructor(clock: Clock, ms: number, onEmpty: () => void = () => {}) {
    this.#clock = clock
    this.#ms = ms
    this.#onEmpty = onEmpty
  }

  /** Adds an entry, or starts its time again. */
  touch(entry: IdleEntry): void {
    entry.due = this.#clock.now() + this.#ms
    if (entry === this.#last) return
    this.#unlink(entry)
    entry.before = this.#last
    if (this.#last === undefined) this.#first = entry
    else this.#last.after = entry
    this.#last = entry
    if (!this.#isSet) this.#set()
  }

  /** Removes an entry, which may be missing. */
  delete(entry: IdleEntry): void {
    this.#unlink(entry)
    if (this.#first === undefined && this.#isSet && !this.#isFiring) this.#clear()
  }

  #unlink(entry: IdleEntry): void {
    const { before, after } = entry
    if (before !== undefined) before.after = after
    else if (this.#first === entry) this.#first = after
    if (after !== undefined) after.before = before
    else if (this.#last === entry) this.#last = before
    entry.before = entry.after = undefined
  }

  #set(): void {
    this.#isSet = true
    const delay = Math.max(0, this.#first!.due! - this.#clock.now())
    this.#timer = setIdleTimer(this.#clock, this.#onTimer, Math.min(delay, MAX_TIMER_MS))
  }

  #clear(): void {
    this.#isSet = false
    this.#clock.clearTimeout(this.#timer)
    this.#onEmpty()
  }

  readonly #onTimer = (): void => {
    const now = this.#clock.now()
    const last = this.#last
    this.#isFiring = true
    for (let entry = this.#first; entry !== undefined && entry.due! <= now; entry = this.#first) {
      this.touch(entry)
      callHook(() => entry.onIdle(), undefined)
      // Each entry at most once, also with a clock that stands still.
      if (entry === last) break
    }
    this.#isFiring = false
    if (this.#first === undefined) this.#clear()
    else this.#set()
  }
}
