/* Law: whether and when to try again, as a pure function of what has happened; no clock, no timer, no randomness. */
import type { SseError } from "../errors.ts"
import type { Attempt, RetryOptions } from "./options.ts"

/** The shortest delay whatever anybody says, in milliseconds: at most 10 requests in a second. */
export const MIN_DELAY = 100

/** {@link RetryOptions} with nothing left out. */
export interface RetryPolicy {
  readonly maxRetries: number
  readonly maxElapsed: number
  readonly initialDelay: number
  readonly factor: number
  readonly maxDelay: number
  readonly jitter: boolean
  readonly minServerDelay: number
  readonly maxServerDelay: number
  readonly maxRetryAfter: number
  readonly resetAfter: number
  readonly shouldRetry: (failure: SseError, attempt: Attempt) => boolean
}

/** What has happened up to a failure. Times are in milliseconds. */
export interface RetryHistory {
  /** The attempt that failed. */
  readonly attempt: Attempt
  /** Failures in a row without health between them, this one included. */
  readonly failures: number
  /** From the start, or the failure that ended the last healthy attempt, to this failure. */
  readonly elapsed: number
  /** The last `retry` field, `undefined` where there was none. */
  readonly serverDelay: number | undefined
  /** What the failed response's Retry-After asks for, `undefined` where it asks for nothing. */
  readonly retryAfter: number | undefined
}

/** A delay in milliseconds; `"stop"` where trying again is no use; `"exhausted"` where the budget is used up. */
export type RetryDecision = number | "stop" | "exhausted"

/** @param random - A number from 0 up to, not including, 1. */
export function nextRetry(
  failure: SseError,
  history: RetryHistory,
  policy: RetryPolicy,
  random: number,
): RetryDecision {
  if (!policy.shouldRetry(failure, history.attempt)) return "stop"
  if (history.failures > policy.maxRetries) return "exhausted"
  const delay = retryDelay(history, policy, random)
  return history.elapsed + delay > policy.maxElapsed ? "exhausted" : delay
}

function retryDelay(history: RetryHistory, policy: RetryPolicy, random: number): number {
  const server = history.serverDelay === undefined ? undefined : clampServerDelay(history.serverDelay, policy)
  const floor = Math.max(MIN_DELAY, server ?? 0, Math.min(history.retryAfter ?? 0, policy.maxRetryAfter))
  // Bounded, since 0 times Infinity is no number.
  const growth = Math.min(policy.factor ** (history.failures - 1), Number.MAX_VALUE)
  const grown = (server ?? policy.initialDelay) * growth
  const top = Math.max(floor, Math.min(policy.maxDelay, grown))
  if (!policy.jitter) return top
  return floor + random * (Math.max(top, 1.25 * floor) - floor)
}

function clampServerDelay(ms: number, policy: RetryPolicy): number {
  return Math.min(Math.max(ms, policy.minServerDelay), policy.maxServerDelay)
}

/**
 * The policy that the options ask for.
 *
 * @throws RangeError where a number is out of its range.
 */
export function retryPolicyOf(options: RetryOptions): RetryPolicy {
  const maxRetries = options.maxRetries ?? 10
  if (!(maxRetries === Infinity || (Number.isSafeInteger(maxRetries) && maxRetries >= 0))) {
    throw new RangeError(
      `Cannot subscribe: "retry.maxRetries" must be an integer from 0, or Infinity, not ${maxRetries}`,
    )
  }
  const factor = options.factor ?? 2
  if (!(factor >= 1 && factor < Infinity)) {
    throw new RangeError(`Cannot subscribe: "retry.factor" must be a number from 1, not ${factor}`)
  }
  return {
    maxRetries,
    factor,
    maxElapsed: spanOf(options, "maxElapsed", Infinity),
    initialDelay: spanOf(options, "initialDelay", 1_000),
    maxDelay: spanOf(options, "maxDelay", 30_000),
    jitter: options.jitter ?? true,
    minServerDelay: spanOf(options, "minServerDelay", 100),
    maxServerDelay: spanOf(options, "maxServerDelay", 30_000),
    maxRetryAfter: spanOf(options, "maxRetryAfter", 300_000),
    resetAfter: spanOf(options, "resetAfter", 10_000),
    shouldRetry: options.shouldRetry ?? ((failure) => failure.retryable),
  }
}

type SpanName =
  | "maxElapsed"
  | "initialDelay"
  | "maxDelay"
  | "minServerDelay"
  | "maxServerDelay"
  | "maxRetryAfter"
  | "resetAfter"

function spanOf(options: RetryOptions, name: SpanName, standard: number): number {
  const ms = options[name] ?? standard
  if (ms >= 0) return ms
  throw new RangeError(`Cannot subscribe: "retry.${name}" must be a number of milliseconds from 0, not ${ms}`)
}
