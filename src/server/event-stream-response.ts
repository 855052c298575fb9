/* Serves an event stream as a Response. The source, the timer and the signal listeners are released when it ends. */
import type { EventEncoder } from "../contract/index.ts"
import { encodeRetry } from "../encoder/index.ts"
import type { SseEventInit } from "../event.ts"
import { onAbort } from "../internal/abort-listener.ts"
import { systemClock, type Clock } from "../internal/clock.ts"
import { eventStreamHeaders } from "../internal/event-stream-headers.ts"
import { callHook, reportGlobally } from "../internal/hook.ts"
import { discardItems, openItems, isItemSource, type OpenedSource } from "../internal/item-source.ts"
import { DEFAULT_KEEP_ALIVE, isKeptAlive, keepAliveStream } from "../internal/keep-alive.ts"
import { checkDuration, checkOptions, type OptionKinds, SIGNAL, CLOCK, ENCODER } from "../internal/option-checks.ts"
import { decodeLastEventId } from "./last-event-id.ts"
import { EventSession } from "./session.ts"
import { isReturnedSource, type SseServerSource, type SseSourceItem } from "./source.ts"

/** The members of a request that {@link eventStreamResponse} reads; every `Request` has them. */
export interface EventStreamRequest {
  /** With `"HEAD"` the response has headers only, and the source is not started. */
  readonly method?: string | undefined
  /** The headers, of which `Last-Event-ID` is read. */
  readonly headers: {
    /** Returns the value of a header, `null` if it is missing. */
    get(name: string): string | null
  }
  /** An abort ends the stream, as an abort of the option `signal` does. */
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link eventStreamResponse}. */
export interface EventStreamResponseOptions<Written = SseEventInit> {
  /** The request to answer: the session takes `lastEventId` from it, and an abort of its signal ends the stream. */
  readonly request?: EventStreamRequest | undefined
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

/**
 * Makes a `Response` whose body is an event stream, for Hono, Next.js, Deno, Bun, Cloudflare Workers and similar
 * servers.
 *
 * The source starts when the body is first read, and runs no faster than the client reads: one event is taken ahead.
 * When the client leaves or `signal` is aborted, the source is stopped: `return()` of an iterator or `cancel()` of a
 * stream is called, or {@link Session.signal} of a session is aborted.
 *
 * When the source ends, the body ends cleanly. When the source throws, the events sent before are still delivered, and
 * then the body errors with an {@link SseConnectionError} whose cause is that error. The client sees a broken
 * connection and no part of the message.
 *
 * The default headers are `content-type: text/event-stream; charset=utf-8`, `cache-control: no-store, no-transform` and
 * `x-accel-buffering: no`.
 *
 * @throws TypeError if `source` is not a source of events or is a locked stream, or if `status` allows no body.
 * @throws RangeError if `status`, `keepAlive` or `retry` is out of range.
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

const KINDS: OptionKinds<EventStreamResponseOptions> = {
  request: "an object",
  status: true,
  headers: true,
  keepAlive: true,
  retry: true,
  events: ENCODER,
  signal: SIGNAL,
  onError: "a function",
  clock: CLOCK,
}

function respond(source: SseServerSource, options: EventStreamResponseOptions): Response {
  checkOptions(options, KINDS)
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

/** Sends the events of a source to its session, from the first read of the body until one of the two ends. */
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

  /** Reports an error of the source, unless it is only the reason why the session ended. */
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
