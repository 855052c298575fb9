/*
 * Law: one thing that is under way, and all that must be gone when it is over: its signal, its wait and its one timer.
 * One wait at a time: racing each of them against one long-lived promise would keep a reaction of every one, and a
 * listener for each would be added and removed for every chunk.
 */
import { ignore } from "./cancel.ts"
import { type Clock, MAX_TIMER_MS } from "./clock.ts"

/** A step of a longer work, which can be ended from outside at any time. */
export interface Step {
  /** Aborts when the step is over, for what takes a signal. */
  readonly signal: AbortSignal
  /** Ends the step: the wait that is on rejects with `reason`, each that is begun later too. Only the first call counts. */
  readonly end: (reason?: unknown) => void
  /** Throws the reason, once the step is over. */
  readonly check: () => void
  /**
   * What the promise that `begin` makes gives, unless the step ends first; a value that comes after it goes to `discard`.
   * Once the step is over, `begin` is not called.
   */
  readonly wait: <T>(begin: () => PromiseLike<T>, discard?: (late: T) => void) => Promise<T>
  /** Calls `run` once in `ms` milliseconds, in place of what was to be called under that name; never where it is 0. */
  readonly after: (name: string, ms: number, run: () => void) => void
  /** Waits for `ms` milliseconds, or until `wake` fulfils. */
  readonly sleep: (ms: number, wake?: Promise<void>) => Promise<void>
}

export function createStep(clock: Clock): Step {
  const timer = createTimer(clock)
  const controller = new AbortController()
  const { signal } = controller
  let reason: unknown
  let fail: (reason: unknown) => void = ignore
  const step: Step = {
    signal,
    end(why) {
      if (signal.aborted) return
      reason = why
      timer.end()
      fail(why)
      controller.abort(why)
    },
    check() {
      if (signal.aborted) throw reason
    },
    wait: (begin, discard = ignore) =>
      new Promise((resolve, reject) => {
        step.check()
        fail = reject
        begin().then((value) => (signal.aborted ? discard(value) : resolve(value)), reject)
      }),
    after(name, ms, run) {
      if (!signal.aborted) timer.after(name, ms, run)
    },
    async sleep(ms, wake) {
      if (ms <= 0) return
      await step.wait(
        () =>
          new Promise<void>((resolve) => {
            timer.after("sleep", ms, resolve)
            void wake?.then(resolve)
          }),
      )
    },
  }
  return step
}

/**
 * Any number of named spans on one timer. It is left alone when a span is put off, and set again for what is left when it
 * fires early, so that a stream of events costs no timer each.
 */
function createTimer(clock: Clock): Pick<Step, "after" | "end"> {
  const spans = new Map<string, readonly [due: number, run: () => void]>()
  let timer: unknown
  let timerDue = Infinity
  let isOver = false
  const clear = () => {
    if (timerDue < Infinity) clock.clearTimeout(timer)
  }
  const setTimer = (due: number) => {
    if (due >= timerDue) return
    clear()
    const delay = Math.min(Math.max(0, due - clock.now()), MAX_TIMER_MS)
    timerDue = clock.now() + delay
    timer = clock.setTimeout(onTimer, delay)
    // A clock of the caller's may have ended it meanwhile.
    if (isOver) clear()
  }
  const onTimer = () => {
    timerDue = Infinity
    const now = clock.now()
    for (const [name, [due, run]] of spans) {
      if (due > now) setTimer(due)
      else {
        spans.delete(name)
        run()
      }
    }
  }
  return {
    end() {
      isOver = true
      spans.clear()
      clear()
    },
    after(name, ms, run) {
      const due = clock.now() + (ms || Infinity)
      spans.set(name, [due, run])
      setTimer(due)
    },
  }
}
