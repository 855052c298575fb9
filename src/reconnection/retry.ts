/* Decides whether and when to retry. Pure functions: no clock, no timer, no randomness. */
import type { SseError } from "../errors.ts"
import type { Attempt, RetryOptions } from "./options.ts"
import { decide } from "./checks.ts"
import { checkNumber, withDefaults } from "../internal/option-checks.ts"

/** The minimum delay in milliseconds, whatever the options or the server ask for. */
const MIN_DELAY = 100

/** The longest delay, if no limit is set. */
const LONGEST = Number.MAX_SAFE_INTEGER

/** {@link RetryOptions} with every member set. */
export type RetryPolicy = {
  readonly [Name in Exclude<keyof RetryOptions, "isProgress">]-?: NonNullable<RetryOptions[Name]>
} & { readonly isProgress: RetryOptions["isProgress"] }

export const DEFAULT_RETRY: RetryPolicy = {
  maxRetries: 10,
  maxElapsed: Infinity,
  initialDelay: 1_000,
  factor: 2,
  maxDelay: 30_000,
  jitter: true,
  minServerDelay: 100,
  maxServerDelay: 30_000,
  maxRetryAfter: 300_000,
  resetAfter: 10_000,
  shouldRetry: (failure) => failure.retryable,
  isProgress: undefined,
}

/**
 * The options, completed by the defaults.
 *
 * @throws RangeError if a number is out of its range.
 */
export function retryPolicyOf(options: RetryOptions, defaults: RetryPolicy = DEFAULT_RETRY): RetryPolicy {
  checkNumber("retry.factor", options.factor ?? defaults.factor, 1)
  const policy = withDefaults<RetryPolicy>("retry", options, defaults)
  const { maxRetries } = policy
  if (maxRetries % 1 > 0) {
    throw new RangeError(`Cannot use options: "retry.maxRetries" must be an integer, not ${maxRetries}`)
  }
  return policy
}

/** The failures so far. Times are in milliseconds. */
export interface RetryHistory {
  /** The attempt that failed. */
  readonly attempt: Attempt
  /** Failures in a row without progress between them, this one included. */
  readonly failures: number
  /** From the start, or the failure that ended the last healthy attempt, to this failure. */
  readonly elapsed: number
  /** The last `retry` field, `undefined` if there was none. */
  readonly serverDelay: number | undefined
  /** The delay that the failed response asks for, `undefined` if it asks for none. */
  readonly retryAfter: number | undefined
}

/** A delay in milliseconds, `"stop"` if a retry cannot help, or `"exhausted"` if the budget is used up. */
export type RetryDecision = number | "stop" | "exhausted"

/** @param random - A number from 0 up to, not including, 1; any other value counts as 0. */
export function nextRetry(
  failure: SseError,
  { attempt, failures, elapsed, serverDelay, retryAfter = 0 }: RetryHistory,
  policy: RetryPolicy,
  random: number,
): RetryDecision {
  if (!decide("retry.shouldRetry", () => policy.shouldRetry(failure, attempt))) return "stop"
  if (failures > policy.maxRetries) return "exhausted"
  const server =
    serverDelay === undefined ? undefined : clamp(policy.minServerDelay, serverDelay, policy.maxServerDelay)
  const floor = clamp(MIN_DELAY, Math.max(server ?? 0, Math.min(retryAfter, policy.maxRetryAfter)), LONGEST)
  // Bounded, since 0 times Infinity is NaN, and so is Infinity minus Infinity.
  const growth = Math.min(policy.factor ** (failures - 1), LONGEST)
  const top = Math.max(floor, Math.min(LONGEST, policy.maxDelay, growth * (server ?? policy.initialDelay)))
  const share = random > 0 && random < 1 ? random : 0
  const delay = policy.jitter ? floor + share * (Math.max(top, 1.25 * floor) - floor) : top
  return elapsed + delay > policy.maxElapsed ? "exhausted" : delay
}

function clamp(least: number, ms: number, most: number): number {
  return Math.min(Math.max(least, ms), most)
}
