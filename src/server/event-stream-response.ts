/* Law: what a stream's life costs (the source, the timer, the listener on a signal) is given back when it is over. */
import type { EventEncoder } from "../contract/index.ts"
import { encodeRetry } from "../encoder/index.ts"
import type { SseEventInit } from "../event.ts"
import { onAbort } from "../internal/abort-listener.ts"
import { systemClock, type Clock } from "../internal/clock.ts"
import { eventStreamHeaders } from "../internal/event-stream-headers.ts"
import { callHook, reportGlobally } from "../internal/hook.ts"
import { discardItems, openItems, isItemSource, type OpenedSource } from "../internal/item-source.ts"
import { DEFAULT_KEEP_ALIVE, isKeptAlive, keepAliveStream } from "../internal/keep-alive.ts"
import { checkDuration } from "../internal/option-checks.ts"
import { decodeLastEventId } from "./last-event-id.ts"
import { EventSession } from "./session.ts"
import { isReturnedSource, type SseServerSource, type SseSourceItem } from "./source.ts"

/** What {@link eventStreamResponse} reads of a request; every `Request` is one. */
export interface EventStreamRequest {
  /** With `"HEAD"` the response has headers only, and the source is not started. */
  readonly method?: string | undefined
  /** Where `Last-Event-ID` is read from. */
  readonly headers: {
    /** The value of a header, `null` where it is missing. */
    get(name: string): string | null
  }
  /** Ends the stream when it is aborted, as `signal` of the options does. */
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link eventStreamResponse}. */
export interface EventStreamResponseOptions<Written = SseEventInit> {
  /** The request that is answered: gives the session its `lastEventId`, and its signal ends the stream. */
  readonly request?: EventStreamRequest | undefined
  /**
   * The status.
   * @defaultValue `200`
   */
  readonly status?: number | undefined
  /** Headers to add; those of the stream itself (see {@link eventStreamResponse}) are replaced by these. */
  readonly headers?: RequestInit["headers"]
  /**
   * Milliseconds of silence after which a comment keeps the connection open; 0 and Infinity are off.
   * @defaultValue `8_000`; off where the source is a stream of this package that does so by itself
   */
  readonly keepAlive?: number | undefined
  /** The reconnection time in milliseconds, sent before the first event: an integer from 0 to 2^31 - 1. */
  readonly retry?: number | undefined
  /**
   * The contract that the events are written through, made by `defineEvents`; without one their data is text. An event
   * that does not fit is not sent: its {@link SseValidationError} is thrown into a function that awaits
   * {@link Session.send}, and else fails the source.
   */
  readonly events?: EventEncoder<Written> | undefined
  /** Cuts the stream when it is aborted: what waits is dropped, and the reader sees a broken connection. */
  readonly signal?: AbortSignal | undefined
  /** Called once with what the source threw. None of it reaches the client. What it throws itself is only reported. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Where the time of `keepAlive` comes from. */
  readonly clock?: Clock | undefined
}

/**
 * Answers with an event stream, for servers that take a `Response`: Hono, Next.js, Deno, Bun, Cloudflare Workers.
 *
 * The source is started when the body is first read, and goes no faster than the reader takes (one event is taken
 * ahead). It is stopped (`return()` of an iterator, `cancel()` of a stream, {@link Session.signal} of a session) when the
 * client leaves or `signal` is aborted. When the source ends, so does the body, cleanly. When it throws, what was sent
 * still goes out, then the body errors with an {@link SseConnectionError} whose cause is the error: the client sees a
 * broken connection, not an end, and nothing of the message. Headers: `content-type: text/event-stream;
 * charset=utf-8`, `cache-control: no-store, no-transform`, `x-accel-buffering: no`.
 *
 * @throws TypeError where `source` cannot give events or is a locked stream, and where `status` allows no body.
 * @throws RangeError where `status`, `keepAlive` or `retry` is out of range.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 * @example
 * ```ts
 * import { eventStreamResponse } from "steadystream/server"
 *
 * const handler = (request: Request): Response =>
 *   eventStreamResponse(
 *     async function* (session) {
 *       for (let n = Number(session.lastEventId) + 1; n <= 3; n++) yield { id: `${n}`, data: `tick ${n}` }
 *     },
 *     { request, retry: 2000 },
 *   )
 * console.log(await handler(new Request("https://example.com/ticks")).text())
 * ```
 */
