/*
 * Law: imports nothing of Node; what it needs of a request and a response is typed by structure. Whatever happens to
 * the socket, the source is stopped, no listener stays, and no 'error' event is left to end the process.
 */
import type { SseEventInit } from "../event.ts"
import { onAbort } from "../internal/abort-listener.ts"
import { cancelQuietly, ignore } from "../internal/cancel.ts"
import { reportGlobally } from "../internal/hook.ts"
import { discardItems } from "../internal/item-source.ts"
import { eventStreamResponse, type EventStreamResponseOptions, type SseServerSource } from "../server/index.ts"
import { Connection } from "./connection.ts"
import type { NodeRequest, NodeResponse } from "./node-response.ts"

/** A request, or what holds one as fastify's does. */
export type NodeRequestLike = NodeRequest | Readonly<Record<"raw", NodeRequest>>

/** A response, or what holds one as fastify's reply does; that is hijacked, and the headers set on it are sent. */
export type NodeResponseLike = NodeResponse | NodeReply

/** What is used of fastify's reply. */
export interface NodeReply {
  /** The response that it holds. */
  readonly raw: NodeResponse
  /** Takes the response out of the framework's hands. */
  hijack?(): unknown
  /** The headers set on the reply so far. */
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
 * The headers go out at once; HEAD gets only them. The source goes no faster than the socket takes, and is stopped when
 * the client leaves; one that has left already stops it before its start. Everything else is as with
 * {@link eventStreamResponse}; a source that throws destroys the response, so that its client sees a broken connection.
 *
 * Resolves when the response is over, also when its client left or an aborted `signal` cut it.
 *
 * @throws TypeError (by rejecting) where the headers have been sent already, or `source` cannot give events.
 * @throws RangeError (by rejecting) where `status`, `keepAlive` or `retry` is out of range.
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
  // By itself, since a client that does not read would hold the loop below at its last write.
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

/** Takes the response out of its framework's hands, with the headers that were set there, as by a CORS plugin. */
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
