import type { Clock } from "../internal/clock.ts"
import type { ChunkSource as Body } from "../parser/index.ts"

/**
 * Reads what is left of a body that has said all it had to say, so that its connection can be used again; gives up after
 * `ms` milliseconds or `bytes` bytes.
 */
export async function drain(body: Body, clock: Clock, { ms, bytes }: { ms: number; bytes: number }): Promise<void> {
  let left = bytes
  let over = false
  const giveUp = () => {
    if (!over) body.cancel()
    over = true
  }
  const timer = clock.setTimeout(giveUp, ms)
  // A process that has nothing else to do need not wait for it; platforms whose timers are numbers have no such process.
  ;(timer as { unref?: () => void } | undefined)?.unref?.()
  try {
    while (!over) {
      const { done, value } = await body.read()
      if (done === true) over = true
      else left -= value.length
      if (left <= 0) giveUp()
    }
  } catch {
    // The answer was whole before the connection broke.
  }
  over = true
  clock.clearTimeout(timer)
}
