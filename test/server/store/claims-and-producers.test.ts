import { createClient } from "redis"
import { redisStore } from "steadystream/redis"
import { type EventStore, memoryStore } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { expect, onTestFinished, test } from "vitest"
import { redisStoreOfTest } from "../../support/redis-node.ts"
import { describeWithRedis, redisOfTest } from "../../support/with-redis.ts"

test("memoryStore() forgets the producer that was silent longest, not the one that came first", async () => {
  const store = memoryStore()
  const append = (producer: string, seq: number) =>
    store.append("a", [{ text: producer }], { dedupe: { producer, seq } })
  await append("first", 1)
  for (let at = 0; at < 99; at++) await append(`${at}`, 1)
  await append("first", 2)
  await append("another", 1)
  expect(await append("first", 2)).toMatchObject({ duplicate: true })
  expect(await append("0", 1)).toMatchObject({ duplicate: false })
})

test("memoryStore() begins a lease and a ttl at the claim, however old the log is", async () => {
  const clock = new ManualClock()
  const store = memoryStore({ clock })
  await store.append("a", [{ text: "one" }])
  await clock.advance(10_000)
  await store.claim("a", { ttl: 5_000, lease: 1_000 })
  await clock.advance(999)
  expect((await store.read("a", "start")).state).toMatchObject({ status: "running", leaseLeft: 1 })
})

/** Watches a log while it is claimed; returns a function that counts the calls without news since then. */
async function newsOfClaim(store: EventStore): Promise<() => number> {
  let calls = 0
  const watch = store.watch("a", (news) => {
    if (news === undefined) calls++
  })
  await watch.ready
  await store.cancel("a")
  const before = calls
  await store.claim("a", { ttl: 60_000, lease: 60_000 })
  onTestFinished(() => watch.stop())
  return () => calls - before
}

test("memoryStore() reports a claim to watchers", async () => {
  await expect.poll(await newsOfClaim(memoryStore())).toBe(1)
})

describeWithRedis("redisStore()", () => {
  test("redisStore() reports a claim to watchers", async () => {
    await expect.poll(await newsOfClaim(await redisStoreOfTest((await redisOfTest()).url))).toBe(1)
  })

  test("redisStore() keeps the hash of an answer longer than its ttl, however long that is", async () => {
    const { url } = await redisOfTest()
    const client = createClient({ url })
    await client.connect()
    onTestFinished(() => client.destroy())
    const ttl = 30 * 24 * 3_600_000
    await redisStore(client, { prefix: "p:" }).claim("a", { ttl, lease: 1_000 })
    expect(await client.pTTL("p:{a}:m")).toBeGreaterThan(ttl)
  })
})
