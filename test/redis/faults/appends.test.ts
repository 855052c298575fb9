import type { EventStore, StoreAppended } from "steadystream/server"
import { expect, test } from "vitest"
import { ChannelClient } from "../../support/channel-client.ts"
import { countDelivery, type DeliveryCounts, expectWhole, printCounts } from "../../support/delivery-counts.ts"
import { type Cut, type ProxiedCommand, startFaultyProxy } from "../../support/faulty-proxy.ts"
import {
  CLIENTS,
  type ClientName,
  isUnavailable,
  redisNode,
  redisStoreOfTest,
  untilStored,
} from "../../support/redis-node.ts"
import type { RedisServer } from "../../support/redis-server.ts"
import { appendAll, dataOf, numbers, patiently, seenBy, storedIn, textOf } from "../../support/stored-events.ts"
import { describeWithRedis, proxyOfTest, redisOfTest } from "../../support/with-redis.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

const CUTS: readonly Cut[] = ["cut-before", "cut-inside", "cut-after", "cut-reply"]
const APPENDS = 50

/** Whether a command carries the event with this data. */
const carries = ({ args }: ProxiedCommand, data: string) => args.some((arg) => arg.includes(textOf(data)))

describeWithRedis("redisStore.append over a connection that fails", () => {
  describeEach()

  test("redisStore.append that arrives late, after its repetition was stored, is stored once", async () => {
    const server = await redisOfTest()
    const proxy = await proxyOfTest(server)
    const store = await redisStoreOfTest(proxy.url, { publishTimeout: 50 })
    await appendAll(store, "log", ["1"])
    const dedupe = { producer: "test", seq: 2 }
    const append = () => store.append("log", [{ text: textOf("2") }], { dedupe })
    const results: PromiseSettledResult<StoreAppended>[] = []
    // A server that is held has the commands of its lost connections, and executes each of them later.
    for (let attempt = 0; attempt < 5; attempt++) {
      server.hold()
      const pending = append()
      const { commands } = proxy.counts
      await expect.poll(() => proxy.counts.commands, patiently).toBeGreaterThan(commands - 1)
      proxy.cut("others")
      results.push(...(await Promise.allSettled([pending])))
      server.release()
    }
    await untilStored(append)
    expect(results.some(({ status }) => status === "rejected")).toBe(true)
    expect(await storedIn(await redisStoreOfTest(server.url), "log")).toEqual(["1", "2"])
  })

  test("redisStore.append that takes longer than publishTimeout rejects, and repeated it is stored once", async () => {
    const server = await redisOfTest()
    const proxy = await proxyOfTest(server)
    const store = await redisStoreOfTest(proxy.url, { publishTimeout: 20 })
    const seen = new Set<string>()
    proxy.onCommand = (command) => {
      const data = numbers(1, 10).find((number) => carries(command, number))
      if (data === undefined || seen.has(data)) return undefined
      seen.add(data)
      return 60
    }
    const { failures, cursors } = await appendAll(store, "log", numbers(1, 10))
    const { events } = await (await redisStoreOfTest(server.url)).read("log", "start")
    printCounts("append delayed beyond publishTimeout", { sent: 10, stored: events.length, failures })
    expect(failures).toBeGreaterThanOrEqual(10)
    expect(events.map(dataOf)).toEqual(numbers(1, 10))
    expect(cursors).toEqual(events.map(({ cursor }) => cursor))
  })

  test("redisStore rejects every operation that is swallowed, and goes on when the connection is back", async () => {
    const server = await redisOfTest()
    const proxy = await proxyOfTest(server)
    const { store, channels } = await redisNode(proxy.url, { publishTimeout: 40 })
    const client = new ChannelClient(channels, "log", { since: "start" })
    await appendAll(store, "log", ["1"])
    await expect.poll(() => client.data, patiently).toEqual(["1"])
    proxy.onCommand = () => "swallow"
    const dedupe = { producer: "test", seq: 2 }
    const append = () => store.append("log", [{ text: textOf("2") }], { dedupe })
    const operations: readonly (() => Promise<unknown>)[] = [
      append,
      () => store.read("log", "start"),
      () => store.claim("other", { ttl: 1_000, lease: 1_000 }),
      () => store.cancel("other"),
      () => store.drop("other"),
      () => channels.publish("other", { data: "1" }),
      () => channels.cursor("other"),
    ]
    for (const operation of operations) {
      const error: unknown = await operation().then(String, (thrown: unknown) => thrown)
      expect([isUnavailable(error), error]).toEqual([true, expect.any(Error)])
    }
    proxy.onCommand = undefined
    proxy.cut()
    await untilStored(append)
    await expect.poll(() => client.data, patiently).toEqual(["1", "2"])
    expect(client.ending).toBe("open")
  })

  test("redisStore.append holds a bounded number of events while Redis is away, and rejects the others", async () => {
    const server = await redisOfTest()
    const store = await redisStoreOfTest(server.url, { publishTimeout: 300 })
    await appendAll(store, "log", ["1"])
    await server.kill()
    const appends = Array.from({ length: 1_500 }, (_, at) =>
      store.append("log", [{ text: textOf(`${at}`) }], { dedupe: { producer: "other", seq: at + 1 } }),
    )
    const results = await Promise.allSettled(appends)
    expect(results.every((result) => result.status === "rejected" && isUnavailable(result.reason))).toBe(true)
    const refused = results.filter((result) => String((result as PromiseRejectedResult).reason).includes("maxWaiting"))
    expect(refused.length).toBeGreaterThanOrEqual(500)
    await server.restart()
    await untilStored(() => store.append("log", [{ text: textOf("after") }]))
    const stored = await storedIn(store, "log")
    // What was rejected because its time was over may still be stored, but nothing twice.
    expect(new Set(stored).size).toBe(stored.length)
    expect(stored.at(-1)).toBe("after")
  })
})

