import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  export interface ProvidedContext {
    streamServer: string
  }
}

const DATA = ["1", "2", "3", "4 ✓", "5", "6"]
const open = new Map<string, number>()

/**
 * A server for browser tests, on another origin than the page. Each path is a stream of six events, two per
 * connection, from the last event ID on.
 */
export default async function setup(project: TestProject): Promise<() => Promise<unknown>> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  project.provide("streamServer", `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url!, "http://localhost")
  const has = (name: string) => url.searchParams.has(name)
  response.setHeader("access-control-allow-origin", request.headers.origin ?? "*")
  response.setHeader("access-control-allow-headers", "last-event-id, cache-control")
  response.setHeader("content-type", url.searchParams.get("type") ?? "text/event-stream")
  if (request.method === "OPTIONS") return void response.writeHead(204).end()
  if (has("open")) return void response.end(String(open.get(url.pathname) ?? 0))
  if (has("redirect")) return void response.writeHead(307, { location: url.pathname }).end()
  if (has("status")) return void response.writeHead(Number(url.searchParams.get("status"))).end("no")
  // Browsers send the header's bytes, which Node decodes as Latin-1.
  const from = Number.parseInt(Buffer.from((request.headers["last-event-id"] as string) ?? "0", "latin1").toString())
  if (from >= DATA.length) return void response.writeHead(204).end()
  open.set(url.pathname, (open.get(url.pathname) ?? 0) + 1)
  response.once("close", () => open.set(url.pathname, open.get(url.pathname)! - 1))
  for (const data of DATA.slice(from, from + 2)) response.write(`id: ${data}\ndata: ${data}\n\n`)
  if (!has("stall")) response.end()
}
