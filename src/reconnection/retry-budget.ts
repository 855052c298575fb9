/* Law: what a subscription remembers of its failures, and when it forgets them: health. */
import { type SseError, type SseFailedAttempt, SseResponseError, SseRetryError } from "../errors.ts"
import type { EventIntake } from "./event-intake.ts"
import type { RetryInfo } from "./hooks.ts"
import type { Attempt } from "./options.ts"
import { parseRetryAfter } from "../internal/retry-after.ts"
import { nextRetry } from "./retry.ts"
import type { Settings } from "./settings.ts"

/** How many failed attempts are kept. */
const MAX_ATTEMPTS = 20

export interface FailureHistory {
  /** Whether the attempt that is over was healthy: what failed before it is then forgotten. */
  readonly sawHealth: (intake: EventIntake) => boolean
  /**
   * Judges a failed attempt: when there is another.
   *
   * @throws SseError where there is none, what the subscription ends with.
   */
  readonly judge: (error: SseError, attempt: Attempt, intake: EventIntake) => RetryInfo
}

/** The history of a subscription that begins now. */
export function createFailureHistory({ clock, retry, reconnects }: Settings): FailureHistory {
  const start = clock.now()
  let since = start
  let failed: SseFailedAttempt[] = []
  let failures = 0
  return {
    sawHealth({ sawNewId, openedAt }) {
      const now = clock.now()
      if (!sawNewId && !(now - openedAt >= retry.resetAfter)) return false
      failed = []
      failures = 0
      since = now
      return true
    },
    judge(error, attempt, { serverDelay }) {
      if (!reconnects) throw error
      const now = clock.now()
      failed = [...failed, { number: failures++, error, at: now - start }].slice(-MAX_ATTEMPTS)
      const retryAfter = error instanceof SseResponseError ? parseRetryAfter(error.headers) : undefined
      const history = { attempt, failures, elapsed: now - since, serverDelay, retryAfter }
      const delay = nextRetry(error, history, retry, clock.random())
      if (delay === "stop") throw error
      if (delay === "exhausted") {
        throw new SseRetryError(`Cannot reconnect: ${failures} attempts in a row have failed`, failed)
      }
      return { attempt: failures, delay, error }
    },
  }
}
