/*
 * The deadline of a reading that never begins. It keeps neither the reading nor its source in memory, and not the process
 * alive.
 */
import type { SseTimeoutError } from "../../errors.ts"
import { ignore } from "../../internal/cancel.ts"
import { type Clock, MAX_TIMER_MS } from "../../internal/clock.ts"
import type { Outcome } from "./outcome.ts"

/**
 * Fails `reading` with `error` after the time that `error` names.
 *
 * @returns A function that stops the deadline.
 */
export function expireUnread(
  reading: { readonly outcome: Outcome },
  error: SseTimeoutError,
  clock: Clock,
): () => void {
  if (error.ms > MAX_TIMER_MS) return ignore
  const reference = new WeakRef(reading)
  // Not the outcome itself, which refers to the reading.
  const { settle, progress } = reading.outcome
  const timer = clock.setTimeout(() => {
    const { outcome } = reference.deref() ?? {}
    if (outcome) outcome.fail(error)
    else settle({ ...progress, reason: "error", error, durationMs: 0, cursor: null })
  }, error.ms)
  ;(timer as { unref?: () => void } | undefined)?.unref?.()
  return () => clock.clearTimeout(timer)
}
