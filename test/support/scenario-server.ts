/*
 * A server whose responses the test scripts over HTTP, so that a test in a page or a worker can do the same as one in
 * Node. It has two origins, which share their scripts.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { type Part, type Reply, type SeenRequest } from "../eventsource/script.ts"

interface Script {
  readonly replies: readonly Reply[]
  readonly seen: SeenRequest[]
  closed: number
  passes: number
  readonly watchers: Set<() => void>
}

export interface ScenarioServer {
  /** Two origins, `http://127.0.0.1:port` each. */
  readonly origins: readonly [string, string]
  /** Sets the response to a GET of `path`. */
  addPage(path: string, type: string, body: string): void
  close(): Promise<void>
}

export async function startScenarioServer(): Promise<ScenarioServer> {
  const scenario = new Scenario()
  const servers = await Promise.all([listen(scenario), listen(scenario)])
  const [first, second] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return {
    origins: [first!, second!],
    addPage: (path, type, body) => scenario.pages.set(path, { type, body }),
    close: async () => {
      for (const server of servers) server.closeAllConnections()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}

async function listen(scenario: Scenario): Promise<Server> {
  const server = createServer((request, response) => {
    scenario.handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return server
}

class Scenario {
  readonly pages: Map<string, { type: string; body: string }> = new Map()
  readonly #scripts: Map<string, Script> = new Map()

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url!, "http://host")
    const [, action, key = ""] = pathname.split("/")
    const page = this.pages.get(pathname)
    if (page !== undefined) {
      response.writeHead(200, { "content-type": page.type, "access-control-allow-origin": "*" }).end(page.body)
      return
    }
    if (action === "stream") return this.#stream(this.#scripts.get(key), request, response)
    response.setHeader("access-control-allow-origin", request.headers.origin ?? "*")
    response.setHeader("access-control-allow-credentials", "true")
    response.setHeader("cache-control", "no-store")
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify(await this.#control(action ?? "", key, searchParams, request, response)))
  }

  async #control(
    action: string,
    key: string,
    search: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<unknown> {
    if (action === "script") {
      const replies = JSON.parse(await textOf(request)) as Reply[]
      // After the body, because several scripts may arrive at the same time.
      const id = String(this.#scripts.size)
      this.#scripts.set(id, { replies, seen: [], closed: 0, passes: 0, watchers: new Set() })
      return { key: id }
    }
    if (action === "cookie") {
      response.setHeader("set-cookie", `${search.get("name")}=${search.get("value")}; Path=/`)
      return {}
    }
    const script = this.#scripts.get(key)
    if (script === undefined) return { error: "no such script" }
    const count = Number(search.get("count") ?? 0)
    if (action === "seen") await changed(script, () => script.seen.length >= count)
    if (action === "closed") await changed(script, () => script.closed >= count)
    if (action === "pass") change(script, () => script.passes++)
    return script.seen
  }

  async #stream(script: Script | undefined, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (script === undefined) return void response.writeHead(404).end()
    response.on("close", () => change(script, () => script.closed++))
    const body = await textOf(request)
    const { method = "", url = "", headers } = request
    const reply = script.replies[Math.min(script.seen.length, script.replies.length - 1)] ?? {}
    if (method === "OPTIONS") return answerPreflight(script.replies, request, response)
    change(script, () =>
      script.seen.push({ method, url, headers: headers as Record<string, string>, body, at: Date.now() }),
    )
    if (reply.status === 0) return void request.socket.resetAndDestroy()
    for (const part of reply.before ?? []) await play(script, part, response)
    const type = reply.type === undefined ? "text/event-stream" : reply.type
    // A client may misread a body that the status forbids, and that must not affect its next request.
    if (reply.status !== undefined) response.setHeader("connection", "close")
    response.writeHead(reply.status ?? 200, { ...(type !== null && { "content-type": type }), ...reply.headers })
    response.flushHeaders()
    for (const part of reply.body ?? []) await play(script, part, response)
    if (reply.ending === "reset") request.socket.resetAndDestroy()
    else if (reply.ending !== "hold") response.end()
  }
}

function answerPreflight(replies: readonly Reply[], request: IncomingMessage, response: ServerResponse): void {
  if (!replies.some((reply) => reply.preflight === true)) return void response.writeHead(405).end()
  response.writeHead(204, {
    "access-control-allow-origin": request.headers.origin ?? "*",
    "access-control-allow-headers": request.headers["access-control-request-headers"] ?? "",
  })
  response.end()
}

async function play(script: Script, part: Part, response: ServerResponse): Promise<void> {
  if (typeof part === "object" && "gate" in part) {
    // In one step, because several responses may wait, and a client that has left takes no pass.
    await changed(script, () => response.destroyed || (script.passes > 0 && script.passes-- > 0))
    return
  }
  const bytes = typeof part === "string" ? Buffer.from(part) : Buffer.from(part)
  await new Promise((resolve) => response.write(bytes, resolve))
}

function change(script: Script, act: () => void): void {
  act()
  for (const watcher of script.watchers) watcher()
}

function changed(script: Script, isReached: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const watch = () => {
      if (!isReached()) return
      script.watchers.delete(watch)
      resolve()
    }
    script.watchers.add(watch)
    watch()
  })
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ""
  for await (const chunk of request.setEncoding("utf8")) text += chunk as string
  return text
}
