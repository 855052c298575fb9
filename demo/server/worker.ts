/* One of the two server processes of the demo on Redis. The front, which is its parent, forwards requests to it. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { redisStore } from "steadystream/redis"
import { KEPT_EVENTS } from "./channel-room.ts"
import { connectToRedis } from "./redis-connection.ts"
import { Router } from "./router.ts"
import type { Activity } from "./stored-answers.ts"
import { StoredStreams } from "./stored-streams.ts"

/** What the front gets from its workers: the port once, then each change of the activity. */
export type WorkerMessage = { readonly port: number } | { readonly activity: Activity }

/** The longest wait for Redis at the end, so that Ctrl-C ends the demo in any case. */
const END_MS = 500
/** The begin of the demo's keys in Redis. */
const PREFIX = "steadystream-demo:"

const [number, token] = process.argv.slice(2).map(Number)
const send = (message: WorkerMessage): void => void (process.connected && process.send!(message))

let streams: StoredStreams | undefined

const end = (): void => {
  setTimeout(() => process.exit(), END_MS)
  void Promise.resolve(streams?.close()).finally(() => process.exit())
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end)
// The front has ended without a signal to this process.
process.once("disconnect", end)

const client = await connectToRedis(process.env["REDIS_URL"]!)
const served = new StoredStreams({
  store: redisStore(client, { prefix: PREFIX, retention: { events: KEPT_EVENTS } }),
  number: number!,
  token: token!,
  nextTick: () => client.incr(`${PREFIX}ticks`),
  onChange: () => send({ activity: served.activity }),
})
streams = served
const router = new Router(served.routes)
const server = createServer((req, res) => void router.handle(req, res))
server.listen(0, "127.0.0.1", () => send({ port: (server.address() as AddressInfo).port }))
