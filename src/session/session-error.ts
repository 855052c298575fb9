import { SseConnectionError, SseError } from "../errors.ts"

/**
 * A session or the channels of a server refuse an event, and it is not sent.
 *
 * - `"slow-consumer"`: more than 1,000 events or 1 MiB wait for the client. Its connection was broken.
 * - `"session-closed"`: the channels have been closed.
 *
 * @example
 * ```ts
 * import { eventStreamResponse, SseSessionError } from "steadystream/server"
 *
 * const response = eventStreamResponse(async (session) => {
 *   for (let n = 0; n < 2_000; n++) void session.send({ data: `${n}` })
 *   const refused = await session.send({ data: "one more" }).catch((error: unknown) => error)
 *   console.log(refused instanceof SseSessionError && refused.code) // "slow-consumer"
 * })
 * await response.text().catch(() => {})
 * ```
 */
export class SseSessionError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseSessionError"
  override readonly name = "SseSessionError"
  declare readonly code: "slow-consumer" | "session-closed"

  /** @internal */ constructor(message: string, code: "slow-consumer" | "session-closed", retryable = false) {
    super(message, code, retryable)
  }
}

/** What may wait in the queue of a session whose sends are not awaited. */
export const MAX_EVENTS = 1_000
export const MAX_BYTES: number = 1024 * 1024

/** The error of a client for which too much waits. */
export function slowError(why: string): SseSessionError {
  return new SseSessionError(`Cannot send event: ${why}`, "slow-consumer")
}

/** The error of a session whose client has left. */
export function goneError(cause?: unknown): SseConnectionError {
  return new SseConnectionError("Cannot send event: the client has left", { cause, retryable: false })
}
