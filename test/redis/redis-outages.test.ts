import Redis, { Cluster } from "ioredis"
import { redisStore } from "steadystream/redis"
import type { EventStore } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { expect, onTestFinished, test } from "vitest"
import { ChannelClient } from "../support/channel-client.ts"
import { redisNode, untilStored } from "../support/redis-node.ts"
import type { RedisServer } from "../support/redis-server.ts"
import { errorOf, events } from "../support/store-calls.ts"
import { patiently } from "../support/stored-events.ts"
import { describeWithRedis, redisOfTest } from "../support/with-redis.ts"

describeWithRedis("redisStore() after a restart of Redis", () => {
  const storeOf = (server: RedisServer) => {
    const client = new Redis(server.port, { retryStrategy: () => 20 })
    client.on("error", () => {})
    const store = redisStore(client)
    onTestFinished(async () => {
      await store.close()
      client.disconnect()
    })
    return store
  }
  const isBack = (store: EventStore) =>
    store.read("back", "end").then(
      () => true,
      () => false,
    )
  const whenBack = async (store: EventStore) => {
    await expect.poll(() => isBack(store), { timeout: 30_000 }).toBe(true)
  }

  test("redisStore() begins a new epoch if the events were lost", async () => {
    const server = await redisOfTest()
    const store = storeOf(server)
    const { cursors } = await store.append("a", events(3))
    await server.restart()
    await whenBack(store)
    await store.append("a", events(5))
    expect((await store.read("a", cursors[2]!)).gap?.reason).toBe("epoch")
  })

  test("redisStore() reports no gap if nothing was lost, and one for a cursor that was lost", async () => {
    const server = await redisOfTest({ appendonly: "yes", appendfsync: "always" })
    const store = storeOf(server)
    const { cursors } = await store.append("a", events(3))
    await server.restart()
    await whenBack(store)
    // What is lost with a failover: the cursor was handed out, and the log ends before it.
    const lost = `${cursors[2]!.split("-")[0]}-4`
    const { cursors: later } = await store.append("a", events(2, "y"))
    const pages = [await store.read("a", cursors[2]!), await store.read("a", cursors[0]!), await store.read("a", lost)]
    expect(pages.map(({ gap }) => gap?.reason)).toEqual([undefined, undefined, "epoch"])
    expect(pages[0]!.events.map(({ cursor }) => cursor)).toEqual(later)
    expect(pages[1]!.events).toHaveLength(4)
    expect(new Set([...cursors, lost, ...later]).size).toBe(6)
  })
})

describeWithRedis("redisStore() after many runs of Redis", () => {
  test("redisStore() knows the cursors of the 8 runs before, each up to its last event", async () => {
    const server = await redisOfTest()
    const client = new Redis(server.port)
    const store = redisStore(client)
    const cursors: string[] = []
    for (let run = 0; run < 10; run++) {
      // As if the server had another run.
      await server.command("HSET", "steadystream:{a}:m", "r", "another")
      await server.command("HDEL", "steadystream:{a}:m", "w")
      cursors.push(...(await store.append("a", events(1, `${run}.`))).cursors)
    }
    const pages = await Promise.all(cursors.map((cursor) => store.read("a", cursor)))
    expect(pages.map(({ gap, events: { length } }) => gap?.reason ?? length)).toEqual([
      "epoch",
      8,
      7,
      6,
      5,
      4,
      3,
      2,
      1,
      0,
    ])
    const lost = cursors.map((cursor, at) => `${cursor.split("-")[0]}-${at + 2}`)
    const later = await Promise.all(lost.map((cursor) => store.read("a", cursor)))
    expect(later.map(({ gap }) => gap?.reason)).toEqual([...cursors.slice(1).map(() => "epoch"), "future"])
    await store.close()
    client.disconnect()
  })
})

describeWithRedis("sessions while Redis is away", () => {
  const outages: readonly [string, (server: RedisServer) => unknown, (server: RedisServer) => unknown][] = [
    ["does not answer", (server) => server.hold(), (server) => server.release()],
    ["has ended", (server) => server.kill(), (server) => server.restart()],
  ]

  test.each(outages)("sessions get a comment every 8 seconds while Redis %s", async (_, leave, comeBack) => {
    const server = await redisOfTest()
    const channelsClock = new ManualClock()
    const { channels, store } = await redisNode(server.url, { channelsClock, publishTimeout: 500 })
    const client = new ChannelClient(channels, "a", { since: "start" })
    await channels.publish("a", { data: "1" })
    await expect.poll(() => client.data, patiently).toEqual(["1"])
    await leave(server)
    // The node finds out that it cannot reach Redis.
    expect((await errorOf(channels.publish("a", { data: "lost" })))?.code).toBe("store-unavailable")
    const comments = () => client.text.split("\n\n").filter((block) => block.startsWith(":")).length
    const before = comments()
    for (let second = 0; second < 80; second++) {
      await channelsClock.advance(1_000)
      // The regular checks of a minute fail.
      if (second === 40) expect((await errorOf(store.read("a", "end")))?.code).toBe("store-unavailable")
    }
    expect(comments() - before).toBeGreaterThanOrEqual(8)
    expect(client.ending).toBe("open")
    await comeBack(server)
    await untilStored(() => channels.publish("a", { data: "2" }))
    await expect
      .poll(async () => {
        await channelsClock.advance(1_000)
        return client.data.at(-1)
      }, patiently)
      .toBe("2")
  })
})

