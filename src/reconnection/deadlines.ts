/* Which deadline runs when. All but `total`, which the loop sets, run only while the consumer waits. */
import { SseTimeoutError } from "../errors.ts"
import type { Clock } from "../internal/clock.ts"
import type { Step } from "../internal/step.ts"
import type { Timeouts } from "./options.ts"
import type { Settings } from "./settings.ts"

type Phases = readonly (keyof Timeouts)[]

/** The shortest idle deadline that is learnt, in milliseconds. */
const MIN_LEARNT_IDLE = 10_000

/** How many times the longest gap between heartbeats a silence may last. */
const MISSED_HEARTBEATS = 3

/** The error for the deadline called `phase`. */
export function timeoutError(phase: string, ms: number): SseTimeoutError {
  return new SseTimeoutError(`Cannot read event stream: "timeouts.${phase}" of ${ms} ms has passed`, phase, ms)
}

/** The deadlines of the attempts of one subscription. */
export class Deadlines {
  readonly #timeouts: Record<keyof Timeouts, number>
  readonly #clock: Clock
  readonly #learnsIdle: boolean
  /** When the last comment arrived, `undefined` if nothing can be learnt from the time to the next one. */
  #heartbeat: number | undefined
  #step: Step | undefined
  #running: Phases = []
  #isAwaited = false

  constructor({ timeouts, clock, learnsIdle }: Settings) {
    this.#timeouts = { ...timeouts }
    this.#clock = clock
    this.#learnsIdle = learnsIdle
  }

  /** An attempt begins. */
  begin(step: Step): void {
    this.#step = step
    // The spans of the step before went with it.
    this.#running = []
    this.#heartbeat = undefined
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

  /** Reading goes on after the consumer was slow, so the time since the last comment says nothing of the server. */
  onPause(): void {
    this.#heartbeat = undefined
  }

  /** A comment has arrived. */
  onHeartbeat(): void {
    if (!this.#learnsIdle) return
    const now = this.#clock.now()
    if (this.#heartbeat !== undefined) {
      const idle = MISSED_HEARTBEATS * (now - this.#heartbeat)
      this.#timeouts.idle = Math.max(this.#timeouts.idle, MIN_LEARNT_IDLE, idle)
      this.onBytes()
    }
    this.#heartbeat = now
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
