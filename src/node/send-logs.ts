import type { HeaderOptions, LogRequest, LogServer } from "../session/index.ts"
import {
  endWithStatus,
  headOf,
  lastEventIdOf,
  type NodeRequestLike,
  type NodeResponseLike,
  rawOf,
  sendHead,
} from "./reply.ts"
import { ResponseOutlet } from "./response-outlet.ts"

/** Sends the events of logs as the response to a request; resolves when the response is over. */
export async function sendLogs<Target, Options extends HeaderOptions, Accepted extends LogRequest>(
  server: LogServer<Target, Options, Accepted>,
  req: NodeRequestLike,
  res: NodeResponseLike,
  target: Target,
  options: Options,
): Promise<void> {
  const request = rawOf(req, "headers")
  const isHead = request.method === "HEAD"
  const accepted = server.accept(lastEventIdOf(request), request.url, target, options)
  const head = headOf(rawOf(res, "writeHead"), options, isHead)
  const refusal = await server.refusalOf(accepted, options)
  if (refusal !== undefined) return endWithStatus(res, refusal, options.headers)
  return new Promise((resolve) => {
    const session = server.sessionOf(accepted.cursor)
    const outlet = new ResponseOutlet(request, rawOf(res, "writeHead"), session, resolve)
    session.attach(outlet)
    if (outlet.isOver) return resolve()
    sendHead(res, head, isHead)
    if (isHead) return outlet.end()
    session.onReady()
    server.open(session, accepted, options, true)
  })
}
