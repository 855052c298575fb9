/*
 * The deadline of a reading that never begins. It keeps neither the reading nor its source in memory, and not the process
 * alive.
 */
import { ignore } from "../../internal/cancel.ts"
import { type Clock, MAX_TIMER_MS, setIdleTimer } from "../../internal/clock.ts"
import { timeoutError } from "./chunk-error.ts"
import type { Outcome } from "./outcome.ts"

/**
 * Fails `reading` after `ms` milliseconds.
 *
 * @returns A function that stops the deadline.
 */
export function expireUnread(
  reading: { readonly outcome: Outcome },
  name: string,
  [phase, ms]: readonly [phase: string, ms: number],
  clock: Clock,
): () => void {
  if (ms > MAX_TIMER_MS) return ignore
  const reference = new WeakRef(reading)
  // Not the outcome itself, which refers to the reading.
  const { settle, progress } = reading.outcome
  const onTimer = () => {
    // Not earlier, since an error keeps the objects of its stack in memory.
    const error = timeoutError(name, phase, ms)
    const { outcome } = reference.deref() ?? {}
    if (outcome) outcome.fail(error)
    else settle({ ...progress, reason: "error", error, durationMs: 0, cursor: null })
  }
  const timer = setIdleTimer(clock, onTimer, ms)
  return () => clock.clearTimeout(timer)
}
