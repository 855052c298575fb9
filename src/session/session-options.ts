import type { EventEncoder } from "../contract/index.ts"
import type { SseEventInit } from "../event.ts"
import type { Clock } from "../internal/clock.ts"
import { isItemSource } from "../internal/item-source.ts"
import { DEFAULT_KEEP_ALIVE, isKeptAlive } from "../internal/keep-alive.ts"
import { checkDuration, CLOCK, ENCODER, type OptionKinds, SIGNAL } from "../internal/option-checks.ts"
import type { SseServerSource } from "./source.ts"

/** Options of every response that sends the events of one source. */
export interface SessionOptions<Written = SseEventInit> {
  /**
   * The status.
   * @defaultValue `200`
   */
  readonly status?: number | undefined
  /** Headers to add; they replace the defaults, but `no-transform` stays in `cache-control`. */
  readonly headers?: RequestInit["headers"]
  /**
   * Milliseconds of silence after which a comment is sent to keep the connection open; 0 and Infinity turn this off.
   * @defaultValue `8_000`; off if the source is a stream of this package that sends its own comments
   */
  readonly keepAlive?: number | undefined
  /** The reconnection time in milliseconds, sent before the first event: an integer from 0 to 2^31 - 1. */
  readonly retry?: number | undefined
  /**
   * The contract that validates and encodes the events, made by `defineEvents`; without it `data` must be text. An
   * event that does not match is not sent: {@link Session.send} rejects with {@link SseValidationError}, and a source
   * that yields such an event fails.
   */
  readonly events?: EventEncoder<Written> | undefined
  /** An abort breaks the stream: queued events are discarded, and the client sees a broken connection. */
  readonly signal?: AbortSignal | undefined
  /**
   * Called once with the error of the source, which never reaches the client. An error that `onError` throws is only
   * reported.
   * @defaultValue reports to `globalThis.reportError`, else to `console.error`
   */
  readonly onError?: ((error: unknown) => void) | undefined
  /** The clock of `keepAlive`. */
  readonly clock?: Clock | undefined
}

export const RESPONSE_KINDS: OptionKinds<SessionOptions> = {
  status: true,
  headers: true,
  keepAlive: true,
  retry: true,
  events: ENCODER,
  signal: SIGNAL,
  onError: "a function",
  clock: CLOCK,
}

/**
 * Returns the interval of comments in milliseconds.
 *
 * @throws RangeError if the option is NaN or negative.
 */
export function keepAliveOf(source: SseServerSource, options: SessionOptions): number {
  return checkDuration("keepAlive", options.keepAlive ?? (isKeptAlive(source) ? 0 : DEFAULT_KEEP_ALIVE))
}

/** @throws TypeError if `source` is not a source of events. */
export function checkSource(source: unknown): void {
  if (typeof source === "function" || isItemSource(source)) return
  throw new TypeError("Cannot send event stream: the source must be an iterable, a ReadableStream or a function")
}
