import { connect, createServer, type Socket } from "node:net"
import { listen } from "./listen.ts"

/** A TCP proxy between clients and a server. */
export interface CuttingProxy {
  readonly origin: string
  /** Destroys every connection; the connections that arrive from now on wait. */
  cut(): void
  /** Forwards connections again, those that wait and those to come. */
  resume(): void
  /** Forwards the connections to come to another local port. */
  route(target: string): void
}

const portOf = (origin: string) => Number(new URL(origin).port)

/** Starts a proxy for one test that cuts connections on request, in front of a local port. */
export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  let port = portOf(target)
  const sockets = new Set<Socket>()
  let waiting: Socket[] | undefined

  function keep(socket: Socket): Socket {
    sockets.add(socket)
    return socket.on("error", () => {}).on("close", () => void sockets.delete(socket))
  }
  function forward(client: Socket): void {
    if (client.destroyed) return
    const upstream = keep(connect(port, "127.0.0.1"))
    client.on("close", () => upstream.destroy())
    upstream.on("close", () => client.destroySoon())
    client.pipe(upstream, { end: false })
    upstream.pipe(client, { end: false })
  }
  function cut(): void {
    waiting ??= []
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((client) => {
    keep(client)
    if (waiting === undefined) forward(client)
    else waiting.push(client)
  })
  const origin = await listen(Object.assign(server, { closeAllConnections: cut }))
  return {
    origin,
    cut,
    resume() {
      for (const client of waiting?.splice(0) ?? []) forward(client)
      waiting = undefined
    },
    route(next) {
      port = portOf(next)
    },
  }
}
