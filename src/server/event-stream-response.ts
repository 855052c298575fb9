/* Serves an event stream as a Response. The source, the timer and the signal listeners are released when it ends. */
import { encodeRetry } from "../encoder/index.ts"
import type { SseEventInit } from "../event.ts"
import { systemClock } from "../internal/clock.ts"
import { eventStreamHeaders } from "../internal/event-stream-headers.ts"
import { discardItems } from "../internal/item-source.ts"
import { checkOptions } from "../internal/option-checks.ts"
import {
  BodyOutlet,
  checkSource,
  decodeLastEventId,
  EventSession,
  keepAliveOf,
  RESPONSE_KINDS,
  SessionKeepAlive,
  type SessionOptions,
  SourceRun,
  type SseServerSource,
} from "../session/index.ts"

/** The members of a request that a server reads; every `Request` has them. */
export interface EventStreamRequest {
  /** With `"HEAD"` the response has headers only, and the source is not started. */
  readonly method?: string | undefined
  /** The URL: channels and answers read its query parameter `lastEventId`. */
  readonly url?: string | undefined
  /** The headers, of which `Last-Event-ID` is read. */
  readonly headers: {
    /** Returns the value of a header, `null` if it is missing. */
    get(name: string): string | null
  }
  /** An abort ends the stream, as an abort of the option `signal` does. */
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link eventStreamResponse}. */
export interface EventStreamResponseOptions<Written = SseEventInit> extends SessionOptions<Written> {
  /** The request to answer: the session takes `lastEventId` from it, and an abort of its signal ends the stream. */
  readonly request?: EventStreamRequest | undefined
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
 * The default headers are `content-type: text/event-stream; charset=utf-8`, `cache-control: no-store, no-transform`,
 * `x-accel-buffering: no` and `incremental: ?1`.
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

function respond(source: SseServerSource, options: EventStreamResponseOptions): Response {
  checkOptions(options, { ...RESPONSE_KINDS, request: "an object" })
  const { request, signal, events, onError, clock = systemClock } = options
  const keepAlive = keepAliveOf(source, options)
  const init = { status: options.status ?? 200, headers: eventStreamHeaders(options.headers, "no-store") }
  const greeting = options.retry === undefined ? undefined : encodeRetry(options.retry)
  checkSource(source)
  // A status that allows no body is refused before the source is opened.
  const empty = new Response(null, init)
  if (request?.method !== "HEAD") void new Response("", init)
  const session = new EventSession(decodeLastEventId(request?.headers.get("last-event-id") ?? null), events, clock)
  const outlet = new BodyOutlet(session, () => {
    if (keepAlive !== Infinity) new SessionKeepAlive(session, keepAlive, clock).start()
    void run.start()
  })
  const signals = [signal, request?.signal].filter((given) => given !== undefined)
  const run = new SourceRun(session, source, { onError, signals })
  if (request?.method === "HEAD") {
    session.leave(undefined)
    return empty
  }
  if (greeting !== undefined) void session.write(greeting)
  return new Response(outlet.body, init)
}
