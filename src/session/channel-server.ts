import type { EventSession } from "./event-session.ts"

/** A request to channels, on any platform. */
export interface ChannelRequest {
  readonly names: readonly string[]
  /** The cursor of the client, `""` if it has none. */
  readonly cursor: string
}

/** What an adapter needs of channels, beside what their users see. */
export interface ChannelServer<Options> {
  /**
   * Reads a request.
   *
   * @throws TypeError, RangeError if a name or an option is not valid.
   */
  accept(cursor: string, url: string | undefined, names: string | readonly string[], options: Options): ChannelRequest
  /** Returns the status with which the request is refused, `undefined` if it is not. */
  refusalOf(request: ChannelRequest, options: Options): 503 | 410 | undefined | Promise<410 | undefined>
  /**
   * Begins to send to a session, which has its outlet.
   *
   * @param isShared - Whether the outlet leaves the bytes as they are, so that all sessions can have the same.
   */
  open(session: EventSession, request: ChannelRequest, options: Options, isShared: boolean): void
  /** Returns a session, for a client with this cursor. */
  sessionOf(cursor: string): EventSession
}
