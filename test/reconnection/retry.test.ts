import * as fc from "fast-check"
import { expect, test } from "vitest"
import { SseConnectionError, SseTimeoutError } from "steadystream"
// Pure functions of the client, which the package does not export.
import { nextRetry, type RetryHistory, retryPolicyOf } from "../../src/reconnection/retry.ts"

const failure = new SseConnectionError("Cannot connect: the test must fail")
const attempt = { number: 0, lastEventId: "", error: undefined, signal: new AbortController().signal }
const history: RetryHistory = { attempt, failures: 1, elapsed: 0, serverDelay: undefined, retryAfter: undefined }

test("nextRetry() returns a delay, stops at a final failure and is exhausted at the end of the budget", () => {
  const policy = retryPolicyOf({ maxRetries: 2, maxElapsed: 10_000, jitter: false })
  expect(nextRetry(failure, history, policy, 0)).toBe(1000)
  expect(nextRetry(failure, { ...history, failures: 2 }, policy, 0)).toBe(2000)
  expect(nextRetry(failure, { ...history, failures: 3 }, policy, 0)).toBe("exhausted")
  expect(nextRetry(failure, { ...history, elapsed: 9000 }, policy, 0)).toBe(1000)
  expect(nextRetry(failure, { ...history, elapsed: 9001 }, policy, 0)).toBe("exhausted")
  const final = new SseConnectionError("Cannot connect: never", { retryable: false })
  expect(nextRetry(final, { ...history, failures: 3 }, policy, 0)).toBe("stop")
  const never = retryPolicyOf({ shouldRetry: (error) => error instanceof SseTimeoutError })
  expect(nextRetry(failure, history, never, 0)).toBe("stop")
})

test("nextRetry() never returns less than 100 ms or the server's delay, or more than the highest of the limits", () => {
  const ms = fc.oneof(fc.nat(), fc.constantFrom(0, Infinity, Number.MAX_SAFE_INTEGER))
  const limit = fc.oneof(fc.nat(1_000_000), fc.constant(0))
  fc.assert(
    fc.property(
      fc.record({
        initialDelay: limit,
        maxDelay: limit,
        maxServerDelay: limit,
        maxRetryAfter: limit,
        jitter: fc.boolean(),
      }),
      fc.record({
        failures: fc.integer({ min: 1, max: 5000 }),
        serverDelay: fc.option(ms, { nil: undefined }),
        retryAfter: fc.option(ms, { nil: undefined }),
      }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (options, past, random) => {
        const policy = retryPolicyOf({ ...options, maxRetries: Infinity })
        const delay = nextRetry(failure, { ...history, ...past }, policy, random) as number
        const { maxDelay, maxServerDelay, maxRetryAfter } = options
        expect(delay).toBeGreaterThanOrEqual(100)
        expect(delay).toBeGreaterThanOrEqual(Math.min(past.retryAfter ?? 0, maxRetryAfter))
        expect(delay).toBeGreaterThanOrEqual(Math.min(past.serverDelay ?? 0, maxServerDelay))
        expect(delay).toBeLessThanOrEqual(1.25 * Math.max(125, maxDelay, maxServerDelay, maxRetryAfter))
      },
    ),
  )
})

test("nextRetry() returns a number if every limit is Infinity, with jitter and without", () => {
  for (const options of [
    { initialDelay: Infinity, maxDelay: Infinity },
    { minServerDelay: Infinity, maxServerDelay: Infinity },
    { initialDelay: 0, factor: Infinity },
  ]) {
    for (const jitter of [true, false]) {
      const policy = retryPolicyOf({ ...options, jitter })
      for (const failures of [1, 2, 10]) {
        for (const random of [0, 0.5]) {
          const delay = nextRetry(failure, { ...history, failures, serverDelay: 1 }, policy, random)
          const own = nextRetry(failure, { ...history, failures }, policy, random)
          expect(Math.min(delay as number, own as number)).toBeGreaterThanOrEqual(100)
        }
      }
    }
  }
})
