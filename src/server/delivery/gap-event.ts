import { encodeText } from "../../internal/encode-text.ts"
import { GAP_EVENT } from "../../internal/reserved-events.ts"
import { encodeEvent } from "../../encoder/index.ts"
import type { GapReason } from "../store/event-store.ts"

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
