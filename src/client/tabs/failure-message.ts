/* The failure that ends a shared stream, as a message that another tab turns into the same error. */
import {
  SseConnectionError,
  SseError,
  type SseFailedAttempt,
  SseLimitError,
  SseResponseError,
  SseRetryError,
  SseTimeoutError,
  SseTruncatedError,
} from "../../errors.ts"
import type { Failure } from "../../internal/channel.ts"

/** Plain data, which every platform can send. */
export type FailureMessage = Readonly<Record<string, unknown>>

export function failureMessageOf(error: unknown): FailureMessage {
  const { name, message, attempt, lastEventId } = Object(error) as Partial<SseError>
  const shared = { name, message: message ?? "the stream failed", attempt, lastEventId }
  if (!SseError.is(error)) return shared
  const { retryable } = error
  if (error instanceof SseResponseError) {
    const { code, status, headers, body } = error
    return { ...shared, retryable, code, status, headers: [...headers], body }
  }
  if (error instanceof SseRetryError) {
    const attempts = error.attempts.map((failed) => ({ ...failed, error: failureMessageOf(failed.error) }))
    return { ...shared, attempts }
  }
  const { limit, max } = error as Partial<SseLimitError>
  const { phase, ms } = error as Partial<SseTimeoutError>
  const { missing } = error as Partial<SseTruncatedError>
  return { ...shared, retryable, limit, max, phase, ms, missing }
}

export function failureOf(message: FailureMessage): Failure {
  const error = errorOf(message)
  const { attempt, lastEventId } = message
  if (attempt !== undefined) Object.defineProperty(error, "attempt", { value: attempt, configurable: true })
  if (attempt !== undefined) Object.defineProperty(error, "lastEventId", { value: lastEventId, configurable: true })
  return [error]
}

function errorOf(failure: FailureMessage): Error {
  const message = failure["message"] as string
  const retryable = failure["retryable"] as boolean
  switch (failure["name"]) {
    case "SseResponseError": {
      const { code, status, headers, body } = failure as unknown as SseResponseError
      return new SseResponseError(message, code, { status, headers: new Headers(headers), body, retryable })
    }
    case "SseRetryError":
      return new SseRetryError(message, (failure["attempts"] as SseFailedAttempt[]).map(failedAttemptOf))
    case "SseLimitError":
      return new SseLimitError(message, failure["limit"] as string, failure["max"] as number)
    case "SseTimeoutError":
      return new SseTimeoutError(message, failure["phase"] as string, failure["ms"] as number)
    case "SseTruncatedError":
      return new SseTruncatedError(message, failure["missing"] as string, retryable)
    case "SseConnectionError":
      return new SseConnectionError(message, { retryable })
    case "TypeError":
      return new TypeError(message)
    default:
      return new Error(message)
  }
}

function failedAttemptOf(failed: SseFailedAttempt): SseFailedAttempt {
  return { ...failed, error: failureOf(failed.error as unknown as FailureMessage)[0] as SseError }
}
