import { encodeEvent } from "../../encoder/index.ts"
import { onAbort } from "../../internal/abort-listener.ts"
import { ignore } from "../../internal/cancel.ts"
import { type Clock, systemClock } from "../../internal/clock.ts"
import { keepAliveStream } from "../../internal/keep-alive.ts"
import { checkDuration } from "../../internal/option-checks.ts"
import type { EventFeed } from "./event-feed.ts"

/** Options of every stream that is written. */
export interface FeedStreamOptions {
  /**
   * Milliseconds of silence after which a comment keeps the connection open; 0 and Infinity are off.
   * @defaultValue `15_000`
   */
  readonly keepAlive?: number | undefined
  /** Cuts the stream when it is aborted: the source is stopped, and the body errors with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Where the time of `keepAlive` comes from. */
  readonly clock?: Clock | undefined
}

/** The interval of `options.keepAlive`. */
export function keepAliveOf(options: FeedStreamOptions): number {
  return checkDuration("keepAlive", options.keepAlive ?? 15_000)
}

/** The bytes of `feed`, one event a chunk, pulled; cancelling them stops it. */
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

  constructor(feed: EventFeed<T>, signal: AbortSignal | undefined) {
    this.#feed = feed
    this.#signal = signal
  }

  start(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    const signal = this.#signal
    if (signal === undefined) return
    const cut = (): void => {
      this.cancel(signal.reason)
      controller.error(signal.reason)
    }
    if (signal.aborted) cut()
    else this.#forget = onAbort(signal, cut)
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    const event = await this.#feed.next()
    if (this.#over) return
    if (event !== undefined) return controller.enqueue(this.#encoder.encode(encodeEvent(event)))
    this.#over = true
    this.#forget()
    controller.close()
  }

  cancel(reason: unknown): void {
    this.#over = true
    this.#forget()
    this.#feed.stop(reason)
  }
}
