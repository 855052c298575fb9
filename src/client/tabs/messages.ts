/* The messages between the tabs of one shared stream. Only tabs of the same origin and version of the protocol get them. */
import type { SubscriptionEnd, SubscriptionState } from "../../reconnection/index.ts"
import type { FailureMessage } from "./failure-message.ts"
import type { FoundBy, Place, Span, TabCursor } from "./shared-log.ts"

/** Tabs whose packages have another version here do not share. */
const PROTOCOL = 1

export function nameOf(key: string): string {
  return `steadystream-tabs-${PROTOCOL}:${key}`
}

/** Asks for what follows a place. The leader answers; a new leader gets an answer from each tab that has more. */
export interface Ask extends TabCursor {
  readonly kind: "ask"
  readonly from: string
  readonly number: number
  readonly isNewLeader: boolean
}

/** New entries for all tabs, or the answer to one. */
export interface Events extends Span {
  readonly kind: "events"
  /** The epoch of the newest leader that the sender knows. */
  readonly epoch: number
  readonly isLeader: boolean
  readonly state: SubscriptionState
  readonly retries: number
  /** The URL of the stream; not with each event. */
  readonly url: string | undefined
  readonly answer: Answer | undefined
}

export interface Answer {
  readonly to: string
  /** The number of the question. */
  readonly number: number
  /** How the place was found from which the entries follow. */
  readonly by: FoundBy
}

/** How far a tab has read. The leader stops reading when no tab has room. */
export interface Taken {
  readonly kind: "taken"
  readonly epoch: number
  readonly seq: number
}

/** The stream has ended after `last`. */
export interface End {
  readonly kind: "end"
  readonly epoch: number
  readonly last: Place
  readonly ending: SubscriptionEnd
  readonly failure: FailureMessage | undefined
}

export type Message = Ask | Events | Taken | End
