import type { EventStore, StoreLease } from "steadystream/server"
import { expect, test } from "vitest"
import { printCounts } from "../../support/delivery-counts.ts"
import { CLIENTS, redisStoreOfTest, untilStored } from "../../support/redis-node.ts"
import type { RedisServer } from "../../support/redis-server.ts"
import { dataOf, textOf } from "../../support/stored-events.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"
import { describeWithRedis, proxyOfTest, redisOfTest } from "../../support/with-redis.ts"

failOnUnhandledRejections()

const TIMES = { ttl: 60_000, lease: 30_000 }

async function leaseOf(store: EventStore, log: string, takeOver = false): Promise<StoreLease> {
  const [claim] = await untilStored(() => store.claim(log, { ...TIMES, takeOver }))
  expect(claim.lease).toEqual(expect.any(String))
  return claim as StoreLease
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "stored",
    (error: unknown) => (error as { code: string }).code,
  )

/** Appends events until the store refuses one. Returns the number of those that were stored. */
async function appendUntilRefused(store: EventStore, log: string, lease: string, name: string) {
  for (let count = 0; ; count++) {
    const dedupe = { producer: name, seq: count + 1 }
    const append = () => store.append(log, [{ text: textOf(`${name}${count}`) }], { lease, dedupe })
    const code = await codeOf(untilStored(append))
    if (code !== "stored") return { count, code }
  }
}

/** Every key of a server with its content. */
async function bytesOf(server: RedisServer) {
  const keys = (await server.command("KEYS", "*")) as string[]
  return Promise.all(keys.toSorted().map(async (key) => [key, await server.command("DUMP", key)]))
}

describeWithRedis("redisStore with two producers of one log", () => {
  test.each(CLIENTS)("a fenced producer over %s changes nothing, whatever it tries", async (client) => {
    const server = await redisOfTest()
    const [one, two] = [await redisStoreOfTest(server.url, { client }), await redisStoreOfTest(server.url)]
    const first = await leaseOf(one, "log")
    await one.append("log", [{ text: textOf("1") }], { lease: first.lease, dedupe: { producer: "one", seq: 1 } })
    expect(await two.claim("log", TIMES)).toMatchObject({ lease: undefined, state: { status: "running" } })
    const second = await leaseOf(two, "log", true)
    await two.append("log", [{ text: textOf("2") }], { lease: second.lease })
    const bytes = await bytesOf(server)
    const tries = [
      () => one.append("log", [{ text: textOf("late") }], { lease: first.lease, dedupe: { producer: "one", seq: 2 } }),
      () => one.append("log", [], { lease: first.lease }),
      () => one.append("log", [], { lease: first.lease, end: { status: "done" } }),
      () => one.append("log", [{ text: textOf("late") }], { lease: first.lease, end: { status: "failed" } }),
      () => one.append("log", [{ text: textOf("late") }]),
      () => one.append("log", [{ text: textOf("late") }], { lease: `${second.lease}x` }),
    ]
    for (const attempt of tries) expect(await codeOf(attempt())).toBe("fenced")
    expect(await bytesOf(server)).toEqual(bytes)
    await two.append("log", [{ text: textOf("3") }], { lease: second.lease, end: { status: "done" } })
    const { events, state } = await one.read("log", "start")
    expect([events.map(dataOf), state.status]).toEqual([["1", "2", "3"], "done"])
  })

  test("a take-over in the middle of appends leaves one producer's events before its position, and the other's after", async () => {
    const server = await redisOfTest()
    const proxy = await proxyOfTest(server)
    const [one, two] = [await redisStoreOfTest(proxy.url), await redisStoreOfTest(server.url)]
    let cuts = 0
    let refused = 0
    // Some appends of the first producer are cut after they were stored, so that it repeats them, perhaps when fenced.
    proxy.onCommand = ({ args }) => {
      if (!args.some((arg) => arg.includes("data: ")) || ++cuts % 4 !== 0) return undefined
      return "cut-after"
    }
    for (let round = 0; round < 40; round++) {
      const log = `log${round}`
      const first = await leaseOf(one, log)
      const running = appendUntilRefused(one, log, first.lease, "a")
      for (let wait = 0; wait < round % 8; wait++) await two.read(log, "end")
      const second = await leaseOf(two, log, true)
      for (const data of ["b0", "b1", "b2"]) await two.append(log, [{ text: textOf(data) }], { lease: second.lease })
      await two.append(log, [], { lease: second.lease, end: { status: "done" } })
      const { count, code } = await running
      expect(["fenced", "ended"]).toContain(code)
      refused++
      const { events, state } = await two.read(log, "start", { maxEvents: 10_000 })
      const taken = events.length - 3
      const expected = [...Array.from({ length: taken }, (_, at) => `a${at}`), "b0", "b1", "b2"]
      expect([events.map(dataOf), state.status]).toEqual([expected, "done"])
      expect(taken === 0 ? second.position : events[taken - 1]!.cursor).toBe(second.position)
      // An event whose reply was cut may be stored although its repetition was refused.
      expect(taken - count).toBeGreaterThanOrEqual(0)
      expect(taken - count).toBeLessThanOrEqual(1)
    }
    printCounts("take-overs in the middle of appends", { rounds: 40, refused, cuts: proxy.counts.cuts })
    expect(proxy.counts.cuts).toBeGreaterThan(3)
  })

  test("of many claims at once exactly one is the producer", async () => {
    const server = await redisOfTest()
    const stores = [await redisStoreOfTest(server.url), await redisStoreOfTest(server.url, { client: "ioredis" })]
    for (let round = 0; round < 20; round++) {
      const claims = await Promise.all(
        Array.from({ length: 10 }, (_, at) => stores[at % 2]!.claim(`log${round}`, TIMES)),
      )
      expect(claims.filter(({ lease }) => lease !== undefined)).toHaveLength(1)
    }
  })

  test("a log whose producer is silent for longer than its lease is lost, and its late append changes nothing", async () => {
    const server = await redisOfTest()
    const [one, two] = [await redisStoreOfTest(server.url), await redisStoreOfTest(server.url)]
    const claim = (await one.claim("log", { ttl: 60_000, lease: 1_000 })) as StoreLease
    await one.append("log", [{ text: textOf("1") }], { lease: claim.lease })
    await expect.poll(async () => (await two.read("log", "end")).state.status, { interval: 5 }).toBe("lost")
    const late = one.append("log", [{ text: textOf("late") }], { lease: claim.lease })
    expect(["ended", "fenced"]).toContain(await codeOf(late))
    const { events, state } = await two.read("log", "start")
    expect([events.map(dataOf), state.status]).toEqual([["1"], "lost"])
  })
})
