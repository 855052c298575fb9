/* Serves MCP sessions over HTTP. A client that comes back gets what it missed, from every process of the store. */
import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import { sendEventStream } from "steadystream/node"
import type { EventStore } from "steadystream/server"
import { SessionEvents } from "./session-events.ts"

export interface McpHandlerOptions {
  readonly store: EventStore
  readonly createMcpServer: () => McpServer
  /** The sessions of this process. */
  readonly maxSessions?: number
  /** Milliseconds without an open response after which a session is closed. */
  readonly idle?: number
  /** Milliseconds that a client waits before it comes back. */
  readonly retryInterval?: number
}

interface McpSession {
  readonly transport: StreamableHTTPServerTransport
  readonly idle: NodeJS.Timeout
  open: number
}

export function createMcpHandler(options: McpHandlerOptions) {
  const { store, createMcpServer, maxSessions = 10_000, idle: idleTime = 300_000, retryInterval = 1_000 } = options
  const sessions = new Map<string, McpSession>()

  async function start(req: IncomingMessage, res: ServerResponse, body?: unknown): Promise<void> {
    if (sessions.size >= maxSessions) return refuse(res, 503, "Too many sessions")
    const sessionId = randomUUID()
    const events = new SessionEvents(store, sessionId)
    const transport = new StreamableHTTPServerTransport({
      eventStore: events,
      retryInterval,
      sessionIdGenerator: () => sessionId,
      onsessioninitialized: () => {
        const idle = setTimeout(() => (session.open === 0 ? void transport.close() : idle.refresh()), idleTime).unref()
        const session: McpSession = { transport, idle, open: 0 }
        sessions.set(sessionId, session)
        track(session, res)
      },
      onsessionclosed: () => events.end(),
    })
    transport.onclose = () => {
      clearTimeout(sessions.get(sessionId)?.idle)
      sessions.delete(sessionId)
    }
    await createMcpServer().connect(transport)
    await transport.handleRequest(req, res, body)
  }

  return async (req: IncomingMessage, res: ServerResponse, body?: unknown): Promise<void> => {
    const sessionId = req.headers["mcp-session-id"]
    const lastEventId = req.headers["last-event-id"]
    if (typeof sessionId !== "string") return start(req, res, body)
    const session = sessions.get(sessionId)
    if (session !== undefined) track(session, res)
    if (req.method === "GET" && typeof lastEventId === "string") {
      return resume(req, res, new SessionEvents(store, sessionId), lastEventId)
    }
    if (session === undefined) return refuse(res, 404, "Session not found")
    return session.transport.handleRequest(req, res, body)
  }
}

/** Sends what the client missed of one stream, and then the messages to come. */
async function resume(req: IncomingMessage, res: ServerResponse, events: SessionEvents, lastEventId: string) {
  const left = new AbortController()
  res.once("close", () => left.abort())
  // The session may have died with its process. So the response ends, and the client comes back if it still waits.
  const signal = AbortSignal.any([left.signal, AbortSignal.timeout(300_000)])
  const messages = events.follow(lastEventId, signal)
  if ((await messages.next()).done === true) return refuse(res, 404, "Event not found")
  const { "mcp-protocol-version": version = "" } = req.headers
  await sendEventStream(req, res, async function* () {
    // Clients before this version cannot read an event without data. Later ones need its ID if this connection breaks.
    if (String(version) >= "2025-11-25") yield { id: lastEventId, data: "" }
    for await (const { id, message } of messages) yield { event: "message", id, data: JSON.stringify(message) }
  })
}

/** Keeps a session from being closed while one of its responses is open. */
function track(session: McpSession, res: ServerResponse): void {
  session.open++
  res.once("close", () => {
    session.open--
    session.idle.refresh()
  })
}

function refuse(res: ServerResponse, status: number, message: string): void {
  const body = { jsonrpc: "2.0", error: { code: -32_000, message }, id: null }
  res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
}
