import { createClient } from "redis"
import { redisStore } from "steadystream/redis"
import type { StoreNews } from "steadystream/server"
import { expect, onTestFinished, test } from "vitest"
import type { RedisConfig } from "../support/redis-server.ts"
import { errorOf, events } from "../support/store-calls.ts"
import { describeWithRedis, redisOfTest } from "../support/with-redis.ts"

describeWithRedis("redisStore() of a Redis that refuses writes", () => {
  const storeOfTest = async (config: RedisConfig = {}) => {
    const server = await redisOfTest(config)
    const client = await createClient({ url: server.url }).connect()
    const store = redisStore(client)
    onTestFinished(async () => {
      await store.close()
      client.destroy()
    })
    const published = async () => {
      const stats = String(await server.command("INFO", "commandstats"))
      return Number(/cmdstat_publish:calls=(\d+)/u.exec(stats)?.[1] ?? 0)
    }
    return { server, store, published }
  }

  test("redisStore() announces no cancel that is not stored", async () => {
    const { server, store, published } = await storeOfTest()
    const news: StoreNews[] = []
    const { lease } = await store.claim("a", { ttl: 60_000, lease: 30_000 })
    await store.append("a", events(1), { lease })
    await store.watch("a", (one) => one && news.push(one)).ready
    const before = await published()
    await server.command("CONFIG", "SET", "maxmemory", "1")
    expect((await errorOf(store.cancel("a", "stop")))?.code).toBe("limit")
    expect([(await store.read("a", "end")).state.status, await published()]).toEqual(["running", before])
    await server.command("CONFIG", "SET", "maxmemory", "0")
    expect(await store.cancel("a", "stop")).toBe(true)
    await expect.poll(() => news).toMatchObject([{ cancel: "stop" }])
  })

  test("redisStore() announces a lost log once, when that is stored, however often it is read before", async () => {
    const { server, store, published } = await storeOfTest()
    const { lease } = await store.claim("a", { ttl: 60_000, lease: 30_000 })
    await store.append("a", events(1), { lease })
    // The lease of the log ends.
    await server.command("HSET", "steadystream:{a}:m", "i", "1")
    const before = await published()
    await server.command("CONFIG", "SET", "maxmemory", "1")
    const status = async () => (await store.read("a", "end")).state.status
    await expect.poll(status).toBe("lost")
    for (let at = 0; at < 5; at++) expect(await status()).toBe("lost")
    expect(await published()).toBe(before)
    await server.command("CONFIG", "SET", "maxmemory", "0")
    for (let at = 0; at < 5; at++) expect(await status()).toBe("lost")
    expect(await published()).toBe(before + 1)
  })

  test("redisStore() reads a log that has expired, and one that was evicted", async () => {
    const { server, store, published } = await storeOfTest()
    await store.claim("old", { ttl: 1, lease: 1 })
    const { lease } = await store.claim("evicted", { ttl: 60_000, lease: 30_000 })
    await store.append("evicted", events(1), { lease })
    await server.command("DEL", "steadystream:{evicted}:l")
    await server.command("CONFIG", "SET", "min-replicas-to-write", "1")
    const before = await published()
    for (const name of ["old", "evicted"]) {
      const page = await store.read(name, "end")
      expect([page.events, page.state.status]).toEqual([[], "open"])
      expect(await errorOf(store.append(name, events(1)))).toMatchObject({ code: "store-unavailable", retryable: true })
    }
    expect(await published()).toBe(before)
  })
})
