import type { SseControlInit, SseEventInit } from "../event.ts"

/** One client's connection to an event stream, for the source of the events. */
export interface Session<Written = SseEventInit> {
  /** `"open"` until the session is closed, its source fails, its client leaves or a `signal` is aborted. */
  readonly state: "open" | "closed"
  /** The cursor from the client's `Last-Event-ID` header, after which to resume; `""` if the client sent none. */
  readonly lastEventId: string
  /**
   * Aborted when the session ends, for any cause, so that the source can stop its own work. From then on
   * {@link Session.send} rejects with the signal's reason.
   */
  readonly signal: AbortSignal
  /** Resolves when the session has ended and every sent block has been read or discarded. Never rejects. */
  readonly closed: Promise<void>
  /**
   * Sends one event.
   *
   * Resolves when the response has taken the event. The response takes events no faster than the client reads, so a source
   * that awaits `send` runs no faster than its client. Events that are sent without awaiting wait in memory. If 1,000 events
   * or 1 MiB wait, the next event breaks the connection, because the client is too slow. Events keep their order, even if
   * their schemas validate asynchronously.
   *
   * @throws {@link SseConnectionError} (by rejecting) if the session is over, or if it ends before the client has read
   * the event. If an aborted `signal` ended the session, the signal's reason comes instead. The caller may ignore this
   * rejection.
   * @throws {@link SseSessionError} (by rejecting) with the code `"slow-consumer"`, if more waits for the client than is kept.
   * @throws TypeError or RangeError (by rejecting) if the event cannot be encoded; no part of it is sent.
   * @throws {@link SseValidationError} (by rejecting) if the event does not match the contract; no part of it is sent.
   */
  send(event: NoInfer<Written | SseControlInit>): Promise<void>
  /** Sends a comment, which readers skip. It settles as {@link Session.send} does. */
  comment(text: string): Promise<void>
  /**
   * Ends the stream cleanly after the sent events. An event whose schema takes more than 1 s from then is dropped, and its
   * `send` rejects.
   */
  close(): void
}
