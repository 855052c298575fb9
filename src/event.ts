/** An event as the parser dispatches it. All members are always present. */
export interface SseEvent<Name extends string = string, Data = string> {
  /** The event type: `"message"` when the block named none. */
  readonly event: Name
  /** The data: the values of the block's `data` fields joined with LF. */
  readonly data: Data
  /**
   * The `id` field of this block, `undefined` if it had none. A proxy forwards this ID, and a consumer recognizes
   * duplicates by it.
   */
  readonly id: string | undefined
  /** The last event ID when the event was dispatched, `""` at first: the cursor to resume from. */
  readonly lastEventId: string
}

/**
 * One block of an event stream to write. Every {@link SseEvent} is also an `SseEventInit`.
 *
 * The reader dispatches a block with `event` or `data` as exactly one event. A block with only `id`, `retry` or
 * `comment` is a control block and dispatches nothing.
 */
export interface SseEventInit {
  /** The event type without CR or LF; `""` and `"message"` are the default and are not written. */
  readonly event?: string | undefined
  /** The data; each of its lines (ended by CR, LF or CRLF) becomes a separate `data` field. */
  readonly data?: string | undefined
  /** The event ID without CR, LF or NUL. It becomes the reader's last event ID; `""` resets that. */
  readonly id?: string | undefined
  /** The reconnection time in milliseconds: an integer from 0 to 2^31 - 1. */
  readonly retry?: number | undefined
  /** A comment, which readers skip; each of its lines becomes a separate comment line. */
  readonly comment?: string | undefined
}

/** A block that dispatches nothing, because it has only `id`, `retry` or `comment`. */
export interface SseControlInit extends Pick<SseEventInit, "id" | "retry" | "comment"> {
  /** Always absent: a block with it would dispatch an event. */
  readonly event?: undefined
  /** Always absent, for the same reason as `event`. */
  readonly data?: undefined
}

/** Iterates over the events of one source. */
export interface SseEventIterator<Event extends SseEvent<string, unknown> = SseEvent> extends AsyncIterableIterator<
  Event,
  undefined,
  undefined
> {
  /** The last event ID after the last event that `next` returned: the cursor to resume from. */
  readonly lastEventId: string
  /** @internal The event that the source ended inside, as far as it arrived: for a chunk reader, it may be a loss. */
  readonly unfinished?: SseEvent | undefined
  /** Resolves with the next event; concurrent calls resolve in the order of the calls. */
  next(): Promise<IteratorResult<Event, undefined>>
  /** Ends the iteration and cancels the source. */
  return(): Promise<IteratorResult<Event, undefined>>
  /** Returns the iterator itself. */
  [Symbol.asyncIterator](): SseEventIterator<Event>
}
