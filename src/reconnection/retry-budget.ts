/* What a subscription remembers of its failures; a healthy attempt makes it forget them. */
import { type SseError, type SseFailedAttempt, SseResponseError, SseRetryError } from "../errors.ts"
import { copyOf } from "../internal/copy.ts"
import { parseRetryAfter } from "../internal/retry-after.ts"
import type { EventIntake } from "./event-intake.ts"
import type { RetryInfo } from "./hooks.ts"
import type { Attempt } from "./options.ts"
import { nextRetry } from "./retry.ts"
import type { Settings } from "./settings.ts"

/** How many failed attempts are kept. */
const MAX_ATTEMPTS = 20

export class RetryBudget {
  /** The last retry, `undefined` before the first failure and after a healthy attempt. */
  last: RetryInfo | undefined
  readonly #settings: Settings
  readonly #start: number
  #healthyAt: number
  #failed: SseFailedAttempt[] = []

  constructor(settings: Settings) {
    this.#settings = settings
    this.#start = this.#healthyAt = settings.clock.now()
  }

  /** Forgets the failures, if the attempt that has ended was healthy. */
  renew({ madeProgress, openedAt }: EventIntake): void {
    const { clock, retry } = this.#settings
    const now = clock.now()
    if (!madeProgress && !(now - openedAt >= retry.resetAfter)) return
    this.#failed = []
    this.#healthyAt = now
    this.last = undefined
  }

  /**
   * The retry that follows a failed attempt.
   *
   * @throws SseError that ends the subscription, if no retry follows.
   */
  next(error: SseError, attempt: Attempt, { serverDelay, parser }: EventIntake): RetryInfo {
    const { clock, retry, reconnects } = this.#settings
    if (!reconnects) throw error
    const now = clock.now()
    const number = this.last?.attempt ?? 0
    const failures = number + 1
    const failed = { number, error, at: now - this.#start, lastEventId: copyOf(parser.lastEventId) }
    this.#failed = [...this.#failed, failed].slice(-MAX_ATTEMPTS)
    const retryAfter = error instanceof SseResponseError ? parseRetryAfter(error.headers) : undefined
    const history = { attempt, failures, elapsed: now - this.#healthyAt, serverDelay, retryAfter }
    const delay = nextRetry(error, history, retry, clock.random())
    if (delay === "stop") throw error
    if (delay === "exhausted") {
      const message = `Cannot reconnect: ${failures} attempts in a row have failed. The last failure: ${error.message}`
      throw new SseRetryError(message, this.#failed)
    }
    return (this.last = { attempt: failures, delay, error })
  }
}
