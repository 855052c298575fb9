import type { SseEvent } from "../event.ts"
import type { LogServer } from "../session/index.ts"
import type { Channels, ConnectOptions } from "../server/index.ts"
import type { NodeRequestLike, NodeResponseLike } from "./reply.ts"
import { sendLogs } from "./send-logs.ts"

/**
 * Sends the events of one or more channels as the response to a request of node:http, node:http2, express or fastify, as
 * {@link Channels.respond} does for servers that return a `Response`. Authorize the request before, at each call.
 *
 * Resolves when the response is over, for any reason.
 *
 * @param names - One name, or 1 to 64 of them.
 * @throws TypeError (by rejecting) if the headers have already been sent, or a name or an option is not valid.
 * @throws {@link SseStoreError} (by rejecting) if `onGap: "refuse"` could not ask the store.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#last-event-id
 * @example
 * ```ts
 * import { createServer } from "node:http"
 * import { sendChannels } from "steadystream/node"
 * import { createChannels } from "steadystream/server"
 *
 * const channels = createChannels()
 * createServer((req, res) => {
 *   sendChannels(channels, req, res, "news").catch(() => res.destroy())
 * }).listen(3000)
 * await channels.publish("news", { data: "hello" })
 * ```
 */
export async function sendChannels<Event extends SseEvent<string, unknown>, Written>(
  channels: Channels<Written, Event>,
  req: NodeRequestLike,
  res: NodeResponseLike,
  names: string | readonly string[],
  options: ConnectOptions<Event, Written> = {},
): Promise<void> {
  const server = channels as unknown as LogServer<string | readonly string[], ConnectOptions<Event, Written>>
  if (typeof server?.open !== "function" || typeof channels.publish !== "function")
    throw new TypeError("Cannot send channels: they must be made by createChannels()")
  return sendLogs(server, req, res, names, options)
}
