/* Law: what a subscription remembers of its failures, and when it forgets them: health. */
import { type SseError, type SseFailedAttempt, SseResponseError, SseRetryError } from "../errors.ts"
import type { Attempt } from "./options.ts"
import { parseRetryAfter } from "./retry-after.ts"
import { nextRetry, type RetryDecision } from "./retry.ts"
import type { Settings } from "./settings.ts"

/** How many failed attempts are kept. */
const MAX_ATTEMPTS = 20

export class FailureHistory {
  readonly #settings: Settings
  #attempts: SseFailedAttempt[] = []
  #inRow = 0
  #startedAt = 0
  /** When the failures in a row began to count. */
  #since = 0
  #openedAt = Infinity
  #sawNewId = false

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** What the next attempt knows of those before it. */
  get next(): Pick<Attempt, "number" | "error"> {
    return { number: this.#inRow, error: this.#attempts.at(-1)?.error }
  }

  /** The subscription begins. */
  start(): void {
    this.#startedAt = this.#settings.clock.now()
    this.#since = this.#startedAt
  }

  /** An attempt begins. */
  begin(): void {
    this.#openedAt = Infinity
    this.#sawNewId = false
  }

  /** The attempt has opened. */
  opened(): void {
    this.#openedAt = this.#settings.clock.now()
  }

  /** The attempt has brought something new. */
  sawNewId(): void {
    this.#sawNewId = true
  }

  /** The attempt has failed. */
  settle(error: SseError, attempt: Attempt, serverDelay: number | undefined): RetryDecision {
    const { clock, retry } = this.#settings
    const now = clock.now()
    if (this.#sawNewId || now - this.#openedAt >= retry.resetAfter) {
      this.#attempts = []
      this.#inRow = 0
      this.#since = now
    }
    this.#attempts.push({ number: this.#inRow, error, at: now - this.#startedAt })
    if (this.#attempts.length > MAX_ATTEMPTS) this.#attempts.shift()
    this.#inRow++
    const retryAfter = error instanceof SseResponseError ? parseRetryAfter(error.headers) : undefined
    const history = { attempt, failures: this.#inRow, elapsed: now - this.#since, serverDelay, retryAfter }
    return nextRetry(error, history, retry, clock.random())
  }

  /** The error for a budget that is used up. */
  exhausted(): SseRetryError {
    return new SseRetryError(`Cannot reconnect: ${this.#inRow} attempts in a row have failed`, [...this.#attempts])
  }
}
