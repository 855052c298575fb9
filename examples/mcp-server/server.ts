/* An MCP server with a slow tool. With REDIS_URL, several processes serve the same sessions. */
import { createServer } from "node:http"
import { setTimeout } from "node:timers/promises"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { createClient } from "redis"
import { redisStore } from "steadystream/redis"
import { type EventStore, memoryStore } from "steadystream/server"
import { createMcpHandler } from "./mcp-handler.ts"

function createMcpServer(): McpServer {
  const server = new McpServer({ name: "reports", version: "1.0.0" })
  server.registerTool("report", { description: "Writes the report" }, async ({ _meta, sendNotification }) => {
    for (let progress = 1; progress <= 10; progress++) {
      await setTimeout(100)
      if (_meta?.progressToken === undefined) continue
      const params = { progressToken: _meta.progressToken, progress, total: 10 }
      await sendNotification({ method: "notifications/progress", params })
    }
    return { content: [{ type: "text", text: "The report is ready" }] }
  })
  return server
}

async function openStore(url: string | undefined): Promise<EventStore> {
  if (url === undefined) return memoryStore()
  const client = createClient({ url })
  // Without a listener, an error of the connection ends the process. The client connects again by itself.
  client.on("error", console.error)
  await client.connect()
  return redisStore(client)
}

const store = await openStore(process.env["REDIS_URL"])
const handle = createMcpHandler({ store, createMcpServer })
createServer((req, res) => {
  handle(req, res).catch((error: Error) => res.destroy(error))
}).listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1")
