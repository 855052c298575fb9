/* MCP servers and clients of the official package, for tests of the example. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { expect, onTestFinished } from "vitest"
import { freePort } from "./free-port.ts"
import { listen } from "./listen.ts"
import { startCuttingProxy } from "./cutting-proxy.ts"

/** A run of the tool `count`, which the test moves on. */
export interface ToolRun {
  /** Sends one progress notification; resolves when the server has sent and stored it, or rejects if it could not. */
  step(): Promise<void>
  /** Sends a log message that belongs to the session, not to the call. */
  log(text: string): Promise<void>
  /** Ends the run with a result. */
  finish(): void
}

/** A server whose tool sends progress when the test says so. Its result is the text that it was called with. */
export function steppedTool() {
  const runs = new Map<string, ToolRun>()
  const waiting = new Map<string, (run: ToolRun) => void>()
  function createMcpServer(): McpServer {
    const server = new McpServer({ name: "test", version: "1.0.0" }, { capabilities: { logging: {} } })
    server.registerTool("count", {}, async ({ _meta, sendNotification, signal }) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const name = String(_meta?.["run"])
      let progress = 0
      const run: ToolRun = {
        step: async () => {
          const params = { progressToken: _meta!.progressToken!, progress: ++progress, message: name }
          await sendNotification({ method: "notifications/progress", params })
        },
        log: (text) => server.sendLoggingMessage({ level: "info", data: text }),
        finish: resolve,
      }
      signal.addEventListener("abort", () => resolve())
      runs.set(name, run)
      waiting.get(name)?.(run)
      await promise
      return { content: [{ type: "text", text: name }] }
    })
    return server
  }
  /** Resolves when the tool has been called with this name. */
  const run = (name: string) =>
    new Promise<ToolRun>((resolve) => {
      if (runs.has(name)) resolve(runs.get(name)!)
      else waiting.set(name, resolve)
    })
  return { createMcpServer, run }
}

/** Serves a handler of MCP on a free loopback port for one test. */
export function serveMcp(handler: (req: IncomingMessage, res: ServerResponse) => Promise<void>): Promise<string> {
  const onError = (res: ServerResponse) => () => void res.destroy()
  return listen(createServer((req, res) => void handler(req, res).catch(onError(res))))
}

/** An official client, whose connections the test can cut. */
export async function connectMcp(origin: string) {
  const proxy = await startCuttingProxy(origin)
  const client = new Client({ name: "test", version: "1.0.0" })
  const reconnectionOptions = {
    initialReconnectionDelay: 5,
    maxReconnectionDelay: 5,
    reconnectionDelayGrowFactor: 1,
    maxRetries: 3,
  }
  const transport = new StreamableHTTPClientTransport(new URL(proxy.origin), { reconnectionOptions })
  // A lost connection is an error event of the package too; what a test needs is in the calls.
  client.onerror = () => {}
  await client.connect(transport)
  onTestFinished(() => client.close())
  /** Calls the tool; resolves when the client can resume the call. */
  async function call(name: string) {
    const seen: string[] = []
    const ids: string[] = []
    const params = { name: "count", _meta: { run: name } }
    const onprogress = ({ progress, message }: { progress: number; message?: string | undefined }) => {
      seen.push(`${message} ${progress}`)
    }
    const result = client
      .callTool(params, undefined, { onprogress, onresumptiontoken: (id) => void ids.push(id) })
      .then(({ content }) => (content as { text: string }[])[0]!.text)
    result.catch(() => {})
    await expect.poll(() => ids).not.toEqual([])
    return { seen, ids, result }
  }
  return { client, transport, proxy, call }
}

/** Comes back to a session with any text as the last event ID, and returns the reply. */
export async function comeBack(
  origin: string,
  { sessionId, protocolVersion }: Pick<StreamableHTTPClientTransport, "sessionId" | "protocolVersion">,
  lastEventId: string,
): Promise<Response> {
  const headers = {
    accept: "text/event-stream",
    "mcp-session-id": sessionId!,
    "mcp-protocol-version": protocolVersion!,
    "last-event-id": lastEventId,
  }
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  return fetch(origin, { headers, signal: controller.signal })
}

/** Runs `examples/mcp-server/server.ts` in a process of its own, on a Redis. `kill` ends it at once (SIGKILL). */
export async function runServer(redisUrl: string) {
  const port = await freePort()
  const env = { ...process.env, PORT: String(port), REDIS_URL: redisUrl }
  const child = spawn(process.execPath, ["--no-warnings", "examples/mcp-server/server.ts"], { env, stdio: "inherit" })
  const exited = once(child, "exit")
  const kill = async () => {
    child.kill("SIGKILL")
    await exited
  }
  onTestFinished(kill)
  const origin = `http://127.0.0.1:${port}`
  await expect.poll(() => fetch(origin).then((response) => response.body?.cancel())).toBe(undefined)
  return { origin, kill }
}
