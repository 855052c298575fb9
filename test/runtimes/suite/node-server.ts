/* Servers of the runtime's own node:http, if it has one. */
import type { NodeRequestLike, NodeResponseLike } from "steadystream/node"
import { needs, type SuiteContext } from "./suite.ts"

interface Server {
  listen(port: number, host: string, listening: () => void): void
  address(): { readonly port: number } | null
  on(event: "error", listener: (error: unknown) => void): void
  close(): void
  closeAllConnections?(): void
}

type NodeHandler = (request: NodeRequestLike & { readonly url?: string }, response: NodeResponseLike) => unknown

interface Http {
  createServer(handler: NodeHandler): Server
}

async function listen(handler: NodeHandler): Promise<Server> {
  // Not a literal, which a bundler would try to resolve.
  const name = "node:http"
  const { createServer } = (await import(name)) as Http
  const server = createServer(handler)
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject)
    server.listen(0, "127.0.0.1", resolve)
  })
  return server
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${server.address()?.port}/`
}

function close(server: Server): void {
  server.closeAllConnections?.()
  server.close()
}

let asked: Promise<string | undefined> | undefined

/** Asks the runtime once for a server of node:http that answers; returns what it lacks. */
async function lack(): Promise<string | undefined> {
  const server = await listen((_, response) => (response as { end(text: string): void }).end("answer")).catch(() => {})
  if (server === undefined) return "it has no servers of node:http"
  const answer = await fetch(originOf(server)).then(
    (response) => response.text(),
    () => "",
  )
  close(server)
  return answer === "answer" ? undefined : "its servers of node:http accept no connections"
}

/** Makes the case impossible if the runtime has no servers of node:http. */
export async function needsNodeServer(): Promise<void> {
  asked ??= lack()
  const reason = await asked
  needs(reason === undefined, reason ?? "")
}

/** Starts a server of node:http for one case, and returns its origin with a final slash. */
export async function serveOnNode({ after }: SuiteContext, handler: NodeHandler): Promise<string> {
  await needsNodeServer()
  const server = await listen(handler)
  after(() => close(server))
  return originOf(server)
}
