/* Law: which deadline runs when. They run only while the consumer waits; `total`, which always does, is the loop's. */
import { SseTimeoutError } from "../errors.ts"
import type { Step } from "../internal/step.ts"
import type { Settings } from "./settings.ts"
import type { Timeouts } from "./options.ts"

/** The error for the deadline called `phase`. */
export function timeoutError(phase: string, ms: number): SseTimeoutError {
  return new SseTimeoutError(`Cannot read event stream: "timeouts.${phase}" of ${ms} ms has passed`, phase, ms)
}

/** The deadlines of the attempts of one subscription. */
export interface Deadlines {
  /** An attempt begins. */
  readonly begin: (step: Step) => void
  /** The response's headers are there. */
  readonly answered: () => void
  /** What it is accepts, and events may come. */
  readonly opened: () => void
  readonly sawBytes: () => void
  readonly sawEvent: () => void
  /** The consumer waits for an event, or is busy. */
  readonly consumerWaits: (waits: boolean) => void
}

export function createDeadlines(timeouts: Settings["timeouts"]): Deadlines {
  let step: Step | undefined
  let running: (keyof Timeouts)[] = []
  let consumerWaits = false
  const set = (names: readonly (keyof Timeouts)[], isOn = consumerWaits) => {
    for (const name of names) {
      const ms = timeouts[name]
      step?.after(name, isOn ? ms : 0, () => step?.end(timeoutError(name, ms)))
    }
  }
  const enter = (...names: typeof running) => {
    set(running, false)
    running = names
    set(running)
  }
  return {
    begin(next) {
      step = next
      // The spans of the step before went with it.
      running = []
      enter("connect")
    },
    answered: () => enter(),
    opened: () => enter("firstEvent", "idle", "eventIdle"),
    sawBytes: () => set(["idle"]),
    sawEvent: () => enter("idle", "eventIdle"),
    consumerWaits(waits) {
      if (waits === consumerWaits) return
      consumerWaits = waits
      set(running)
    },
  }
}
