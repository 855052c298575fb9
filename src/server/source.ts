import type { SseEventInit } from "../event.ts"
import type { Session } from "./session.ts"

/**
 * What events can be taken from. An item that is bytes is sent as it is: whole blocks of an event stream that somebody
 * else encoded, such as a chunk writer or another server.
 */
export type SseEventSource =
  | AsyncIterable<SseEventInit | Uint8Array<ArrayBuffer>>
  | Iterable<SseEventInit | Uint8Array<ArrayBuffer>>
  | ReadableStream<SseEventInit | Uint8Array<ArrayBuffer>>

/**
 * What a response sends: events that are pulled, or a function that sends them by itself.
 *
 * Where the function gives a promise, the session is closed when it settles; where it gives something that events can
 * be taken from (as a generator does), those are sent and the session is closed; else the session stays open until
 * {@link Session.close} or until the client leaves.
 */
export type SseServerSource = SseEventSource | ((session: Session) => unknown)
