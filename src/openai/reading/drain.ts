import type { Clock } from "../../internal/clock.ts"
import type { Body } from "./body.ts"

/**
 * Reads what is left of a body that has said all it had to say, so that its connection can be used again; gives up after
 * `ms` milliseconds or `bytes` bytes.
 */
export async function drain(body: Body, clock: Clock, { ms, bytes }: { ms: number; bytes: number }): Promise<void> {
  if (!(bytes > 0)) return body.cancel()
  let left = bytes
  const giveUp = (): void => {
    left = 0
    body.cancel()
  }
  const timer = clock.setTimeout(giveUp, ms)
  // A process that has nothing else to do need not wait for it; platforms whose timers are numbers have no such process.
  ;(timer as { unref?: () => void } | undefined)?.unref?.()
  try {
    while (left > 0) {
      const { done, value } = await body.read()
      if (done === true) break
      if (left > 0 && (left -= value.length || 1) <= 0) giveUp()
    }
  } catch {
    // The answer was whole before the connection broke.
  }
  clock.clearTimeout(timer)
}
