import type { Clock } from "steadystream"

/** Timers longer than this are deadlines, which never fire here. */
const LONGEST = 20_000

/** A clock that fires the timer that is due first whenever the process is idle, so that no timer overtakes another one. */
export class IdleClock implements Clock {
  readonly #timers: Map<object, { readonly due: number; readonly run: () => void }> = new Map()
  #now = 0
  #isScheduled = false

  now(): number {
    return this.#now
  }

  random(): number {
    return 0.5
  }

  setTimeout(run: () => void, ms: number): object {
    const handle = {}
    if (ms > LONGEST) return handle
    this.#timers.set(handle, { due: this.#now + ms, run })
    this.#schedule()
    return handle
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as object)
  }

  #schedule(): void {
    if (this.#isScheduled || this.#timers.size === 0) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#fire()
      this.#schedule()
    })
  }

  #fire(): void {
    const first = [...this.#timers].reduce<[object, { due: number; run: () => void }] | undefined>(
      (earliest, timer) => (earliest !== undefined && earliest[1].due <= timer[1].due ? earliest : timer),
      undefined,
    )
    if (first === undefined) return
    const [handle, { due, run }] = first
    this.#timers.delete(handle)
    this.#now = due
    run()
  }
}
