import { redisStore, type RedisStoreOptions } from "steadystream/redis"
import { expect, onTestFinished, test } from "vitest"
import { Redis } from "ioredis"
import type { RedisServer } from "../support/redis-server.ts"
import { errorOf, events } from "../support/store-calls.ts"
import { describeWithRedis, redisOfTest } from "../support/with-redis.ts"

const MINUTE = 60_000
const WEEK = 7 * 24 * 60 * MINUTE

async function storeOfTest(options: RedisStoreOptions = {}) {
  const server = await redisOfTest()
  const client = new Redis(server.url)
  const store = redisStore(client, { prefix: "p:", ...options })
  onTestFinished(async () => {
    await store.close()
    client.disconnect()
  })
  return { server, store }
}

/** The milliseconds until each key expires, in the order of the keys; a key without an expiry has -1. */
async function expiriesOf(server: RedisServer): Promise<[key: string, ms: number][]> {
  const keys = ((await server.command("KEYS", "*")) as string[]).toSorted()
  return Promise.all(
    keys.map(async (key): Promise<[string, number]> => [key, Number(await server.command("PTTL", key))]),
  )
}

/** A time that has begun less than a minute ago. */
const nearly = (ms: number) => ({
  asymmetricMatch: (left: unknown) => typeof left === "number" && left <= ms && left > ms - MINUTE,
})

describeWithRedis("the keys of redisStore()", () => {
  test("redisStore() keeps the position of a channel for 7 days, and its events for 5 minutes", async () => {
    const { server, store } = await storeOfTest()
    await store.append("a", events(3))
    const expected = [
      ["p:{a}:l", nearly(5 * MINUTE)],
      ["p:{a}:m", nearly(WEEK)],
    ]
    expect(await expiriesOf(server)).toEqual(expected)
    // An append without news, and one that is stored again, leave no key without an expiry.
    await store.append("a", [])
    const dedupe = { producer: "p", seq: 1 }
    for (let at = 0; at < 2; at++) await store.append("a", events(1), { dedupe })
    expect(await expiriesOf(server)).toEqual(expected)
  })

  test("redisStore() keeps the events of a channel for its age, and counts it anew at each append", async () => {
    const { server, store } = await storeOfTest({ retention: { age: 30 * MINUTE } })
    await store.append("a", events(1))
    await server.command("PEXPIRE", "p:{a}:l", MINUTE)
    await server.command("PEXPIRE", "p:{a}:m", MINUTE)
    await store.append("a", events(1))
    expect(await expiriesOf(server)).toEqual([
      ["p:{a}:l", nearly(30 * MINUTE)],
      ["p:{a}:m", nearly(WEEK)],
    ])
  })

  test("redisStore() keeps the position of a log without events for as long as events", async () => {
    const { server, store } = await storeOfTest()
    await store.read("start", "start")
    await store.read("end", "end")
    await store.read("cursor", "other-3")
    await store.drop("dropped")
    await store.cancel("cancelled")
    const expected = ["cursor", "end", "start"].map((name) => [`p:{${name}}:m`, nearly(5 * MINUTE)])
    expect(await expiriesOf(server)).toEqual(expected)
    // As long as it is read.
    await server.command("PEXPIRE", "p:{end}:m", MINUTE)
    await store.read("end", "end")
    expect(await expiriesOf(server)).toEqual(expected)
  })

  test("redisStore() keeps an answer for its ttl, and its position for 7 days more", async () => {
    const { server, store } = await storeOfTest()
    const claim = async (name: string) => (await store.claim(name, { ttl: 60 * MINUTE, lease: MINUTE })).lease!
    const kept = (name: string, ttl = 60 * MINUTE) => [
      [`p:{${name}}:l`, nearly(ttl)],
      [`p:{${name}}:m`, nearly(WEEK + ttl)],
    ]
    const lease = await claim("a")
    expect(await expiriesOf(server)).toEqual(kept("a").slice(1))
    await store.append("a", events(2), { lease })
    expect(await expiriesOf(server)).toEqual(kept("a"))
    // A further claim of the same log, and its end.
    await store.claim("a", { ttl: 90 * MINUTE, lease: MINUTE, takeOver: true })
    expect(await expiriesOf(server)).toEqual(kept("a", 90 * MINUTE))
    expect(await store.cancel("a")).toBe(true)
    expect((await errorOf(store.append("a", events(1), { lease })))?.code).toBeDefined()
    expect(await expiriesOf(server)).toEqual(kept("a", 90 * MINUTE))
    const second = await claim("b")
    await store.append("b", events(1), { lease: second, end: { status: "done" } })
    expect(await expiriesOf(server)).toEqual([...kept("a", 90 * MINUTE), ...kept("b")])
    await store.drop("a")
    await store.drop("b")
    expect(await expiriesOf(server)).toEqual([
      ["p:{a}:m", nearly(WEEK)],
      ["p:{b}:m", nearly(WEEK)],
    ])
  })

  test("redisStore() keeps 1,000 events and 1 MiB by default, and appends every 25 ms", async () => {
    const { store } = await storeOfTest()
    expect(store.appendInterval).toBe(25)
    const keptOf = async (name: string) =>
      (await store.read(name, "start", { maxEvents: 10_000, maxBytes: 2 ** 24 })).events
    await store.append("events", events(1))
    for (let at = 0; at < 1_600; at += 100) await store.append("events", events(100))
    const { length } = await keptOf("events")
    expect(length).toBeGreaterThanOrEqual(1_000)
    expect(length).toBeLessThanOrEqual(1_115)
    for (let at = 0; at < 60; at++) await store.append("bytes", [{ text: "x".repeat(30_000) }])
    const bytes = (await keptOf("bytes")).length * 30_000
    expect(bytes).toBeGreaterThanOrEqual(2 ** 20)
    expect(bytes).toBeLessThanOrEqual(2 ** 20 + 65_536)
  })
})
