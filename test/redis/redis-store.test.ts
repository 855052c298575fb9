import { once } from "node:events"
import Redis from "ioredis"
import Redis5 from "ioredis-5"
import { createClient, createClientPool, createSentinel } from "redis"
import { createClientPool as createClientPool5, createSentinel as createSentinel5 } from "redis-5"
import { redisStore, type RedisStoreOptions } from "steadystream/redis"
import { type EventStore, SseStoreError, type StoreNews } from "steadystream/server"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import type { FaultyProxy } from "../support/faulty-proxy.ts"
import { type RedisServer, startRedis } from "../support/redis-server.ts"
import { errorOf, events } from "../support/store-calls.ts"
import { describeWithRedis, proxyOfTest, redisOfTest } from "../support/with-redis.ts"

describe("redisStore() options", () => {
  test.each([
    [{ prefix: 5 }, TypeError, "prefix"],
    [{ prefix: "{a}:" }, RangeError, "prefix"],
    [{ retention: { events: 0 } }, RangeError, "retention.events"],
    [{ publishTimeout: 0 }, RangeError, "publishTimeout"],
    [{ maxWaiting: Number.NaN }, RangeError, "maxWaiting"],
    [{ clock: {} }, TypeError, "clock"],
    [{ prefixes: "a" }, TypeError, "prefixes"],
  ])("redisStore() refuses %j", (options, kind, name) => {
    const make = () => redisStore({ command: async () => [], subscribe: async () => () => {} }, options as never)
    expect(make).toThrow(kind)
    expect(make).toThrow(name)
  })

  test.each([undefined, null, 5, "redis://", {}, { command() {} }, { call() {}, duplicate() {} }, () => {}])(
    "redisStore() refuses a client that is none: %j",
    (client) => {
      expect(() => redisStore(client as never)).toThrow(TypeError)
    },
  )
})

test("redisStore() refuses a pool and a sentinel of redis, which take commands in another form", () => {
  const sentinel = { name: "x", sentinelRootNodes: [{ host: "127.0.0.1", port: 1 }] }
  const clients = [createClientPool(), createSentinel(sentinel), createClientPool5(), createSentinel5(sentinel)]
  for (const client of clients) expect(() => redisStore(client as never)).toThrow(TypeError)
})

