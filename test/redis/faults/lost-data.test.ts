import { expect, test } from "vitest"
import { ChannelClient } from "../../support/channel-client.ts"
import { countDelivery, expectWhole, printCounts } from "../../support/delivery-counts.ts"
import { redisNode, redisStoreOfTest, untilStored } from "../../support/redis-node.ts"
import type { RedisServer } from "../../support/redis-server.ts"
import { appendAll, dataOf, numbers, patiently, seenBy, storedIn, textOf } from "../../support/stored-events.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"
import { describeWithRedis, redisOfTest } from "../../support/with-redis.ts"

failOnUnhandledRejections()

/** The ways in which a Redis loses everything. */
const losses: readonly [string, (server: RedisServer) => Promise<unknown>][] = [
  ["FLUSHALL", (server) => server.command("FLUSHALL")],
  ["a restart without persistence", (server) => server.restart()],
]

describeWithRedis("redisStore after a loss of data", () => {
  test.each(losses)("after %s each live session gets one gap and goes on", async (_, lose) => {
    const server = await redisOfTest()
    const nodes = [await redisNode(server.url), await redisNode(server.url, { client: "ioredis" })]
    const names = ["a", "b"]
    const clients = nodes.flatMap(({ channels }) => [
      ...names.map((name) => new ChannelClient(channels, name, { since: "start" })),
      new ChannelClient(channels, names, { since: "start" }),
    ])
    const writer = await redisStoreOfTest(server.url)
    for (const name of names) await appendAll(writer, name, numbers(1, 5))
    const count = (client: ChannelClient) => seenBy(client).filter((data) => !data.startsWith("gap")).length
    const sizes = clients.map((_client, at) => (at % 3 === 2 ? 10 : 5))
    await expect.poll(() => clients.map(count), patiently).toEqual(sizes)
    await lose(server)
    for (const name of names) await appendAll(writer, name, numbers(6, 10))
    await expect.poll(() => clients.map(count), patiently).toEqual(sizes.map((size) => 2 * size))
    expect(clients.map(({ ending }) => ending)).toEqual(clients.map(() => "open"))
    for (const [at, client] of clients.entries()) {
      if (at % 3 === 2) {
        expect(seenBy(client).filter((data) => data.startsWith("gap"))).toEqual(["gap epoch", "gap epoch"])
      } else expect(seenBy(client)).toEqual([...numbers(1, 5), "gap epoch", ...numbers(6, 10)])
    }
  })

  test.each(losses)(
    "after %s a client that comes back with its cursor gets a gap, and no cursor is used again",
    async (_, lose) => {
      const server = await redisOfTest()
      const { store, channels } = await redisNode(server.url)
      const { cursors: before } = await appendAll(store, "log", numbers(1, 5))
      await lose(server)
      const { cursors: after } = await appendAll(store, "log", numbers(6, 12))
      expect(new Set([...before, ...after]).size).toBe(12)
      const clients = before.map((cursor) => new ChannelClient(channels, "log", { cursor }))
      const expected = ["gap epoch", ...numbers(6, 12)]
      await expect.poll(() => clients.map(seenBy), patiently).toEqual(before.map(() => expected))
    },
  )

  test("after FLUSHALL a session of a channel without events gets no gap", async () => {
    const server = await redisOfTest()
    const { store, channels } = await redisNode(server.url)
    const client = new ChannelClient(channels, "log")
    await expect.poll(() => client.text, patiently).not.toBe("")
    await server.command("FLUSHALL")
    await server.command("CLIENT", "KILL", "TYPE", "pubsub")
    await appendAll(store, "log", numbers(1, 3))
    await expect.poll(() => seenBy(client).at(-1), patiently).toBe("3")
    // Whether anything was lost cannot be known, so one gap is allowed; nothing may be missing.
    expect(seenBy(client).filter((data) => !data.startsWith("gap"))).toEqual(numbers(1, 3))
  })

  test("after SCRIPT FLUSH in the middle every event is stored once and arrives", async () => {
    const server = await redisOfTest()
    const { channels } = await redisNode(server.url)
    const other = await redisNode(server.url, { client: "ioredis" })
    const clients = [channels, other.channels].map((node) => new ChannelClient(node, "log", { since: "start" }))
    const all = numbers(1, 100)
    for (const [at, data] of all.entries()) {
      if (at % 5 === 0) await server.command("SCRIPT", "FLUSH")
      await (at % 2 === 0 ? channels : other.channels).publish("log", { data })
    }
    await expect.poll(() => clients.map((client) => client.data.length), patiently).toEqual([100, 100])
    const counts = clients.map((client) => countDelivery(all, seenBy(client)))
    expectWhole("SCRIPT FLUSH before every fifth event", counts)
  })

  test("after a flushed script cache many operations at once succeed", async () => {
    const server = await redisOfTest()
    const store = await redisStoreOfTest(server.url)
    await appendAll(store, "log", ["1"])
    await server.command("SCRIPT", "FLUSH")
    const operations = numbers(2, 40).flatMap((data) => [
      store.append("log", [{ text: textOf(data) }]),
      store.read("log", "start"),
      store.claim(`answer ${data}`, { ttl: 5_000, lease: 1_000 }),
      store.cancel(`answer ${data}`),
    ])
    await Promise.all(operations)
    expect(await storedIn(store, "log")).toEqual(numbers(1, 40))
  })
})

