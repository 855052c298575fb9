/** An event as the parser dispatches it. All members are always present. */
export interface SseEvent<Name extends string = string, Data = string> {
  /** The event type: `"message"` when the block named none. */
  readonly event: Name
  /** The data: the values of the block's `data` fields joined with LF. */
  readonly data: Data
  /**
   * The `id` field of this very block, `undefined` when it had none: what a proxy writes on and what duplicates are
   * told by.
   */
  readonly id: string | undefined
  /** The last event ID in force at dispatch, `""` at first: the cursor to keep for resuming. */
  readonly lastEventId: string
}

/**
 * What can be written as one block of an event stream. Any {@link SseEvent} is one.
 *
 * A block with `event` or `data` is dispatched by the reader as exactly one event; a block with only `id`, `retry` or
 * `comment` is a control block that dispatches nothing.
 */
export interface SseEventInit {
  /** The event type; `""` and `"message"` are the default and are not written. No CR or LF. */
  readonly event?: string | undefined
  /** The data; each line of it (CR, LF or CRLF) becomes a `data` field of its own. */
  readonly data?: string | undefined
  /** The event ID, which becomes the reader's last event ID; `""` resets it. No CR, LF or NUL. */
  readonly id?: string | undefined
  /** The reconnection time in milliseconds: an integer from 0 to 2^31 - 1. */
  readonly retry?: number | undefined
  /** A comment, which readers skip; each line of it becomes a comment line of its own. */
  readonly comment?: string | undefined
}

/** A block that dispatches nothing: with only `id`, `retry` or `comment`. */
export interface SseControlInit extends Pick<SseEventInit, "id" | "retry" | "comment"> {
  /** Absent: with it the block would dispatch an event. */
  readonly event?: undefined
  /** Absent, as `event`. */
  readonly data?: undefined
}

/** The events of one source. */
export interface SseEventIterator<Event extends SseEvent<string, unknown> = SseEvent> extends AsyncIterableIterator<
  Event,
  undefined,
  undefined
> {
  /** The last event ID after the last event that was taken: the cursor to keep. */
  readonly lastEventId: string
  /** Gives the next event once there is one; concurrent calls are answered in their order. */
  next(): Promise<IteratorResult<Event, undefined>>
  /** Ends the iteration and cancels the source. */
  return(): Promise<IteratorResult<Event, undefined>>
  /** Gives the iterator itself. */
  [Symbol.asyncIterator](): SseEventIterator<Event>
}
