import type { SseEvent, SseEventInit } from "../../event.ts"
import type { EventStreamRequest } from "../event-stream-response.ts"
import type { Cursor } from "../store/event-store.ts"
import type { ChannelEventInit, ChannelStats, ConnectOptions } from "./channel-options.ts"

/** An event that was stored. */
export interface PublishedEvent {
  /** Its place in the log of the channel, which clients get as its ID. */
  readonly cursor: Cursor
}

/** Named channels: what is published in one goes to every session that is connected to it, on every node of the store. */
export interface Channels<Written = SseEventInit, Event extends SseEvent<string, unknown> = SseEvent> {
  /**
   * Stores an event at the end of a channel, from where it goes to the sessions. The ID is set by the channel. Events of one
   * channel are stored in the order of the calls, even if their schemas validate asynchronously.
   *
   * @returns Its cursor, once the event is stored.
   * @throws {@link SseStoreError} (by rejecting) if it could not be stored.
   * @throws {@link SseSessionError} (by rejecting) with the code `"session-closed"` after {@link Channels.closeAll}.
   * @throws {@link SseValidationError} or TypeError (by rejecting) if the event does not fit; nothing is stored.
   */
  publish(name: string, event: NoInfer<ChannelEventInit<Written>>): Promise<PublishedEvent>
  /**
   * Answers a request with the events of one or more channels, beginning after the cursor in the `Last-Event-ID` header, or
   * else in the query parameter `lastEventId`. Authorize the request before, at each call.
   *
   * Resolves at once, except for `onGap: "refuse"`, which asks the store first. The session begins when the body is first
   * read. HEAD gets what GET would, without a body. A client above `maxSessions`, and one that comes after `closeAll`
   * or `drain`, gets the status 503.
   *
   * @throws TypeError, RangeError (by rejecting) if a name or an option is not valid.
   */
  respond(
    request: EventStreamRequest,
    names: string | readonly string[],
    options?: ConnectOptions<Event, Written>,
  ): Promise<Response>
  /**
   * Returns the cursor after the newest event of one or more channels. To show a state and then its changes without a hole,
   * ask for the cursor, load the state, and begin the stream of the same channels after that cursor.
   */
  cursor(names: string | readonly string[]): Promise<Cursor>
  /** Returns the number of sessions on this node, of one channel or of all. */
  size(name?: string): number
  /** Returns what was counted so far. */
  stats(): ChannelStats
  /**
   * Ends all sessions cleanly, and refuses new ones and new events. A client that comes back here gets the status 503, at
   * which the platform's `EventSource` stops for good: take this node out of the load balancer first.
   *
   * @param options - `retry` is the reconnection time in milliseconds that clients get, by default different for each
   * client, from 1,000 to 5,000. `within` is the time in milliseconds after which what has not ended is broken, by default 1,000.
   * @returns When every session is over.
   */
  closeAll(options?: { readonly retry?: number | undefined; readonly within?: number | undefined }): Promise<void>
  /**
   * Takes no new sessions, and ends the others cleanly one by one, so that they do not all reconnect at once. Events can
   * still be published. A client that comes back here gets the status 503, as after {@link Channels.closeAll}.
   *
   * @param options - `within` is the time in milliseconds in which the last one is ended, by default 10,000.
   * @returns When every session is over.
   */
  drain(options?: { readonly within?: number | undefined }): Promise<void>
}
