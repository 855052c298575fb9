/* What a tab does when the messages of the others change its place in the shared stream. */
import type { Failure } from "../../internal/channel.ts"
import type { SubscriptionEnd, SubscriptionState } from "../../reconnection/index.ts"
import type { Message } from "./messages.ts"
import type { Entry, Place } from "./shared-log.ts"

export interface ExchangeHandlers {
  readonly post: (message: Message) => void
  /** The events of these entries are the next ones. */
  readonly onEntries: (entries: readonly Entry[]) => void
  /** The events of these entries were passed to `onEntries`, and may come again. */
  readonly onRollback: (entries: readonly Entry[]) => void
  /** A leader was heard. */
  readonly onLeader: (state: SubscriptionState) => void
  /** The tab has caught up with the leader. */
  readonly onAligned: () => void
  /** No other tab leads from here: only the server may have the events between `lastEventId` and `place`. */
  readonly onMissing: (lastEventId: string, place: Place) => void
  /** Another tab leads, and this one did not know it. */
  readonly onReplaced: () => void
  /** The other tabs use the key for another URL. */
  readonly onOtherUrl: () => void
  readonly onEnd: (ending: SubscriptionEnd, failure: Failure | undefined) => void
  /** Another tab has read up to a number. */
  readonly onTaken: (seq: number) => void
}
