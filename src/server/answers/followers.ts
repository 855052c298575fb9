/* Waits for what the store says of answers of any node. It asks again after each round while the store cannot be reached. */
import { SseError } from "../../errors.ts"
import { ignore } from "../../internal/cancel.ts"
import type { Delivery } from "../delivery/delivery.ts"
import { GONE, logOf } from "./answer-log.ts"
import type { AnswerState } from "./answer-types.ts"

export class Followers {
  readonly #delivery: Delivery
  readonly #readState: (id: string) => Promise<AnswerState | undefined>
  /** Asks the store for each answer that is followed. */
  readonly #looks: Set<() => void> = new Set()
  /** Those whose last question had no answer. */
  readonly #due: Set<() => void> = new Set()
  #isClosed = false

  constructor(delivery: Delivery, readState: (id: string) => Promise<AnswerState | undefined>) {
    this.#delivery = delivery
    this.#readState = readState
  }

  /** Resolves with the state at the end of an answer; never rejects. */
  endOf(id: string): Promise<AnswerState> {
    return this.#follow(id, ({ status }) => status !== "running")
  }

  /** Resolves with the state of an answer as soon as the store says it; never rejects. */
  stateOf(id: string): Promise<AnswerState> {
    return this.#follow(id, () => true)
  }

  /** Asks again; returns whether an answer is followed. */
  onRound(): boolean {
    for (const look of this.#due) look()
    return this.#looks.size > 0
  }

  /** Resolves all with the states of now. */
  close(): void {
    this.#isClosed = true
    for (const look of this.#looks) look()
  }

  #follow(id: string, isEnough: (state: AnswerState) => boolean): Promise<AnswerState> {
    return new Promise((resolve) => {
      let stop: () => void = ignore
      const settle = (state: AnswerState): void => {
        this.#looks.delete(look)
        this.#due.delete(look)
        stop()
        resolve(state)
      }
      const look = (): void => {
        this.#due.delete(look)
        this.#readState(id).then(
          (state = GONE) => {
            if (this.#isClosed || isEnough(state)) settle(state)
          },
          (error: unknown) => {
            if (this.#isClosed || !SseError.is(error) || !error.retryable) settle(GONE)
            else this.#due.add(look)
          },
        )
      }
      if (!this.#isClosed) {
        this.#looks.add(look)
        stop = this.#watch(id, look)
      }
      look()
    })
  }

  /** Calls `look` when the answer seems to have ended. */
  #watch(id: string, look: () => void): () => void {
    const reader = this.#delivery.readers.of(logOf(id))
    const member = { onEntries: () => void (reader.status === "running" || look()) }
    reader.members.add(member)
    this.#delivery.startRounds()
    return () => void reader.members.delete(member)
  }
}
