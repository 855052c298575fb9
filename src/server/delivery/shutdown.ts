import type { Clock } from "../../internal/clock.ts"
import { encodeRetry } from "../../encoder/index.ts"
import type { EventSession } from "../../session/index.ts"
import { goneError } from "../../session/index.ts"
import type { SessionSet } from "./session-set.ts"

/** The reconnection times that clients get when all of them are ended at once, in milliseconds. */
export const LEAST_RETRY = 1_000
const MOST_RETRY = 5_000

/** How often sessions are ended while a node drains, in milliseconds. */
const DRAIN_STEP = 50

type OpenSessions = SessionSet<{ readonly session: EventSession }>

/** Ends one session cleanly, after the reconnection time. */
export function endSession(session: EventSession, retry: number): void {
  if (session.state === "closed") return
  void session.write(encodeRetry(Math.round(retry)))
  session.close()
}

/** Ends all sessions, and breaks those that do not end within `within` milliseconds. */
export async function closeSessions(
  sessions: OpenSessions,
  clock: Clock,
  retry: number | undefined,
  within: number,
): Promise<void> {
  for (const { session } of sessions) {
    endSession(session, retry ?? LEAST_RETRY + clock.random() * (MOST_RETRY - LEAST_RETRY))
  }
  await endWithin(sessions, clock, within)
}

/** Ends the sessions one by one in `within` milliseconds. */
export async function drainSessions(sessions: OpenSessions, clock: Clock, within: number): Promise<void> {
  const steps = Math.max(1, Math.ceil(within / DRAIN_STEP))
  const size = openOf(sessions)
  for (let step = 0; step < steps && sessions.size > 0; step++) {
    // As many as keep them evenly spread; some may have left by themselves, and some end slowly.
    let left = openOf(sessions) - Math.floor((size * (steps - step - 1)) / steps)
    for (const { session } of sessions) {
      if (session.state === "closed") continue
      if (left-- <= 0) break
      endSession(session, LEAST_RETRY)
    }
    if (step < steps - 1) await new Promise<void>((resolve) => void clock.setTimeout(resolve, DRAIN_STEP))
  }
  await endWithin(sessions, clock, DRAIN_STEP)
}

function openOf(sessions: OpenSessions): number {
  let count = 0
  for (const { session } of sessions) if (session.state === "open") count++
  return count
}

async function endWithin(sessions: OpenSessions, clock: Clock, ms: number): Promise<void> {
  const timer = clock.setTimeout(() => {
    for (const { session } of sessions) session.leave(goneError())
  }, ms)
  await sessions.whenEmpty()
  clock.clearTimeout(timer)
}
