/*
 * Sends an event stream through a Node response, without an import from Node. However the socket ends, the source is
 * stopped, every listener is removed, and no unhandled 'error' event ends the process.
 */
import { encodeRetry } from "../encoder/index.ts"
import type { SseEventInit } from "../event.ts"
import { ignore } from "../internal/cancel.ts"
import { systemClock } from "../internal/clock.ts"
import { discardItems } from "../internal/item-source.ts"
import { checkOptions } from "../internal/option-checks.ts"
import {
  checkSource,
  EventSession,
  goneError,
  keepAliveOf,
  RESPONSE_KINDS,
  SessionKeepAlive,
  type SessionOptions,
  SourceRun,
  type SseServerSource,
} from "../session/index.ts"
import { headOf, lastEventIdOf, type NodeRequestLike, type NodeResponseLike, rawOf, sendHead } from "./reply.ts"
import { ResponseOutlet } from "./response-outlet.ts"

/** Options of {@link sendEventStream}. */
export interface SendEventStreamOptions<Written = SseEventInit> extends SessionOptions<Written> {}

/**
 * Sends an event stream as the response to a request of node:http, node:http2, express or fastify.
 *
 * The headers are sent at once; the response to HEAD has only headers. The source runs no faster than the socket
 * accepts data, and is stopped when the client leaves. If the client has left before the call, the source never starts.
 * If the source throws, the response is destroyed, so that the client sees a broken connection. Everything else is as
 * for {@link eventStreamResponse}.
 *
 * Resolves when the response is over, even if the source failed, the client left or an aborted `signal` broke the
 * connection.
 *
 * @throws TypeError (by rejecting) if the headers have already been sent, or if `source` is not a source of events.
 * @throws RangeError (by rejecting) if `status`, `keepAlive` or `retry` is out of range.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 * @example
 * ```ts
 * import { createServer } from "node:http"
 * import { sendEventStream } from "steadystream/node"
 *
 * createServer((req, res) => {
 *   async function* ticks() {
 *     for (let n = 1; n <= 3; n++) yield { id: `${n}`, data: `tick ${n}` }
 *   }
 *   sendEventStream(req, res, ticks(), { onError: console.error }).catch(() => res.destroy())
 * }).listen(3000)
 * ```
 */
export async function sendEventStream<Written = SseEventInit>(
  req: NodeRequestLike,
  res: NodeResponseLike,
  source: SseServerSource<Written>,
  options: SendEventStreamOptions<Written> = {},
): Promise<void> {
  try {
    return await send(req, res, source as SseServerSource, options as SendEventStreamOptions)
  } catch (error) {
    // A call that is refused leaves no stream open.
    discardItems(source, error)
    throw error
  }
}

async function send(
  req: NodeRequestLike,
  reply: NodeResponseLike,
  source: SseServerSource,
  options: SendEventStreamOptions,
): Promise<void> {
  const request = rawOf(req, "headers")
  const res = rawOf(reply, "writeHead")
  const isHead = request.method === "HEAD"
  const head = headOf(res, options, isHead)
  checkOptions(options, RESPONSE_KINDS)
  checkSource(source)
  const { clock = systemClock, signal, onError } = options
  const keepAlive = keepAliveOf(source, options)
  const greeting = options.retry === undefined ? undefined : encodeRetry(options.retry)
  const session = new EventSession(lastEventIdOf(request), options.events, clock)
  let resolve: () => void = ignore
  const over = new Promise<void>((settle) => (resolve = settle))
  const outlet = new ResponseOutlet(request, res, session, resolve)
  try {
    session.attach(isHead ? { backlog: 0, write: () => false, end: ignore, fail: ignore } : outlet)
    const run = new SourceRun(session, source, { onError, signals: signal === undefined ? [] : [signal] })
    if (outlet.isOver || isHead) session.leave(goneError())
    if (outlet.isOver) return
    // With comments, a first one follows if no event does.
    sendHead(reply, head, isHead || keepAlive === Infinity)
    if (isHead) outlet.end()
    else {
      if (greeting !== undefined) void session.write(greeting)
      if (keepAlive !== Infinity) new SessionKeepAlive(session, keepAlive, clock).start()
      session.onReady()
      void run.start()
    }
  } catch (error) {
    outlet.release()
    session.leave(error)
    throw error
  }
  await over
}
