import { type Clock, setIdleTimer } from "../../internal/clock.ts"
import type { Body } from "./body.ts"
import type { ReadChunksOptions } from "./chunk-stream.ts"

const DEFAULTS = { ms: 250, bytes: 65_536 }

/**
 * Reads the rest of a body after the end of the answer, so that its connection can be reused; cancels it after `ms`
 * milliseconds or `bytes` bytes, with `false` at once.
 */
export async function drain(body: Body, clock: Clock, limits: ReadChunksOptions["drain"] = DEFAULTS): Promise<void> {
  if (!limits || !(limits.bytes > 0)) return body.cancel()
  let left = limits.bytes
  const giveUp = (): void => {
    left = 0
    body.cancel()
  }
  const timer = setIdleTimer(clock, giveUp, limits.ms)
  try {
    while (left > 0) {
      const { done, value } = await body.read()
      if (done === true) {
        body.release?.()
        break
      }
      if (left > 0 && (left -= value.length || 1) <= 0) giveUp()
    }
  } catch {
    // The answer was complete before the connection broke.
  }
  clock.clearTimeout(timer)
}
