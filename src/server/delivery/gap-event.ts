import { encodeText } from "../../internal/encode-text.ts"
import { encodeEvent } from "../../encoder/index.ts"
import type { GapReason } from "../store/event-store.ts"

/** The type of the event that reports missed events to a client. */
export const GAP_EVENT = "steadystream.gap"

/** What a client is told about a gap. */
export interface ClientGap {
  /** The cursor that the client came with, or had got to. */
  readonly from: string
  readonly reason: GapReason
  /** The cursor of the log from which the client goes on. */
  readonly resumesAt: string
}

/**
 * Returns the block that reports a gap to a client.
 *
 * @param id - The cursor of the client after it.
 */
export function gapBlock({ from, reason, resumesAt }: ClientGap, id: string): Uint8Array<ArrayBuffer> {
  const data = JSON.stringify({ from, reason, resumesAt })
  return encodeText(encodeEvent({ event: GAP_EVENT, id, data }))
}