describeWithRedis("redisStore() of one server", () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  let stores = 0
  const storeOfTest = (options: RedisStoreOptions = {}, port = server.port) => {
    const client = new Redis(port, { retryStrategy: () => 20 })
    client.on("error", () => {})
    const store = redisStore(client, { prefix: `${++stores}:`, ...options })
    onTestFinished(async () => {
      await store.close()
      client.disconnect()
    })
    return { store, client, prefix: options.prefix ?? `${stores}:` }
  }

  test("redisStore() runs a script again in full if Redis does not know it", async () => {
    const { store } = storeOfTest()
    await store.append("a", events(1))
    await server.command("SCRIPT", "FLUSH")
    await server.command("CONFIG", "RESETSTAT")
    for (let at = 0; at < 3; at++) await store.append("a", events(1))
    const stats = String(await server.command("INFO", "commandstats"))
    const calls = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`, "u").exec(stats)?.[1] ?? 0)
    expect([calls("eval"), calls("evalsha")]).toEqual([1, 3])
    expect((await store.read("a", "start")).events).toHaveLength(4)
  })

  test("redisStore() sends appends that wait for an earlier one together, in order", async () => {
    const { store } = storeOfTest()
    await store.append("a", events(1))
    await server.command("CONFIG", "RESETSTAT")
    const appends = await Promise.all(
      Array.from({ length: 150 }, (_, at) =>
        store.append("a", events(2, `${at}.`), { dedupe: { producer: "p", seq: at + 1 } }),
      ),
    )
    const page = await store.read("a", appends[0]!.cursors[0]!, { maxEvents: 1_000 })
    expect(page.events.map(({ cursor }) => cursor)).toEqual(appends.flatMap(({ cursors }) => cursors).slice(1))
    expect(page.events.slice(1, 3).map(({ text }) => text)).toEqual(["1.0", "1.1"])
    const stats = String(await server.command("INFO", "commandstats"))
    expect(/cmdstat_evalsha:calls=(\d+)/u.exec(stats)?.[1]).toBe("4")
  })

  test("redisStore() stores an append that is refused beside others alone", async () => {
    const { store } = storeOfTest()
    const first = store.append("a", events(1))
    const [second, ended, after] = [
      store.append("a", events(1)),
      store.append("a", events(1), { end: { status: "done" } }),
      store.append("a", events(1)),
    ]
    await Promise.all([first, second, ended])
    expect((await errorOf(after))?.code).toBe("ended")
    expect((await store.read("a", "start")).events).toHaveLength(3)
  })

  test("redisStore() begins a new epoch after FLUSHALL, for a log with events and for one without", async () => {
    const { store } = storeOfTest()
    const { cursors } = await store.append("a", events(3))
    const { next } = await store.read("b", "end")
    await server.command("FLUSHALL")
    await store.append("a", events(5))
    await store.append("b", events(5))
    const pages = [await store.read("a", cursors[2]!), await store.read("b", next)]
    expect(pages.map(({ gap, events: { length } }) => [gap?.reason, length])).toEqual([
      ["epoch", 5],
      ["epoch", 5],
    ])
  })

  test("redisStore() begins a new epoch if Redis has evicted the hash of a log, and keeps none of its events", async () => {
    const { store, prefix } = storeOfTest()
    const { cursors } = await store.append("a", events(3))
    await server.command("DEL", `${prefix}{a}:m`)
    expect((await store.read("a", "start")).events).toEqual([])
    await store.append("a", events(2, "y"))
    const page = await store.read("a", cursors[0]!)
    expect([page.gap?.reason, page.events.map(({ text }) => text)]).toEqual(["epoch", ["y0", "y1"]])
  })

  test("redisStore() reports a gap if Redis has evicted the events of a log", async () => {
    const { store, prefix } = storeOfTest()
    const { cursors } = await store.append("a", events(3))
    await server.command("DEL", `${prefix}{a}:l`)
    const pages = [await store.read("a", cursors[0]!), await store.read("a", cursors[2]!)]
    await store.append("a", events(2, "y"))
    pages.push(await store.read("a", cursors[0]!), await store.read("a", cursors[2]!))
    expect(pages.map(({ gap, events: { length } }) => [gap?.reason, length])).toEqual([
      ["trimmed", 0],
      [undefined, 0],
      ["trimmed", 2],
      [undefined, 2],
    ])
  })

  test("redisStore() keeps what it promises to keep, and little more", async () => {
    const { store } = storeOfTest({ retention: { events: 100 } })
    for (let at = 0; at < 60; at++) await store.append("a", events(7))
    const { length } = (await store.read("a", "start", { maxEvents: 1_000 })).events
    expect(length).toBeGreaterThanOrEqual(100)
    expect(length).toBeLessThanOrEqual(100 + 7 + 16)
    const bytes = storeOfTest({ retention: { bytes: 10_000 } }).store
    for (let at = 0; at < 60; at++) await bytes.append("a", [{ text: "€".repeat(300) }])
    const kept = (await bytes.read("a", "start")).events.length * 900
    expect(kept).toBeGreaterThanOrEqual(10_000)
    expect(kept).toBeLessThanOrEqual(11_000 + 900)
  })

  /** What a log keeps, by its hash. */
  const keptOf = async (prefix: string) => {
    const fields = (await server.command("HMGET", `${prefix}{a}:m`, "s", "f", "b")) as string[]
    const [last = 0, first = 0, bytes = 0] = fields.map(Number)
    return { count: last - first, bytes }
  }

  test("redisStore() keeps at most 115 events more than it promises, however they are appended", async () => {
    const { store, prefix } = storeOfTest({ retention: { events: 13 } })
    const kept: number[] = []
    const append = async (count: number) => {
      await store.append("a", events(count))
      kept.push((await keptOf(prefix)).count)
    }
    // An entry that is not removed because of its last event, and the events before the next trim.
    for (const count of [100, ...Array.from({ length: 27 }, () => 1)]) await append(count)
    expect(kept.at(-1)).toBe(13 + 114)
    for (let at = 0; at < 700; at++) await append(at % 38 === 0 ? 100 : 1)
    for (let at = 0; at < 50; at++) await append([1, 100, 15, 7, 99][at % 5]!)
    expect(Math.max(...kept)).toBeLessThanOrEqual(13 + 115)
    expect(Math.min(...kept.slice(1))).toBeGreaterThanOrEqual(13)
    await append(30_000)
    expect(kept.at(-1)).toBeLessThanOrEqual(13 + 115)
    expect((await store.read("a", "start", { maxEvents: 1_000 })).events).toHaveLength(kept.at(-1)!)
  })

  test.each([1, 3])("redisStore() keeps at most 64 KiB more than %i MiB", async (limit) => {
    const { store, prefix } = storeOfTest({ retention: { bytes: limit * 2 ** 20 } })
    const kept: number[] = []
    for (const [size, count] of [
      [60_000, 70],
      [5_000, 200],
    ] as const) {
      for (let at = 0; at < count; at++) {
        await store.append("a", [{ text: "x".repeat(size) }])
        kept.push((await keptOf(prefix)).bytes - limit * 2 ** 20)
      }
    }
    expect(Math.max(...kept)).toBeLessThanOrEqual(65_536)
    expect(Math.min(...kept.slice(60))).toBeGreaterThanOrEqual(0)
    const page = await store.read("a", "start", { maxEvents: 1_000, maxBytes: 2 ** 24 })
    expect(page.events.reduce((sum, { text }) => sum + text.length, 0) - limit * 2 ** 20).toBe(kept.at(-1))
  })

  test("redisStore() removes what is too old, however few events come after it", async () => {
    const { store, client, prefix } = storeOfTest()
    for (let at = 0; at < 300; at++) await store.append("a", events(1))
    const age = `
      redis.call('DEL', KEYS[1])
      for at = 1, 300 do redis.call('XADD', KEYS[1], at .. '-1', '2', 'x0') end
      redis.call('HSET', KEYS[2], 'a', '1')`
    await client.eval(age, 2, `${prefix}{a}:l`, `${prefix}{a}:m`)
    const lengths: number[] = []
    for (let at = 0; at < 3; at++) {
      await store.append("a", events(1))
      lengths.push((await store.read("a", "start", { maxEvents: 1_000 })).events.length)
    }
    expect(lengths).toEqual([157, 14, 3])
  })

  test("redisStore() remembers the last append of 100 producers of a log, and forgets older ones", async () => {
    const { store, prefix } = storeOfTest()
    const append = (producer: number) => store.append("a", events(1), { dedupe: { producer: `p${producer}`, seq: 1 } })
    for (let producer = 0; producer < 500; producer++) await append(producer)
    expect(await server.command("HLEN", `${prefix}{a}:m`)).toBeLessThanOrEqual(217)
    const again = [await append(499), await append(401), await append(0)]
    expect(again.map(({ duplicate }) => duplicate)).toEqual([true, true, false])
  })

  test("redisStore() reads pages inside of the entries of Redis", async () => {
    const { store } = storeOfTest()
    const { cursors } = await store.append("a", [...events(250), { text: "y".repeat(70_000) }, ...events(250, "z")])
    for (const from of [0, 98, 99, 100, 249, 250, 498]) {
      const page = await store.read("a", cursors[from]!, { maxEvents: 2 })
      expect(page.events.map(({ cursor }) => cursor)).toEqual(cursors.slice(from + 1, from + 3))
      expect([page.more, page.next]).toEqual([from < 498, cursors[Math.min(from + 2, 500)]])
    }
  })

  test("redisStore() keeps texts with every kind of character, in one append and in news", async () => {
    const { store } = storeOfTest()
    const texts = ["\ud83d", "\ude00", "", "\uFEFF\n\n", "😀 é\u0000", '"\\', "1,2\n3"]
    const stored = ["\uFFFD", "\uFFFD", ...texts.slice(2)]
    const seen: StoreNews[] = []
    await store.watch("a", (news) => news && seen.push(news)).ready
    for (const text of texts) await store.append("a", [{ text }])
    await store.append("a", texts.map((text) => ({ text })).slice(2))
    const expected = [...stored, ...texts.slice(2)]
    await expect.poll(() => seen.flatMap((news) => news.events.map(({ text }) => text))).toEqual(expected)
    expect((await store.read("a", "start")).events.map(({ text }) => text)).toEqual(expected)
  })

  test("redisStore() reports a large append by a call without news", async () => {
    const { store } = storeOfTest()
    const seen: unknown[] = []
    await store.watch("a", (news) => seen.push(news?.events.length)).ready
    await store.append("a", [{ text: "x".repeat(65_000) }])
    await store.append("a", [{ text: "x".repeat(66_000) }])
    // The first one says that the subscription stands.
    await expect.poll(() => seen).toEqual([undefined, 1, undefined])
  })

  /** Cuts the connection of the first of each kind of script that is asked for, after Redis has executed it. */
  const cutOnce = (proxy: FaultyProxy, args: number) => {
    proxy.onCommand = (command) => {
      if (!command.name.startsWith("EVAL") || command.args.length !== args) return undefined
      proxy.onCommand = undefined
      return "cut-after"
    }
  }
  const loadScripts = async (store: EventStore) => {
    await store.claim("other", { ttl: 60_000, lease: 30_000 })
    await store.cancel("other")
  }
  const CLAIM_ARGS = 16
  const CANCEL_ARGS = 14

  test("redisStore() returns the lease of a claim that was done before its caller repeats it", async () => {
    const proxy = await proxyOfTest(server)
    const client = await createClient({ socket: { port: proxy.port, reconnectStrategy: () => 20 } })
      .on("error", () => {})
      .connect()
    const store = redisStore(client, { prefix: "repeated:" })
    const other = storeOfTest({ prefix: "repeated:" }).store
    await loadScripts(store)
    cutOnce(proxy, CLAIM_ARGS)
    expect((await errorOf(store.claim("a", { ttl: 60_000, lease: 30_000 })))?.code).toBe("store-unavailable")
    expect((await other.read("a", "end")).state.status).toBe("running")
    const { lease } = await store.claim("a", { ttl: 60_000, lease: 30_000 })
    expect(lease).toBeTypeOf("string")
    await other.append("a", events(1), { lease })
    cutOnce(proxy, CANCEL_ARGS)
    expect((await errorOf(store.cancel("a")))?.code).toBe("store-unavailable")
    expect((await other.read("a", "end")).state.status).toBe("cancelled")
    expect([await store.cancel("a"), await store.cancel("a")]).toEqual([true, false])
    await store.close()
    client.destroy()
  })

  test("redisStore() returns the same answer if a client sends a claim or a cancel again by itself", async () => {
    const proxy = await proxyOfTest(server)
    const { store } = storeOfTest({}, proxy.port)
    await loadScripts(store)
    cutOnce(proxy, CLAIM_ARGS)
    const { lease } = await store.claim("a", { ttl: 60_000, lease: 30_000 })
    expect(lease).toBeTypeOf("string")
    await store.append("a", events(1), { lease })
    cutOnce(proxy, CANCEL_ARGS)
    expect([await store.cancel("a"), await store.cancel("a")]).toEqual([true, false])
    expect(proxy.counts.cuts).toBe(2)
  })

  test("redisStore() rejects what Redis does not answer, and Redis refuses it later", async () => {
    const own = await redisOfTest()
    const { store } = storeOfTest({ publishTimeout: 1_000 }, own.port)
    await store.append("a", events(1))
    // The more replies a store has, the better it knows the time of Redis.
    for (let at = 0; at < 10; at++) await store.read("a", "end")
    own.hold()
    const error = await errorOf(store.append("a", events(1)))
    expect([error?.code, error?.retryable]).toEqual(["store-unavailable", true])
    // Redis reads both requests when it goes on, and answers the first one late.
    await new Promise((resolve) => setTimeout(resolve, 500))
    own.release()
    await expect
      .poll(() =>
        store.read("a", "start").then(
          (page) => page.events.length,
          () => 0,
        ),
      )
      .toBe(1)
  })

  test("redisStore() rejects more operations than may wait", async () => {
    const own = await redisOfTest()
    const { store } = storeOfTest({ maxWaiting: 5, publishTimeout: 1_000 }, own.port)
    await store.append("a", events(1))
    own.hold()
    const errors = await Promise.all(Array.from({ length: 8 }, (_, at) => errorOf(store.read(`${at}`, "end"))))
    own.release()
    expect(errors.filter((error) => error?.message.includes("maxWaiting"))).toHaveLength(3)
    expect(new Set(errors.map((error) => error?.code))).toEqual(new Set(["store-unavailable"]))
  })

  test("redisStore() refuses no watch, however many operations wait", async () => {
    const own = await redisOfTest()
    const { store } = storeOfTest({ maxWaiting: 5 }, own.port)
    const seen: string[] = []
    const names = Array.from({ length: 20 }, (_, at) => `log ${at}`)
    await Promise.all(names.map((name) => store.watch(name, (news) => news && seen.push(name)).ready))
    for (const name of names) await store.append(name, events(1))
    await expect.poll(() => seen).toEqual(names)
  })

  test("redisStore() shows no address, no key and no payload in its errors", async () => {
    const { store, client } = storeOfTest()
    await store.append("a", events(1))
    await server.command("CONFIG", "SET", "maxmemory", "1")
    const full = await errorOf(store.append("secret", [{ text: "payload" }]))
    const read = await store.read("other", "end")
    await server.command("CONFIG", "SET", "maxmemory", "0")
    expect([full?.code, full?.cause, read.state.status]).toEqual(["limit", undefined, "open"])
    client.disconnect()
    await once(client, "end")
    const closed = await errorOf(store.append("secret", [{ text: "payload" }]))
    expect(closed?.message).toBe("Cannot append: the client is closed")
    const { port } = await redisOfTest().then(async (own) => {
      await own.kill()
      return own
    })
    const down = await errorOf(storeOfTest({ publishTimeout: 200 }, port).store.append("secret", events(1)))
    for (const error of [full, closed, down]) {
      expect(error).toBeInstanceOf(SseStoreError)
      expect(JSON.stringify([error?.message, error?.cause])).not.toMatch(/secret|payload|127\.0|\d{4}/u)
    }
  })

  test("redisStore() says so if a client is not connected, or has subscriptions", async () => {
    const unconnected = createClient({ url: server.url })
    const subscribed = new Redis5(server.port)
    await subscribed.subscribe("x")
    const found = [unconnected, subscribed].map((client) => errorOf(redisStore(client).append("a", events(1))))
    expect((await Promise.all(found)).map((error) => [error?.code, error?.message])).toEqual([
      ["store-unavailable", "Cannot append: the client is not connected, so call connect() first"],
      ["store-unavailable", "Cannot append: the client has subscriptions"],
    ])
    subscribed.disconnect()
  })

  test("redisStore() opens one connection for all watches, and close() closes it", async () => {
    const own = await redisOfTest()
    const connections = () => own.info("connected_clients")
    const before = await connections()
    const client = await createClient({ url: own.url }).connect()
    const store = redisStore(client)
    await store.append("a", events(1))
    expect((await connections()) - before).toBe(1)
    const watches = Array.from({ length: 1_000 }, (_, at) => store.watch(`${at % 100}`, () => {}))
    await Promise.all(watches.map(({ ready }) => ready))
    expect((await connections()) - before).toBe(2)
    for (const { stop } of watches.slice(0, 990)) stop()
    await expect.poll(async () => String(await own.command("PUBSUB", "CHANNELS")).split(",").length).toBe(10)
    await store.close()
    await expect.poll(async () => (await connections()) - before).toBe(1)
    expect(await client.ping()).toBe("PONG")
    client.destroy()
  })

  test("redisStore() calls every watcher after its subscriber has reconnected", async () => {
    for (const make of [
      (port: number) => new Redis(port, { retryStrategy: () => 20 }),
      (port: number) => createClient({ socket: { port, reconnectStrategy: () => 20 } }),
    ]) {
      const own = await redisOfTest()
      const client = make(own.port)
      client.on("error", () => {})
      if (!(client instanceof Redis)) await client.connect()
      const store = redisStore(client, { maxWaiting: 4 })
      const looks = new Map<string, number>()
      for (let at = 0; at < 50; at++) {
        await store.watch(`${at}`, (news) => {
          if (news === undefined) looks.set(`${at}`, (looks.get(`${at}`) ?? 0) + 1)
        }).ready
      }
      await own.command("CLIENT", "KILL", "TYPE", "pubsub")
      await expect.poll(() => [...looks.values()].filter((count) => count === 2)).toHaveLength(50)
      const seen: unknown[] = []
      store.watch("7", (news) => seen.push(news?.events.length))
      await store.append("7", events(3))
      await expect.poll(() => seen.at(-1)).toBe(3)
      await store.close()
      if (client instanceof Redis) client.disconnect()
      else client.destroy()
    }
  })

  test("redisStore() watches when Redis comes back, if it was down", async () => {
    const own = await redisOfTest()
    await own.kill()
    const { store } = storeOfTest({ publishTimeout: 1_000 }, own.port)
    const seen: unknown[] = []
    const watch = store.watch("a", (news) => seen.push(news?.events.length))
    expect(await errorOf(watch.ready)).toMatchObject({ code: "store-unavailable" })
    await own.restart()
    await expect.poll(() => seen).toEqual([undefined])
    await store.append("a", events(2))
    await expect.poll(() => seen).toEqual([undefined, 2])
  })
})