describeWithRedis("redisStore of a Redis that evicts", () => {
  test("a log of which any one key is evicted is a gap, and never another event under a cursor", async () => {
    const server = await redisOfTest()
    const store = await redisStoreOfTest(server.url)
    const { cursors: probe } = await appendAll(store, "probe", numbers(1, 3))
    expect(probe).toHaveLength(3)
    const keys = (await server.command("KEYS", "*")) as string[]
    expect(keys.length).toBeGreaterThan(0)
    for (const [at, key] of keys.entries()) {
      const log = `log${at}`
      const { channels } = await redisNode(server.url)
      const client = new ChannelClient(channels, log, { since: "start" })
      const { cursors: before } = await appendAll(store, log, numbers(1, 5))
      await expect.poll(() => client.data, patiently).toEqual(numbers(1, 5))
      const evicted = key.replace("probe", log)
      const isOwn = key !== evicted
      expect(await server.command("DEL", evicted)).toBe(1)
      const first = await store.read(log, before[1]!)
      expect(first.events.map(dataOf).every((data, place) => data === `${3 + place}`)).toBe(true)
      expect([first.gap !== undefined, first.events.length]).not.toEqual([false, 0])
      const { cursors: after } = await appendAll(store, log, numbers(6, 9))
      const kept = new Map([...before, ...after].map((cursor, place) => [cursor, `${place + 1}`]))
      expect(kept.size).toBe(9)
      for (const cursor of before) {
        const { events, gap } = await store.read(log, cursor)
        for (const event of events) expect(kept.get(event.cursor)).toBe(dataOf(event))
        const isWhole = events.map(dataOf).join() === numbers(Number(kept.get(cursor)) + 1, 9).join()
        expect([gap === undefined, isWhole]).not.toEqual([true, false])
      }
      await expect.poll(() => seenBy(client).at(-1), patiently).toBe("9")
      const counts = countDelivery(numbers(1, 9), seenBy(client))
      printCounts(`key ${at + 1} of ${keys.length} evicted${isOwn ? "" : " (of all logs)"}`, { ...counts })
      expect([counts.lost, counts.doubled]).toEqual([0, 0])
    }
  })

  test("sessions of a Redis that evicts see each event in its place or a gap first", async () => {
    const server = await redisOfTest({ "maxmemory-policy": "allkeys-lru" })
    const { store, channels, errors } = await redisNode(server.url)
    const names = Array.from({ length: 12 }, (_, at) => `log${at}`)
    const clients = names.map((name) => new ChannelClient(channels, name, { since: "start" }))
    await expect.poll(() => clients.every(({ text }) => text !== ""), patiently).toBe(true)
    await server.command("CONFIG", "SET", "maxmemory", (await server.info("used_memory")) + 1_500_000)
    const padding = "x".repeat(4_000)
    const stored = new Map<string, string[]>(names.map((name) => [name, []]))
    let rejected = 0
    for (let round = 0; round < 60; round++) {
      for (const name of names) {
        const data = `${name}:${round}:${padding}`
        await channels.publish(name, { data }).then(
          () => stored.get(name)!.push(data),
          () => rejected++,
        )
      }
    }
    const evictions = await server.info("evicted_keys")
    await server.command("CONFIG", "SET", "maxmemory", 0)
    const counts = []
    for (const [at, name] of names.entries()) {
      await untilStored(() => store.append(name, [{ text: textOf(`${name}:last`) }]))
      await expect.poll(() => seenBy(clients[at]!).at(-1), patiently).toBe(`${name}:last`)
      counts.push(countDelivery([...stored.get(name)!, `${name}:last`], seenBy(clients[at]!)))
    }
    const gaps = counts.reduce((sum, count) => sum + count.gaps, 0)
    printCounts("eviction under load", { evictions, rejected, errors: errors.length })
    expect(evictions).toBeGreaterThan(0)
    expectWhole("sessions of a Redis that evicts", counts, gaps)
  })

  test("an append that does not fit into a Redis that never evicts is rejected, and later ones are stored", async () => {
    const server = await redisOfTest({ "maxmemory-policy": "noeviction" })
    const { channels, store } = await redisNode(server.url)
    const client = new ChannelClient(channels, "log", { since: "start" })
    await appendAll(store, "log", ["1"])
    await server.command("CONFIG", "SET", "maxmemory", 1)
    const refused: unknown = await store.append("log", [{ text: textOf("2") }]).catch((error: unknown) => error)
    expect(refused).toMatchObject({ name: "SseStoreError", code: "limit" })
    expect(await storedIn(store, "log")).toEqual(["1"])
    await server.command("CONFIG", "SET", "maxmemory", 0)
    await appendAll(store, "log", ["3"])
    await expect.poll(() => client.data, patiently).toEqual(["1", "3"])
  })
})
