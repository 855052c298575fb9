/*
 * Sends an event stream through a Node response, without an import from Node. However the socket ends, the source is
 * stopped, every listener is removed, and no unhandled 'error' event ends the process.
 */
import type { SseEventInit } from "../event.ts"
import { onAbort } from "../internal/abort-listener.ts"
import { cancelQuietly, ignore } from "../internal/cancel.ts"
import { reportGlobally } from "../internal/hook.ts"
import { discardItems } from "../internal/item-source.ts"
import { eventStreamResponse, type EventStreamResponseOptions, type SseServerSource } from "../server/index.ts"
import { Connection } from "./connection.ts"
import type { NodeRequest, NodeResponse } from "./node-response.ts"

/** A request, or an object with the request as `raw`, as fastify's. */
export type NodeRequestLike = NodeRequest | Readonly<Record<"raw", NodeRequest>>

/** A response, or fastify's reply, which is hijacked; the headers set on the reply are sent. */
export type NodeResponseLike = NodeResponse | NodeReply

/** The members of fastify's reply that are used. */
export interface NodeReply {
  /** The response of the reply. */
  readonly raw: NodeResponse
  /** Makes the framework leave the response to the caller. */
  hijack?(): unknown
  /** Returns the headers set on the reply so far. */
  getHeaders?(): Readonly<Record<string, number | string | readonly string[] | undefined>>
}

/** Options of {@link sendEventStream}. */
export interface SendEventStreamOptions<Written = SseEventInit> extends Omit<
  EventStreamResponseOptions<Written>,
  "request"
> {}

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
 *   void sendEventStream(req, res, ticks(), { onError: console.error })
 * }).listen(3000)
 * ```
 */
export async function sendEventStream<Written = SseEventInit>(
  req: NodeRequestLike,
  res: NodeResponseLike,
  source: SseServerSource<Written>,
  options: SendEventStreamOptions<Written> = {},
): Promise<void> {
  const request = "raw" in req ? req.raw : req
  const target = "raw" in res ? res.raw : res
  if (target.headersSent) {
    const error = new TypeError("Cannot send event stream: the headers must not have been sent already")
    discardItems(source, error)
    throw error
  }
  let isFailed = false
  const onError = (error: unknown): unknown => {
    isFailed = true
    return (options.onError ?? reportGlobally)(error)
  }
  const response = eventStreamResponse<Written>(source, { ...options, onError, request: requestOf(request) })
  const body = response.body?.getReader()
  const connection = new Connection(request, target)
  if (connection.gone) return body?.cancel()
  const { signal } = options
  // A separate listener, because a client that does not read blocks the loop below in its last write.
  const forget = signal?.aborted === false ? onAbort(signal, () => connection.break()) : ignore
  try {
    if ("raw" in res) adopt(res)
    sendHead(target, response)
    if (body === undefined || (await connection.send(body))) await connection.end()
    else if (!isFailed) connection.break()
    else await connection.cut()
  } finally {
    forget()
    connection.release()
    if (body !== undefined) cancelQuietly(body)
  }
}

function requestOf(request: NodeRequest): EventStreamResponseOptions["request"] {
  const headers = {
    get(name: string) {
      const value = request.headers[name]
      return typeof value === "string" ? value : (value?.[0] ?? null)
    },
  }
  return { method: request.method, headers }
}

/** Hijacks the reply and copies the headers that were set on it, for example by a CORS plugin. */
function adopt(reply: NodeReply): void {
  reply.hijack?.()
  for (const [name, value] of Object.entries(reply.getHeaders?.() ?? {})) {
    if (value !== undefined) reply.raw.setHeader(name, value)
  }
}

function sendHead(res: NodeResponse, response: Response): void {
  for (const [name, value] of response.headers) if (name !== "set-cookie") res.setHeader(name, value)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) res.setHeader("set-cookie", cookies)
  res.removeHeader("content-length")
  res.writeHead(response.status)
  res.flushHeaders?.()
}
