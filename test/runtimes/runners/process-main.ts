/* Runs the suite in a process of Node, Bun or Deno: its arguments are the bundle and an origin. Prints a report as JSON. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { pathToFileURL } from "node:url"
import { getRequestListener } from "@hono/node-server"
import type * as Suite from "../suite/index.ts"

type Handler = Parameters<Suite.Serve>[0]

interface Runtime {
  readonly Bun?: {
    readonly version: string
    serve(options: { port: 0; hostname: string; fetch: Handler }): {
      readonly port: number
      stop(closeActiveConnections: boolean): Promise<void>
    }
  }
  readonly Deno?: {
    readonly version: { readonly deno: string }
    serve(
      options: { port: 0; hostname: string; signal: AbortSignal; onListen(): void },
      handler: Handler,
    ): { readonly addr: { readonly port: number } }
  }
}

const { Bun, Deno } = globalThis as Runtime
const hostname = "127.0.0.1"

const serveOnBun: Suite.Serve = async (handler) => {
  const server = Bun!.serve({ port: 0, hostname, fetch: handler })
  return { origin: `http://${hostname}:${server.port}`, close: () => server.stop(true) }
}

const serveOnDeno: Suite.Serve = async (handler) => {
  const over = new AbortController()
  const { addr } = Deno!.serve({ port: 0, hostname, signal: over.signal, onListen: () => {} }, handler)
  return { origin: `http://${hostname}:${addr.port}`, close: async () => over.abort() }
}

const serveOnNode: Suite.Serve = async (handler) => {
  const listener = getRequestListener((request) => handler(request), { overrideGlobalObjects: false })
  const server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve))
  return {
    origin: `http://${hostname}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const [bundle = "", origin = "", only = ""] = process.argv.slice(2)
const { run } = (await import(pathToFileURL(bundle).href)) as typeof Suite
const serve = Bun !== undefined ? serveOnBun : Deno !== undefined ? serveOnDeno : serveOnNode
const version = Bun?.version ?? Deno?.version.deno ?? process.versions.node
const results = await run({ origin, serve, only })
// If every case passed, nothing may keep the process alive. After a failure, what that case left behind may.
const hasFailed = results.some(({ outcome }) => outcome === "failed")
process.stdout.write(`${JSON.stringify({ version, results })}\n`, () => hasFailed && process.exit())
