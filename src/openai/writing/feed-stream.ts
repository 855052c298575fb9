import { encodeEvent } from "../../encoder/index.ts"
import { onAbort, reasonOf } from "../../internal/abort-listener.ts"
import { ignore } from "../../internal/cancel.ts"
import { type Clock, systemClock } from "../../internal/clock.ts"
import { DEFAULT_KEEP_ALIVE, keepAliveStream } from "../../internal/keep-alive.ts"
import { nextTask, STEPS_PER_TASK } from "../../internal/next-task.ts"
import { checkDuration } from "../../internal/option-checks.ts"
import type { EventFeed } from "./event-feed.ts"

/** Options of every written stream. */
export interface FeedStreamOptions {
  /**
   * The time without an event after which a comment keeps the connection open, in milliseconds; 0 and Infinity turn it off.
   * @defaultValue `8_000`
   */
  readonly keepAlive?: number | undefined
  /**
   * Ends the stream when it aborts: the source is stopped, and the body errors with its reason. Before the first read of the
   * body, nothing waits for the signal.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * The source of time for `keepAlive`.
   * @defaultValue the timers of the platform
   */
  readonly clock?: Clock | undefined
}

/**
 * Returns the interval of `options.keepAlive`.
 *
 * @throws RangeError if it is NaN or negative.
 */
export function keepAliveOf(options: FeedStreamOptions): number {
  return checkDuration("keepAlive", options.keepAlive ?? DEFAULT_KEEP_ALIVE)
}

/** Returns the events of `feed` as bytes, with one event in each piece. Cancelling the stream stops the feed. */
export function feedStream<T>(feed: EventFeed<T>, options: FeedStreamOptions): ReadableStream<Uint8Array<ArrayBuffer>> {
  const body = new ReadableStream(new FeedBody(feed, options.signal), { highWaterMark: 0 })
  const keepAlive = keepAliveOf(options)
  return keepAlive === Infinity ? body : keepAliveStream(body, keepAlive, options.clock ?? systemClock)
}

class FeedBody<T> implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> {
  readonly #feed: EventFeed<T>
  readonly #signal: AbortSignal | undefined
  readonly #encoder: TextEncoder = new TextEncoder()
  #forget: () => void = ignore
  #over = false
  #pulls = 0

  constructor(feed: EventFeed<T>, signal: AbortSignal | undefined) {
    this.#feed = feed
    this.#signal = signal
  }

  start(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    if (this.#signal?.aborted === true) this.#cut(controller, this.#signal)
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    const signal = this.#signal
    // Not before the first read, so that a body that is never read can be collected while the signal lives.
    if (this.#pulls++ === 0 && signal !== undefined) {
      this.start(controller)
      if (!this.#over) this.#forget = onAbort(signal, () => this.#cut(controller, signal))
    }
    if (this.#pulls % STEPS_PER_TASK === 0) await nextTask()
    const event = await this.#feed.next()
    if (this.#over) return
    if (event !== undefined) return controller.enqueue(this.#encoder.encode(encodeEvent(event)))
    this.#over = true
    this.#forget()
    controller.close()
  }

  #cut(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>, signal: AbortSignal): void {
    const reason = reasonOf(signal)
    this.cancel(reason)
    controller.error(reason)
  }

  cancel(reason: unknown): void {
    this.#over = true
    this.#forget()
    this.#feed.stop(reason)
  }
}
