import type { GapReason } from "../store/event-store.ts"

/** What the sessions of a node count from its start. */
export class DeliveryCounts {
  delivered = 0
  replayed = 0
  readonly gaps: Record<GapReason, number> = { unknown: 0, epoch: 0, trimmed: 0, future: 0 }
  droppedSlow = 0
  storeErrors = 0

  /** Counts an event that a session got. */
  count(isReplayed: boolean): void {
    this.delivered++
    if (isReplayed) this.replayed++
  }
}
