import type { Clock } from "../../internal/clock.ts"
import type { Body } from "./body.ts"

/**
 * Reads the rest of a body after the end of the answer, so that its connection can be reused; cancels it after `ms`
 * milliseconds or `bytes` bytes.
 */
export async function drain(body: Body, clock: Clock, { ms, bytes }: { ms: number; bytes: number }): Promise<void> {
  if (!(bytes > 0)) return body.cancel()
  let left = bytes
  const giveUp = (): void => {
    left = 0
    body.cancel()
  }
  const timer = clock.setTimeout(giveUp, ms)
  // In Node, the timer must not keep the process alive; elsewhere timers are numbers.
  ;(timer as { unref?: () => void } | undefined)?.unref?.()
  try {
    while (left > 0) {
      const { done, value } = await body.read()
      if (done === true) break
      if (left > 0 && (left -= value.length || 1) <= 0) giveUp()
    }
  } catch {
    // The answer was complete before the connection broke.
  }
  clock.clearTimeout(timer)
}
