/* A server of pages and of their streams, which counts connections. Each stream is replayed after the last event ID. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { bundle } from "../support/bundle.ts"

interface Stream {
  readonly open: Set<ServerResponse>
  events: number
  /** The tab that made the newest request. */
  leader: string | undefined
  requests: number
  maxOpen: number
}

export class TabServer {
  origin = ""
  readonly #streams = new Map<string, Stream>()
  readonly #server = createServer((request, response) => this.#answer(request, response))
  #script = ""

  async start(): Promise<this> {
    const client = fileURLToPath(new URL("../../dist/client.js", import.meta.url))
    this.#script = await bundle("test/tabs/page-main.ts", { alias: { "steadystream/client": client } })
    await new Promise<void>((resolve) => void this.#server.listen(0, "127.0.0.1", resolve))
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  stream(key: string): Stream {
    const known = this.#streams.get(key)
    const stream = known ?? { open: new Set(), events: 0, leader: undefined, requests: 0, maxOpen: 0 }
    this.#streams.set(key, stream)
    return stream
  }

  emit(key: string): void {
    const stream = this.stream(key)
    stream.events++
    for (const response of stream.open) response.write(blockOf(stream.events))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url!, "http://localhost")
    if (pathname === "/script.js") {
      response.setHeader("content-type", "text/javascript")
      return void response.end(this.#script)
    }
    const [, key] = /^\/stream\/(.*)$/.exec(pathname) ?? []
    if (key === undefined) {
      response.setHeader("content-type", "text/html")
      return void response.end('<!doctype html><title>Tab</title><script src="/script.js"></script>')
    }
    const stream = this.stream(key)
    stream.requests++
    stream.leader = String(request.headers["x-tab"])
    stream.open.add(response)
    stream.maxOpen = Math.max(stream.maxOpen, stream.open.size)
    response.once("close", () => stream.open.delete(response))
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
    // Measured: Firefox reports a response when the first bytes of its body arrive.
    response.write(":\n\n")
    for (let number = Number(request.headers["last-event-id"] ?? 0) + 1; number <= stream.events; number++) {
      response.write(blockOf(number))
    }
  }
}

function blockOf(number: number): string {
  return `id: ${number}\ndata: ${number}\n\n`
}
