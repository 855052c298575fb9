/* Which deadline runs when. All but `total`, which the loop sets, run only while the consumer waits. */
import { SseTimeoutError } from "../errors.ts"
import type { Step } from "../internal/step.ts"
import type { Timeouts } from "./options.ts"
import type { Settings } from "./settings.ts"

type Phases = readonly (keyof Timeouts)[]

/** The error for the deadline called `phase`. */
export function timeoutError(phase: string, ms: number): SseTimeoutError {
  return new SseTimeoutError(`Cannot read event stream: "timeouts.${phase}" of ${ms} ms has passed`, phase, ms)
}

/** The deadlines of the attempts of one subscription. */
export class Deadlines {
  readonly #timeouts: Settings["timeouts"]
  #step: Step | undefined
  #running: Phases = []
  #isAwaited = false

  constructor(timeouts: Settings["timeouts"]) {
    this.#timeouts = timeouts
  }

  /** An attempt begins. */
  begin(step: Step): void {
    this.#step = step
    // The spans of the step before went with it.
    this.#running = []
    this.#enter("connect")
  }

  /** The headers of the response have arrived. */
  onResponse(): void {
    this.#enter()
  }

  /** The response is accepted, and events may arrive. */
  onOpen(): void {
    this.#enter("firstEvent", "idle", "eventIdle")
  }

  onBytes(): void {
    this.#set(["idle"], this.#isAwaited)
  }

  onEvent(): void {
    this.#enter("idle", "eventIdle")
  }

  /** The consumer waits for an event, or is busy. */
  onConsumer(isWaiting: boolean): void {
    if (isWaiting === this.#isAwaited) return
    this.#isAwaited = isWaiting
    this.#set(this.#running, isWaiting)
  }

  #enter(...phases: Phases): void {
    this.#set(this.#running, false)
    this.#running = phases
    this.#set(phases, this.#isAwaited)
  }

  #set(phases: Phases, isOn: boolean): void {
    for (const phase of phases) {
      const ms = this.#timeouts[phase]
      this.#step?.after(phase, isOn ? ms : 0, () => this.#step?.end(timeoutError(phase, ms)))
    }
  }
}