export function eventStreamResponse<Written = SseEventInit>(
  source: SseServerSource<Written>,
  options: EventStreamResponseOptions<Written> = {},
): Response {
  try {
    return respond(source as SseServerSource, options as EventStreamResponseOptions)
  } catch (error) {
    // A call that is refused leaves no stream open.
    discardItems(source, error)
    throw error
  }
}

function respond(source: SseServerSource, options: EventStreamResponseOptions): Response {
  const { request, retry, clock = systemClock } = options
  const keepAlive = checkDuration("keepAlive", options.keepAlive ?? (isKeptAlive(source) ? 0 : DEFAULT_KEEP_ALIVE))
  const init = { status: options.status ?? 200, headers: eventStreamHeaders(options.headers, "no-store") }
  const greeting = retry === undefined ? undefined : encodeRetry(retry)
  if (typeof source !== "function" && !isItemSource(source)) {
    throw new TypeError("Cannot send event stream: the source must be an iterable, a ReadableStream or a function")
  }
  // A status that allows no body is refused before the source is opened.
  const empty = new Response(null, init)
  if (request?.method !== "HEAD") void new Response("", init)
  const { session } = new Run(source, options)
  if (request?.method === "HEAD") {
    session.leave(undefined)
    return empty
  }
  if (greeting !== undefined) void session.write(greeting)
  const { body } = session
  return new Response(keepAlive === Infinity ? body : keepAliveStream(body, keepAlive, clock), init)
}

/** A source that sends to its session, from the first read of the body to the end of either. */
class Run {
  readonly session: EventSession
  readonly #source: OpenedSource<SseSourceItem> | Extract<SseServerSource, (...args: never) => unknown>
  readonly #onError: ((error: unknown) => void) | undefined
  readonly #signals: readonly AbortSignal[]
  #reported = false

  constructor(source: SseServerSource, options: EventStreamResponseOptions) {
    const { request, signal, events, onError, clock = systemClock } = options
    this.#source = typeof source === "function" ? source : openItems(source)
    this.#onError = onError
    this.session = new EventSession(
      decodeLastEventId(request?.headers.get("last-event-id") ?? null),
      events,
      () => void this.#start(),
      clock,
    )
    this.#signals = [signal, request?.signal].filter((given) => given !== undefined)
    if (typeof this.#source !== "function") this.#stopWhenOver(this.#source)
    for (const { aborted, reason } of this.#signals) if (aborted) this.session.leave(reason)
  }

  async #start(): Promise<void> {
    // Not before the first read: a response that is never read can then be collected.
    for (const signal of this.#signals) this.#leaveWhenAborted(signal)
    if (this.session.state === "closed") return
    try {
      if (typeof this.#source === "function") await this.#call(this.#source)
      else await this.#send(this.#source)
    } catch (error) {
      this.#fail(error)
    }
  }

  async #call(handler: (session: EventSession) => unknown): Promise<void> {
    const returned = handler(this.session)
    const result: unknown = isPromise(returned) ? await returned : returned
    if (isReturnedSource(result)) {
      const source = openItems(result)
      this.#stopWhenOver(source)
      await this.#send(source)
    } else if (isPromise(returned)) {
      this.session.close()
    }
  }

  async #send(source: OpenedSource<SseSourceItem>): Promise<void> {
    while (this.session.state === "open") {
      const result = await source.next()
      if (result.done === true) return this.session.close()
      const { value } = result
      await (value instanceof Uint8Array ? this.session.write(value) : this.session.send(value))
    }
  }

  #stopWhenOver(source: OpenedSource<SseSourceItem>): void {
    const { signal } = this.session
    const stop = (): void => void source.stop(signal.reason).catch((error: unknown) => this.#fail(error))
    if (signal.aborted) stop()
    else onAbort(signal, stop)
  }

  #leaveWhenAborted(signal: AbortSignal): void {
    if (signal.aborted) return this.session.leave(signal.reason)
    const forget = onAbort(signal, () => this.session.leave(signal.reason))
    void this.session.closed.then(forget)
  }

  /** Reports what the source threw, unless it only passes on that the session is over. */
  #fail(error: unknown): void {
    const { session } = this
    if (session.state === "closed" && (error === session.signal.reason || isStop(error))) return
    session.fail(error)
    if (this.#reported) return
    this.#reported = true
    callHook(this.#onError ?? reportGlobally, error)
  }
}

/** Whether a source only says that it was stopped: `AbortError`, or what a destroyed stream of Node throws. */
function isStop(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown }
  return name === "AbortError" || code === "ERR_STREAM_PREMATURE_CLOSE"
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function"
}
