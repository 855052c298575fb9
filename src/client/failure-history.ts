/* Law: what a subscription remembers of its failures, and when it forgets them: health. */
import { type SseError, type SseFailedAttempt, type SseResponseError, SseRetryError } from "../errors.ts"
import type { EventIntake } from "./event-intake.ts"
import type { Attempt } from "./options.ts"
import { parseRetryAfter } from "./retry-after.ts"
import { nextRetry } from "./retry.ts"
import type { Settings } from "./settings.ts"

/** How many failed attempts are kept. */
const MAX_ATTEMPTS = 20

export interface FailureHistory {
  /** What the next attempt knows of those before it. */
  readonly next: () => Pick<Attempt, "number" | "error">
  /**
   * An attempt has failed.
   *
   * @returns The delay before the next one, or what the subscription ends with.
   */
  readonly settle: (error: SseError, attempt: Attempt, intake: EventIntake) => number | SseError
}

/** The history of a subscription that begins now. */
export function createFailureHistory({ clock, retry }: Settings): FailureHistory {
  const start = clock.now()
  let since = start
  let failed: SseFailedAttempt[] = []
  let failures = 0
  return {
    next: () => ({ number: failures, error: failed.at(-1)?.error }),
    settle(error, attempt, { sawNewId, openedAt, serverDelay }) {
      const now = clock.now()
      if (sawNewId || now - openedAt >= retry.resetAfter) {
        failed = []
        failures = 0
        since = now
      }
      failed = [...failed, { number: failures++, error, at: now - start }].slice(-MAX_ATTEMPTS)
      const retryAfter = parseRetryAfter((error as Partial<SseResponseError>).headers)
      const history = { attempt, failures, elapsed: now - since, serverDelay, retryAfter }
      const decision = nextRetry(error, history, retry, clock.random())
      if (decision === "stop") return error
      if (decision === "exhausted")
        return new SseRetryError(`Cannot reconnect: ${failures} attempts in a row have failed`, failed)
      return decision
    },
  }
}
