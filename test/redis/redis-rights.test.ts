import { readFileSync } from "node:fs"
import { Redis } from "ioredis"
import { createClient } from "redis"
import { redisStore } from "steadystream/redis"
import type { EventStore, StoreNews } from "steadystream/server"
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest"
import { CLIENTS, type ClientName } from "../support/redis-node.ts"
import { type RedisServer, startRedis } from "../support/redis-server.ts"
import { errorOf, events } from "../support/store-calls.ts"
import { describeWithRedis } from "../support/with-redis.ts"

const GUIDE = new URL("../../docs/guides/more-than-one-machine.md", import.meta.url)

/** The rules of the user in the guide. */
function rulesOfGuide(): string[] {
  const [, rules = ""] = /^ACL SETUSER app ([^`]+?)^```/mu.exec(readFileSync(GUIDE, "utf8")) ?? []
  return rules.replaceAll("\\\n", " ").trim().split(/\s+/u)
}

describeWithRedis("redisStore() of a user with few rights", () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  const storeOf = async (rules: readonly string[], kind: ClientName = "redis"): Promise<EventStore> => {
    await server.command("FLUSHALL")
    await server.command("SCRIPT", "FLUSH")
    await server.command("ACL", "SETUSER", "app", "reset", ...rules, "on", "nopass")
    const user = { username: "app", password: "any" }
    const client = kind === "redis" ? createClient({ url: server.url, ...user }) : new Redis(server.url, user)
    client.on("error", () => {})
    if (!(client instanceof Redis)) await client.connect()
    const store = redisStore(client)
    onTestFinished(async () => {
      await store.close()
      if (client instanceof Redis) client.disconnect()
      else client.destroy()
    })
    return store
  }

  test.each(CLIENTS)("redisStore() of %s needs no more rights than the guide names", async (kind) => {
    const store = await storeOf(rulesOfGuide(), kind)
    const seen: StoreNews[] = []
    const watch = store.watch("a", (news) => news && seen.push(news))
    await watch.ready
    for (let at = 0; at < 40; at++) await store.append("a", events(100), { dedupe: { producer: `${at}`, seq: 1 } })
    for (let producer = 0; producer < 220; producer++) {
      await store.append("a", events(1), { dedupe: { producer: `p${producer}`, seq: 1 } })
    }
    expect((await store.read("a", "start")).events.length).toBeGreaterThan(0)
    const { lease } = await store.claim("b", { ttl: 60_000, lease: 30_000 })
    await store.append("b", events(1), { lease })
    expect(await store.cancel("b")).toBe(true)
    await store.drop("b")
    await expect.poll(() => seen.length).toBeGreaterThanOrEqual(260)
    watch.stop()
    await expect.poll(() => server.command("PUBSUB", "CHANNELS")).toEqual([])
  })

  test("redisStore() stores nothing without the right for INFO, which shows that Redis has lost events", async () => {
    const store = await storeOf(["~*", "&*", "+@all", "-info"])
    const calls = [
      store.append("a", events(1)),
      store.read("b", "end"),
      store.claim("c", { ttl: 60_000, lease: 30_000 }),
    ]
    for (const error of await Promise.all(calls.map(errorOf))) {
      expect(error).toMatchObject({ code: "store-unavailable", retryable: false })
      expect(error?.message).toContain("the user of Redis lacks a right that the store needs (NOPERM INFO)")
    }
    expect(await server.command("KEYS", "*")).toEqual([])
  })

  test("redisStore() stores events also without the right to publish them", async () => {
    const store = await storeOf(["~*", "&*", "+@all", "-publish"])
    const seen: unknown[] = []
    await store.watch("a", (news) => seen.push(news)).ready
    await store.append("a", events(2))
    const { lease } = await store.claim("b", { ttl: 60_000, lease: 30_000 })
    await store.append("b", [{ text: "y".repeat(70_000) }], { lease })
    expect(await store.cancel("b")).toBe(true)
    const pages = [await store.read("a", "start"), await store.read("b", "start")]
    expect(pages.map((page) => [page.events.length, page.state.status])).toEqual([
      [2, "open"],
      [1, "cancelled"],
    ])
    // The first call says that the subscription stands.
    expect(seen).toEqual([undefined])
  })

  test.each([
    ["a command", ["~*", "&*", "+@all", "-hset"]],
    ["its keys", ["~other:*", "&*", "+@all"]],
    ["scripts", ["~*", "&*", "+@all", "-evalsha", "-eval"]],
  ])("redisStore() says that a retry does not help a user without the right for %s", async (_, rules) => {
    const error = await errorOf((await storeOf(rules)).append("a", events(1)))
    expect([error?.message, error?.retryable]).toEqual([
      "Cannot append: the user of Redis lacks a right that the store needs (NOPERM)",
      false,
    ])
  })
})
