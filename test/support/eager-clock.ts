import type { Clock } from "steadystream"

/** Timers longer than this are deadlines, which never fire here. */
const LONGEST = 20_000

/** A clock that jumps to the next timer when the process is idle, for real connections without real waiting. */
export class EagerClock implements Clock {
  #now = 0
  readonly delays: number[] = []

  now(): number {
    return this.#now
  }

  random(): number {
    return 0.5
  }

  setTimeout(run: () => void, ms: number): unknown {
    if (ms > LONGEST) return undefined
    this.delays.push(ms)
    return setImmediate(() => {
      this.#now += ms
      run()
    })
  }

  clearTimeout(handle: unknown): void {
    clearImmediate(handle as NodeJS.Immediate | undefined)
  }
}
