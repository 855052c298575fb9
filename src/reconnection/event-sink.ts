import type { SseEvent } from "../event.ts"
import type { Failure } from "../internal/channel.ts"

/** The consumer of the events of a loop, which bounds how many may wait. */
export interface EventSink {
  /**
   * @param run - Called in place of delivering the event, when its turn comes.
   * @param isRestart - Whether this event shows that its connection does not continue the ones before it.
   */
  readonly deliver: (event: SseEvent, run?: () => undefined, isRestart?: boolean) => void
  /** Sets the last event ID after the events pushed so far; it may have moved without an event. */
  readonly moveCursor: (lastEventId: string) => void
  /** Resolves when more may be pushed; `undefined` if that is now. */
  readonly room: () => Promise<void> | undefined
  /** Ends the events, with the failure that ended them if there is one. */
  readonly end: (failure?: Failure) => void
}
