import { eventStreamHeaders, refusalHeaders } from "../../internal/event-stream-headers.ts"
import {
  BodyOutlet,
  decodeLastEventId,
  type HeaderOptions,
  leaveWhenAborted,
  type LogRequest,
  type LogServer,
} from "../../session/index.ts"
import type { EventStreamRequest } from "../event-stream-response.ts"

/** Answers a request as a `Response`; the session begins when the body is first read. */
export async function respondWith<Target, Options extends HeaderOptions, Accepted extends LogRequest>(
  server: LogServer<Target, Options, Accepted>,
  request: EventStreamRequest,
  target: Target,
  options: Options,
): Promise<Response> {
  if (typeof request?.headers?.get !== "function") {
    throw new TypeError(
      "Cannot respond: the request must be a Request; for node:http use sendChannels() or sendAnswer()",
    )
  }
  const cursor = decodeLastEventId(request.headers.get("last-event-id"))
  const accepted = server.accept(cursor, request.url, target, options)
  const headers = eventStreamHeaders(options.headers, "no-store")
  const refusal = await server.refusalOf(accepted, options)
  if (refusal !== undefined) {
    return new Response(null, { status: refusal, headers: refusalHeaders(options.headers, refusal) })
  }
  if (request.method === "HEAD") return new Response(null, { headers })
  const session = server.sessionOf(accepted.cursor)
  const outlet = new BodyOutlet(session, () => {
    server.open(session, accepted, options, false)
    if (request.signal !== undefined) leaveWhenAborted(session, request.signal)
  })
  return new Response(outlet.body, { headers })
}