describeWithRedis("redisStore() with replicas", () => {
  test("redisStore() begins a new epoch on a server that was a replica meanwhile, although its run is the same", async () => {
    const isCopy = async (server: RedisServer) =>
      String(await server.command("INFO", "replication")).includes("master_link_status:up")
    const follow = async (replica: RedisServer, { port }: RedisServer) => {
      await replica.command("REPLICAOF", "127.0.0.1", port)
      await expect.poll(() => isCopy(replica)).toBe(true)
    }
    const first = await redisOfTest({ "repl-diskless-sync-delay": 0 })
    const second = await redisOfTest({ "repl-diskless-sync-delay": 0 })
    const client = new Redis(first.port)
    const store = redisStore(client)
    await store.append("a", events(2))
    await follow(second, first)
    await second.command("REPLICAOF", "NO", "ONE")
    const { cursors: lost } = await store.append("a", events(1, "lost"))
    await follow(first, second)
    await first.command("REPLICAOF", "NO", "ONE")
    for (const text of ["y", "z"]) await store.append("a", events(1, text))
    const page = await store.read("a", lost[0]!)
    expect([page.gap?.reason, page.events.map(({ text }) => text)]).toEqual(["epoch", ["x0", "x1", "y0", "z0"]])
    await store.close()
    client.disconnect()
  })

  test("redisStore() waits for replicas, and rejects if they do not have a change", async () => {
    const server = await redisOfTest({ "repl-diskless-sync-delay": 0 })
    const replica = await redisOfTest({ replicaof: `127.0.0.1 ${server.port}` })
    const client = new Redis(server.port)
    const store = redisStore(client, { wait: 1, publishTimeout: 300 })
    const dedupe = { producer: "p", seq: 1 }
    const append = () => store.append("a", events(1), { dedupe })
    await expect.poll(() => errorOf(append()), { timeout: 30_000 }).toBe(undefined)
    expect(await replica.command("XLEN", "steadystream:{a}:l")).toBe(1)
    await replica.kill()
    expect((await errorOf(store.append("a", events(1))))?.message).toBe(
      'Cannot append: fewer replicas than "wait" have stored it',
    )
    await store.close()
    client.disconnect()
  })

  test("redisStore() refuses to wait in a cluster of ioredis, which cannot do it", () => {
    const cluster = new Cluster([{ port: 1 }], { lazyConnect: true })
    expect(() => redisStore(cluster, { wait: 1 })).toThrow(TypeError)
    expect(() => redisStore(cluster)).not.toThrow()
  })
})

test("redisStore() subscribes again when its subscriber is ready, if that has failed", async () => {
  let ready = () => {}
  let isUp = false
  const subscribed: string[] = []
  const store = redisStore({
    command: async () => [],
    subscribe: async (channel) => {
      if (!isUp) throw new Error("down")
      subscribed.push(channel)
      return () => {}
    },
    onReady: (listener) => {
      ready = listener
    },
  })
  const looks: unknown[] = []
  const watches = ["a", "b"].map((name) => store.watch(name, () => looks.push(name)))
  expect((await Promise.all(watches.map((watch) => errorOf(watch.ready)))).map((error) => error?.code)).toEqual([
    "store-unavailable",
    "store-unavailable",
  ])
  isUp = true
  ready()
  await expect.poll(() => looks).toEqual(["a", "b"])
  ready()
  await expect.poll(() => looks).toEqual(["a", "b", "a", "b"])
  expect(subscribed).toEqual(["steadystream:{a}:n", "steadystream:{b}:n"])
  await store.close()
})

test("redisStore() takes any clock for its timeouts", async () => {
  const clock = new ManualClock()
  const never = new Promise<never>(() => {})
  const store = redisStore({ command: () => never, subscribe: () => never }, { clock })
  const errors = [errorOf(store.append("a", events(1))), errorOf(store.watch("a", () => {}).ready)]
  await clock.advance(2_000)
  expect((await Promise.all(errors)).map((error) => error?.code)).toEqual(["store-unavailable", "store-unavailable"])
  expect(clock.pendingTimers).toBe(0)
})
