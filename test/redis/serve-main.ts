/* A server of three channels of a Redis, in a process of its own. It prints its port. */
import { createServer } from "node:http"
import { createClient } from "redis"
import { sendChannels } from "../../src/node/index.ts"
import { redisStore } from "../../src/redis/index.ts"
import { createChannels } from "../../src/server/index.ts"

const client = createClient({ url: process.argv[2]! })
client.on("error", () => {})
await client.connect()
const channels = createChannels({ store: redisStore(client) })
const server = createServer((req, res) => {
  void sendChannels(channels, req, res, ["a", "b", "c"], { since: "start" })
})
server.listen(0, "127.0.0.1", () => console.log((server.address() as { port: number }).port))
