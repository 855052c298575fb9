import type { GapReason } from "../store/event-store.ts"

/** The figures of the sessions of a node, which channels and answers show among theirs. */
export interface DeliveryStats extends Readonly<Omit<DeliveryCounts, "count">> {
  readonly sessions: number
  /** The sessions for which events wait. */
  readonly behind: number
}

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
