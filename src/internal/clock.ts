/**
 * The source of time and randomness: every function that waits takes one as its `clock` option.
 *
 * @example
 * ```ts
 * import type { Clock } from "steadystream"
 *
 * const impatient: Clock = {
 *   now: () => performance.now(),
 *   setTimeout: (run, ms) => setTimeout(run, ms / 10),
 *   clearTimeout: (handle) => clearTimeout(handle as number),
 *   random: Math.random,
 * }
 * ```
 */
export interface Clock {
  /** Milliseconds from any fixed point; never goes back. */
  now(): number
  /** Calls `run` once after `ms` milliseconds and returns a handle for {@link Clock.clearTimeout}. */
  setTimeout(run: () => void, ms: number): unknown
  /** Cancels a timer; a handle that has fired or is unknown is ignored. */
  clearTimeout(handle: unknown): void
  /** A number from 0 up to, not including, 1. */
  random(): number
}

/**
 * The platform's own timers, looked up at each call so that importing this touches no global. A longer time than a timer of
 * the platform can take is cut to it, since the platform would call at once.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, Math.min(ms, MAX_TIMER_MS)),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
  random: () => Math.random(),
}

/** Sets a timer that does not keep the process alive. In Node timers are objects, elsewhere they are numbers. */
export function setIdleTimer(clock: Clock, run: () => void, ms: number): unknown {
  const timer = clock.setTimeout(run, ms)
  ;(timer as { unref?: () => void } | undefined)?.unref?.()
  return timer
}

/** The longest delay of a platform timer; with a longer one it fires at once. */
export const MAX_TIMER_MS = 2_147_483_647
