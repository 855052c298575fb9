import { expect, test } from "vitest"
import { ChannelClient } from "../../support/channel-client.ts"
import { redisNode, redisStoreOfTest } from "../../support/redis-node.ts"
import { appendAll, dataOf, numbers, patiently, seenBy, storedIn } from "../../support/stored-events.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"
import { describeWithRedis, proxyOfTest, redisOfTest } from "../../support/with-redis.ts"

failOnUnhandledRejections()

describeWithRedis("redisStore after a failover", () => {
  test.each([
    ["fewer", 2],
    ["as many", 5],
    ["more", 9],
  ])("sessions and cursors of lost entries get a gap, with %s new ones in their place", async (_, replaced) => {
    const server = await redisOfTest()
    const proxy = await proxyOfTest(server)
    const { store, channels } = await redisNode(proxy.url)
    const writer = await redisStoreOfTest(server.url)
    const client = new ChannelClient(channels, "log", { since: "start" })
    const { cursors: kept } = await appendAll(writer, "log", numbers(1, 10))
    await server.command("SAVE")
    const { cursors: lost } = await appendAll(writer, "log", numbers(11, 15))
    await expect.poll(() => client.data, patiently).toEqual(numbers(1, 15))
    // The node cannot reach Redis until there are new entries.
    proxy.newConnections = "refuse"
    proxy.cut()
    await server.restart()
    await appendAll(writer, "log", numbers(101, 100 + replaced))
    proxy.newConnections = "forward"
    await appendAll(writer, "log", ["201"])
    await expect.poll(() => seenBy(client).at(-1), patiently).toBe("201")
    const all = [...numbers(1, 10), ...numbers(101, 100 + replaced), "201"]
    expect(await storedIn(store, "log")).toEqual(all)
    const seen = seenBy(client)
    expect(seen.slice(0, 15)).toEqual(numbers(1, 15))
    expect(seen[15]).toMatch(/^gap /)
    // After the gap nothing that is new is missing.
    expect(seen.filter((data) => Number(data) > 100)).toEqual(all.slice(10))
    for (const cursor of lost) expect((await store.read("log", cursor)).gap).toBeDefined()
    for (const [at, cursor] of kept.entries()) {
      const { gap, events } = await store.read("log", cursor)
      expect([gap, events.map(dataOf)]).toEqual([undefined, all.slice(at + 1)])
    }
  })

  test("a restart that loses nothing is no gap for live sessions, nor for those that come back", async () => {
    const server = await redisOfTest()
    const { store, channels } = await redisNode(server.url)
    const live = new ChannelClient(channels, "log", { since: "start" })
    const { cursors } = await appendAll(store, "log", numbers(1, 5))
    await expect.poll(() => live.data, patiently).toEqual(numbers(1, 5))
    for (let restarts = 1; restarts <= 3; restarts++) {
      await server.command("SAVE")
      await server.restart()
      await appendAll(store, "log", numbers(5 * restarts + 1, 5 * restarts + 5))
      await expect.poll(() => seenBy(live).length, patiently).toBeGreaterThanOrEqual(5 * restarts + 5)
    }
    expect(seenBy(live)).toEqual(numbers(1, 20))
    const back = new ChannelClient(channels, "log", { cursor: live.read.lastEventId })
    await appendAll(store, "log", ["21"])
    await expect.poll(() => [seenBy(live).at(-1), seenBy(back)], patiently).toEqual(["21", ["21"]])
    expect((await store.read("log", cursors.at(-1)!)).state.last).toMatch(/-21$/)
  })

  test("a failover to a replica without the last entries is a gap for live sessions, which go on", async () => {
    const master = await redisOfTest({ "repl-diskless-sync-delay": 0 })
    const between = await proxyOfTest(master)
    const replica = await redisOfTest({ replicaof: `127.0.0.1 ${between.port}` })
    const proxy = await proxyOfTest(master)
    const { store, channels } = await redisNode(proxy.url)
    const client = new ChannelClient(channels, "log", { since: "start" })
    await appendAll(store, "log", numbers(1, 10))
    const hasAll = async () => {
      const sizes = await Promise.all([master, replica].map((server) => server.info("master_repl_offset")))
      return sizes[0] === sizes[1]
    }
    await expect.poll(hasAll, patiently).toBe(true)
    between.newConnections = "refuse"
    between.cut()
    const { cursors: lost } = await appendAll(store, "log", numbers(11, 15))
    await expect.poll(() => client.data, patiently).toEqual(numbers(1, 15))
    await master.kill()
    await replica.command("REPLICAOF", "NO", "ONE")
    proxy.target = replica.port
    await expect.poll(() => seenBy(client).slice(15, 16), patiently).toEqual([expect.stringMatching(/^gap /)])
    const gapped = await store.read("log", lost.at(-1)!)
    expect(gapped.gap).toBeDefined()
    await appendAll(store, "log", numbers(101, 110))
    await expect.poll(() => seenBy(client).at(-1), patiently).toBe("110")
    expect(await storedIn(store, "log")).toEqual([...numbers(1, 10), ...numbers(101, 110)])
    expect(seenBy(client).filter((data) => Number(data) > 100)).toEqual(numbers(101, 110))
    expect(seenBy(client).filter((data) => data.startsWith("gap"))).toHaveLength(1)
  })
})
