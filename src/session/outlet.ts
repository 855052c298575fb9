/** Takes the bytes of one session: a response of Node, or the body of a `Response`. */
export interface Outlet {
  /** Passes bytes on. Returns whether it takes more at once; if not, it calls the session's `onReady` later. */
  write(bytes: Uint8Array<ArrayBuffer>): boolean
  /** The bytes that were written and not sent yet. */
  readonly backlog: number
  /** Ends cleanly, after what was written. */
  end(): void
  /**
   * Ends so that the client sees a broken connection.
   *
   * @param isAtOnce - Whether what was written and not sent is dropped.
   */
  fail(error: unknown, isAtOnce: boolean): void
}

/** What an outlet reports to a session. */
export interface Connected {
  /** Takes the outlet that the session writes to. */
  attach(outlet: Outlet): void
  /** The outlet takes the next block. */
  onReady(): void
  /** The client has left, or must not read on. */
  leave(reason: unknown): void
}
