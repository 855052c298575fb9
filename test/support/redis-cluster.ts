/* Starts Redis clusters of tests: three servers on free loopback ports, each with a third of the slots. */
import { freePort } from "./free-port.ts"
import { type RedisServer, startRedis } from "./redis-server.ts"

const SLOTS = [
  [0, 5_460],
  [5_461, 10_922],
  [10_923, 16_383],
] as const

export interface RedisCluster {
  readonly servers: readonly RedisServer[]
  stop(): Promise<void>
}

export async function startCluster(): Promise<RedisCluster> {
  const started = await Promise.all(SLOTS.map(() => startClusterServer()))
  const servers = started.map(({ server }) => server)
  const [first] = started
  for (const [at, { command }] of servers.entries()) {
    await command("CLUSTER", "ADDSLOTSRANGE", ...SLOTS[at]!)
    if (at > 0) await command("CLUSTER", "MEET", "127.0.0.1", first!.server.port, first!.busPort)
  }
  for (const { command } of servers) {
    const isWhole = async () => {
      const info = String(await command("CLUSTER", "INFO"))
      return info.includes("cluster_state:ok") && info.includes("cluster_size:3")
    }
    while (!(await isWhole())) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    servers,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}

/** The port of a server's bus must be free as well: by default it is 10,000 higher, which may be no port at all. */
async function startClusterServer(): Promise<{ readonly server: RedisServer; readonly busPort: number }> {
  for (;;) {
    const busPort = await freePort()
    try {
      return { server: await startRedis({ "cluster-enabled": "yes", "cluster-port": busPort }), busPort }
    } catch (error) {
      if (!String(error).includes("exited")) throw error
    }
  }
}
