import { type Clock, setIdleTimer } from "../../internal/clock.ts"

/** A timer for all sessions of a node: it fires while there are any, and counts its rounds. */
export class Rounds {
  readonly #clock: Clock
  readonly ms: number
  readonly #onRound: () => boolean
  #timer: unknown = undefined
  #isRunning = false
  /** The number of the present round. */
  count = 0

  /** @param onRound - Called in each round; returns whether there are more. */
  constructor(clock: Clock, ms: number, onRound: () => boolean) {
    this.#clock = clock
    this.ms = ms
    this.#onRound = onRound
  }

  /** The rounds after which `ms` milliseconds have surely passed. */
  roundsOf(ms: number): number {
    return Math.max(1, Math.ceil(ms / this.ms))
  }

  /** A number of rounds that take 90 to 110 % of `ms` milliseconds, although the present round may end at any moment. */
  spreadRoundsOf(ms: number): number {
    const least = 0.9 + (2 * this.ms) / ms
    const share = least + Math.max(0, 1.1 - least) * this.#clock.random()
    return Math.floor((ms * share) / this.ms)
  }

  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#set()
  }

  stop(): void {
    if (!this.#isRunning) return
    this.#isRunning = false
    this.#clock.clearTimeout(this.#timer)
  }

  #set(): void {
    this.#timer = setIdleTimer(this.#clock, this.#fire, this.ms)
  }

  readonly #fire = (): void => {
    this.count++
    let goesOn = true
    try {
      goesOn = this.#onRound()
    } finally {
      // What a round throws is a fault, but must not end the rounds of all sessions.
      if (goesOn && this.#isRunning) this.#set()
      else this.#isRunning = false
    }
  }
}
