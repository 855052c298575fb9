/* A TCP load balancer: a connection goes to the next of its servers in turn, and past those that refuse it. */
import { connect, createServer, type Socket } from "node:net"
import { listen } from "./listen.ts"

/** A load balancer in front of some servers. */
export interface Balancer {
  readonly origin: string
  /** The connections to each server that are open now. */
  open(): number[]
}

/** Starts a load balancer for one test. */
export async function startBalancer(origins: readonly string[]): Promise<Balancer> {
  const ports = origins.map((origin) => Number(new URL(origin).port))
  const open = origins.map(() => new Set<Socket>())
  let turn = 0

  function forward(client: Socket, at: number, triesLeft: number): void {
    const upstream = connect(ports[at]!, "127.0.0.1")
    let isConnected = false
    upstream.on("connect", () => {
      isConnected = true
      open[at]!.add(client)
      client.pipe(upstream, { end: false })
      upstream.pipe(client, { end: false })
    })
    upstream.on("error", () => {})
    upstream.on("close", () => {
      open[at]!.delete(client)
      if (isConnected || triesLeft === 0 || client.destroyed) client.destroy()
      else forward(client, (at + 1) % ports.length, triesLeft - 1)
    })
    client.on("close", () => upstream.destroy())
  }
  const server = createServer((client) => {
    client.on("error", () => {})
    forward(client, turn++ % ports.length, ports.length - 1)
  })
  const closeAll = () => {
    for (const client of open.flatMap((sockets) => [...sockets])) client.destroy()
  }
  const origin = await listen(Object.assign(server, { closeAllConnections: closeAll }))
  return { origin, open: () => open.map(({ size }) => size) }
}
