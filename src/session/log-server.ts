import type { EventSession } from "./event-session.ts"

/** A request for the events of logs, on any platform. */
export interface LogRequest {
  /** The cursor of the client, `""` if it has none. */
  readonly cursor: string
}

/** A request to channels. */
export interface ChannelRequest extends LogRequest {
  readonly names: readonly string[]
}

/** What an adapter needs of channels and answers, beside what their users see. */
export interface LogServer<Target, Options, Accepted extends LogRequest = LogRequest> {
  /**
   * Reads a request.
   *
   * @throws TypeError, RangeError if the target or an option is not valid.
   */
  accept(cursor: string, url: string | undefined, target: Target, options: Options): Accepted
  /** Returns the status with which the request is answered without events, `undefined` if it gets them. */
  refusalOf(request: Accepted, options: Options): number | undefined | Promise<number | undefined>
  /**
   * Begins to send to a session, which has its outlet.
   *
   * @param isShared - Whether the outlet leaves the bytes as they are, so that all sessions can have the same.
   */
  open(session: EventSession, request: Accepted, options: Options, isShared: boolean): void
  /** Returns a session, for a client with this cursor. */
  sessionOf(cursor: string): EventSession
}

/** Options of every connection. */
export interface HeaderOptions {
  /** Headers to add to the response. */
  readonly headers?: RequestInit["headers"] | undefined
}
