import { createClient } from "redis"
import { expect, onTestFinished, test } from "vitest"
import type { CommandFault } from "../support/faulty-proxy.ts"
import { describeWithRedis, proxyOfTest, redisOfTest } from "../support/with-redis.ts"

/** A client of the real package that does not connect again. */
async function connectTo(url: string) {
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: false } })
  client.on("error", () => {})
  await client.connect()
  onTestFinished(() => client.destroy())
  return client
}

const cuts: readonly [CommandFault, string | null][] = [
  ["cut-before", null],
  ["cut-inside", null],
  ["cut-after", "value"],
  ["cut-reply", "value"],
]

describeWithRedis("a Redis of a test", () => {
  test("startRedis starts an empty server, which restarts on its port without its keys", async () => {
    const server = await redisOfTest()
    expect(await server.command("SET", "key", "välue")).toBe("OK")
    expect(await server.command("MGET", "key", "none")).toEqual(["välue", null])
    await expect(server.command("NONE")).rejects.toThrow("unknown command")
    await server.restart()
    expect(await server.command("DBSIZE")).toBe(0)
    expect(await server.info("connected_clients")).toBe(1)
    await server.kill()
    await expect(server.command("PING")).rejects.toThrow("ECONNREFUSED")
  })

  test("startRedis takes options of several words", async () => {
    const server = await redisOfTest({ "client-output-buffer-limit": "pubsub 1mb 0 0", maxmemory: "8mb" })
    expect(String(await server.command("CONFIG", "GET", "client-output-buffer-limit"))).toContain("pubsub 1048576 0 0")
    expect(await server.info("maxmemory")).toBe(8 * 2 ** 20)
  })

  test("RedisServer.hold stops every answer until release", async () => {
    const server = await redisOfTest()
    server.hold()
    const reply = server.command("PING")
    const first = await Promise.race([reply, new Promise((resolve) => setTimeout(resolve, 50, "none"))])
    server.release()
    expect([first, await reply]).toEqual(["none", "PONG"])
  })
})

describeWithRedis("a proxy in front of a Redis", () => {
  test("startFaultyProxy forwards commands and counts them", async () => {
    const server = await redisOfTest()
    const proxy = await proxyOfTest(server)
    const client = await connectTo(proxy.url)
    const before = proxy.counts.commands
    const value = "é\r\n".repeat(100_000)
    await Promise.all(Array.from({ length: 20 }, (_, at) => client.set(`key${at}`, value)))
    expect(await client.get("key19")).toBe(value)
    expect([proxy.counts.commands - before, proxy.counts.connections, proxy.open]).toEqual([21, 1, 1])
    expect(proxy.counts.bytesUp).toBeGreaterThan(20 * Buffer.byteLength(value))
  })

  test.each(cuts)("startFaultyProxy with %s loses the reply, and the server has %s", async (fault, stored) => {
    const server = await redisOfTest()
    const proxy = await proxyOfTest(server)
    const client = await connectTo(proxy.url)
    proxy.onCommand = ({ args }) => (args[1] === "key" ? fault : undefined)
    const results = await Promise.allSettled([client.set("other", "1"), client.set("key", "value")])
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"])
    expect(await server.command("GET", "key")).toBe(stored)
    expect([proxy.counts.cuts, proxy.open]).toEqual([1, 0])
  })

  test("startFaultyProxy delays a command and what follows it", async () => {
    const server = await redisOfTest()
    const proxy = await proxyOfTest(server)
    const client = await connectTo(proxy.url)
    proxy.onCommand = ({ args }) => (args[1] === "slow" ? 500 : undefined)
    const order: string[] = []
    const other = await connectTo(proxy.url)
    await Promise.all([
      client.set("slow", "1").then(() => order.push("slow")),
      client.set("next", "1").then(() => order.push("next")),
      other.set("other", "1").then(() => order.push("other")),
    ])
    expect(order).toEqual(["other", "slow", "next"])
  })

  test("startFaultyProxy swallows a command and all that follows it", async () => {
    const server = await redisOfTest()
    const proxy = await proxyOfTest(server)
    const client = await connectTo(proxy.url)
    proxy.onCommand = ({ args }) => (args[1] === "key" ? "swallow" : undefined)
    const results = Promise.allSettled([client.set("key", "1"), client.set("next", "1")])
    await expect.poll(() => proxy.counts.commands).toBeGreaterThanOrEqual(2)
    expect(await server.command("DBSIZE")).toBe(0)
    proxy.cut()
    expect((await results).map(({ status }) => status)).toEqual(["rejected", "rejected"])
  })

  test("startFaultyProxy cuts only the subscribers, and refuses connections", async () => {
    const server = await redisOfTest()
    const proxy = await proxyOfTest(server)
    const client = await connectTo(proxy.url)
    const subscriber = await connectTo(proxy.url)
    await subscriber.subscribe("news", () => {})
    expect(proxy.cut("subscribers")).toBe(1)
    await expect.poll(() => subscriber.isOpen).toBe(false)
    expect(await client.set("key", "1")).toBe("OK")
    proxy.newConnections = "refuse"
    await expect(connectTo(proxy.url)).rejects.toThrow(/Socket closed unexpectedly|ECONNRESET/)
  })
})
