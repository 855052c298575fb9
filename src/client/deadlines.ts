/* Law: which deadline runs when. They run only while the consumer waits; `total`, which always does, is the loop's. */
import type { Clock } from "../internal/clock.ts"
import { Deadline, durationOf } from "../internal/deadline.ts"
import { SseTimeoutError } from "../errors.ts"
import type { Timeouts } from "./options.ts"

type Phase = "none" | "connecting" | "open"

const STANDARD: Timeouts = { connect: 30_000, idle: 300_000 }

/**
 * The value of each deadline in milliseconds, Infinity where it is off.
 *
 * @throws RangeError where one is NaN or negative.
 */
export function timeoutsOf(timeouts: Timeouts): Required<{ [Name in keyof Timeouts]: number }> {
  const valueOf = (name: keyof Timeouts) => durationOf(`timeouts.${name}`, timeouts[name] ?? STANDARD[name])
  return {
    connect: valueOf("connect"),
    firstEvent: valueOf("firstEvent"),
    idle: valueOf("idle"),
    eventIdle: valueOf("eventIdle"),
    total: valueOf("total"),
  }
}

/** The error for the deadline called `phase`. */
export function timeoutError(phase: keyof Timeouts, ms: number): SseTimeoutError {
  return new SseTimeoutError(`Cannot read event stream: ${MISSED[phase]} within ${ms} ms`, phase, ms)
}

const MISSED: Readonly<Record<keyof Timeouts, string>> = {
  connect: "no response came",
  firstEvent: "no first event came",
  idle: "no byte came",
  eventIdle: "no event came",
  total: "it did not end",
}

/** The deadlines of the attempts of one subscription. */
export class Deadlines {
  readonly #connect: Deadline
  readonly #firstEvent: Deadline
  readonly #idle: Deadline
  readonly #eventIdle: Deadline
  readonly #all: readonly Deadline[]
  #phase: Phase = "none"
  #consumerWaits = false
  #sawEvent = false

  constructor(clock: Clock, timeouts: ReturnType<typeof timeoutsOf>, onExpire: (error: SseTimeoutError) => void) {
    const deadline = (name: keyof Timeouts) =>
      new Deadline(clock, timeouts[name], () => onExpire(timeoutError(name, timeouts[name])))
    this.#connect = deadline("connect")
    this.#firstEvent = deadline("firstEvent")
    this.#idle = deadline("idle")
    this.#eventIdle = deadline("eventIdle")
    this.#all = [this.#connect, this.#firstEvent, this.#idle, this.#eventIdle]
  }

  /** An attempt begins. */
  connecting(): void {
    this.#enter("connecting")
  }

  /** The response's headers are there. */
  opened(): void {
    this.#enter("open")
  }

  /** The attempt is over. */
  left(): void {
    this.#phase = "none"
    for (const deadline of this.#all) deadline.stop()
  }

  sawBytes(): void {
    if (this.#consumerWaits) this.#idle.restart()
  }

  sawEvent(): void {
    this.#sawEvent = true
    this.#firstEvent.stop()
    if (this.#consumerWaits) this.#eventIdle.restart()
  }

  /** The consumer waits for an event, or is busy. */
  consumerWaits(waits: boolean): void {
    this.#consumerWaits = waits
    if (waits) this.#start()
    else for (const deadline of this.#all) deadline.pause()
  }

  #enter(phase: Phase): void {
    this.left()
    this.#phase = phase
    this.#sawEvent = false
    if (this.#consumerWaits) this.#start()
  }

  #start(): void {
    if (this.#phase === "connecting") return this.#connect.restart()
    if (this.#phase === "none") return
    if (!this.#sawEvent) this.#firstEvent.restart()
    this.#idle.restart()
    this.#eventIdle.restart()
  }
}