function describeEach() {
  const cases = CLIENTS.flatMap((client) => CUTS.map((cut) => [client, cut] as const))

  test.each(cases)("redisStore.append of %s, each with a %s, is stored once and in order", async (client, cut) => {
    const server = await redisOfTest()
    const proxy = await proxyOfTest(server)
    const { store, channels } = await redisNode(proxy.url, { client })
    const reader = new ChannelClient(channels, "log", { since: "start" })
    const all = numbers(1, APPENDS)
    const cutOnce = new Set(all)
    proxy.onCommand = (command) => {
      const data = [...cutOnce].find((number) => carries(command, number))
      if (data === undefined) return undefined
      cutOnce.delete(data)
      return cut
    }
    const { failures, cursors } = await appendAll(store, "log", all)
    const { events } = await (await redisStoreOfTest(server.url)).read("log", "start")
    expect(events.map(dataOf)).toEqual(all)
    expect(cursors).toEqual(events.map(({ cursor }) => cursor))
    await expect.poll(() => reader.data.length, patiently).toBe(APPENDS)
    expect(reader.data).toEqual(all)
    expect(proxy.counts.cuts).toBeGreaterThanOrEqual(APPENDS)
    printCounts(`append, ${client}, ${cut}`, {
      sent: APPENDS,
      stored: events.length,
      cuts: proxy.counts.cuts,
      failures,
    })
  })

  test.each(CLIENTS)("channels over %s stay whole, whichever command of the run is cut", async (client) => {
    const server = await redisOfTest()
    const healthy = await redisStoreOfTest(server.url)
    const { commands } = await runOnce(server, healthy, client, undefined)
    const faults = Array.from({ length: 2 * commands }, (_, at) => {
      const cut = at % 2 === 0 ? ("cut-before" as const) : ("cut-after" as const)
      return { number: 1 + Math.floor(at / 2), cut }
    })
    const counts: DeliveryCounts[] = []
    while (faults.length > 0) {
      const runs = faults.splice(0, 8).map((fault) => runOnce(server, healthy, client, fault))
      for (const run of await Promise.all(runs)) counts.push(run.counts)
    }
    expect(counts.length).toBeGreaterThan(10)
    expectWhole(`every command of ${client} cut once`, counts)
  })
}

/** One node publishes a few events to its session, and one command of it is cut. */
async function runOnce(
  server: RedisServer,
  healthy: EventStore,
  client: ClientName,
  fault: { readonly number: number; readonly cut: Cut } | undefined,
) {
  const log = `${fault?.cut}:${fault?.number}`
  const proxy = await startFaultyProxy(server.port)
  proxy.onCommand = ({ number }) => (number === fault?.number ? fault.cut : undefined)
  const node = await redisNode(proxy.url, { client, publishTimeout: 500 })
  const reader = new ChannelClient(node.channels, log, { since: "start" })
  const confirmed: string[] = []
  for (const data of ["0", "1", "2"]) {
    await node.channels.publish(log, { data }).then(
      () => confirmed.push(data),
      (error: unknown) => expect(isUnavailable(error)).toBe(true),
    )
  }
  const last = { dedupe: { producer: "test", seq: 1 } }
  await untilStored(() => node.store.append(log, [{ text: textOf("last") }], last))
  await expect.poll(() => seenBy(reader).at(-1), patiently).toBe("last")
  const stored = await storedIn(healthy, log)
  // An event whose publishing was rejected may be stored, but nothing twice.
  expect(stored.filter((data) => [...confirmed, "last"].includes(data))).toEqual([...confirmed, "last"])
  expect(new Set(stored).size).toBe(stored.length)
  expect(node.channels.size()).toBe(1)
  // The session gets what is new as news, and not only by its regular checks.
  await expect.poll(() => server.command("PUBSUB", "CHANNELS", `*{${log}}*`), patiently).toHaveLength(1)
  await node.close()
  await proxy.close()
  return { commands: proxy.counts.commands, counts: countDelivery(stored, seenBy(reader)) }
}
