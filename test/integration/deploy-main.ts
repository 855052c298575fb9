/*
 * A server of a channel, which it publishes to by itself. It prints its port, and closes its channels on SIGTERM; then the
 * process ends by itself.
 */
import { createServer } from "node:http"
import { sendChannels } from "steadystream/node"
import { createChannels } from "steadystream/server"

const name = process.argv[2]!
const channels = createChannels()
const server = createServer((req, res) => {
  if (req.url === "/size") res.end(String(channels.size("news")))
  else void sendChannels(channels, req, res, "news")
})

let published = 0
const publisher = setInterval(() => void channels.publish("news", { data: `${name}${++published}` }), 20)

process.once("SIGTERM", () => {
  clearInterval(publisher)
  server.close()
  void channels.closeAll({ retry: 250, within: 1_000 }).then(() => server.closeIdleConnections())
})
server.listen(0, "127.0.0.1", () => console.log((server.address() as { port: number }).port))
