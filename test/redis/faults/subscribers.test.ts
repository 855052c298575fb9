import { ManualClock } from "steadystream/testing"
import { expect, test } from "vitest"
import { ChannelClient } from "../../support/channel-client.ts"
import { countDelivery, expectWhole, printCounts } from "../../support/delivery-counts.ts"
import { CLIENTS, type ClientName, redisNode } from "../../support/redis-node.ts"
import type { RedisConfig } from "../../support/redis-server.ts"
import { patiently, seenBy } from "../../support/stored-events.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"
import { describeWithRedis, proxyOfTest, redisOfTest } from "../../support/with-redis.ts"

failOnUnhandledRejections()

const NAMES = ["a", "b", "c"]

/** A node that publishes and another one with sessions behind a proxy, which sees only the commands of that node. */
async function twoNodes(client: ClientName, config: RedisConfig = {}) {
  const server = await redisOfTest(config)
  const proxy = await proxyOfTest(server)
  // Without regular checks, a session gets only what its node has looked for.
  const channelsClock = new ManualClock()
  const publisher = await redisNode(server.url, { channelsClock })
  const reader = await redisNode(proxy.url, { client, channelsClock })
  const clients = NAMES.flatMap((name) => [
    new ChannelClient(reader.channels, name, { since: "start" }),
    new ChannelClient(publisher.channels, name, { since: "start" }),
  ])
  await expect.poll(() => clients.every(({ text }) => text !== ""), patiently).toBe(true)
  /** Waits until the subscriptions of both nodes stand. */
  const subscribed = async () => {
    const subscribers = () => server.command("PUBSUB", "NUMSUB", ...NAMES.map((name) => `steadystream:{${name}}:n`))
    await expect.poll(subscribers, patiently).toEqual(NAMES.flatMap((name) => [`steadystream:{${name}}:n`, 2] as const))
  }
  await subscribed()
  const stored = new Map<string, string[]>(NAMES.map((name) => [name, []]))
  const publish = async (name: string, data: string) => {
    await publisher.channels.publish(name, { data })
    stored.get(name)!.push(data)
  }
  /** Waits until every session has the last event, and returns what each has got. */
  const counts = async () => {
    for (const name of NAMES) await publish(name, "last")
    const seen = () => clients.map(seenBy)
    await expect.poll(() => seen().every((all) => all.at(-1) === "last"), patiently).toBe(true)
    return seen().map((all, at) => countDelivery(stored.get(NAMES[Math.floor(at / 2)]!)!, all))
  }
  return { server, proxy, clients, publish, counts, subscribed }
}

describeWithRedis("redisStore whose subscriber is disconnected", () => {
  test.each(CLIENTS)("sessions over %s lose nothing when Redis drops it for a full output buffer", async (client) => {
    const config = { "client-output-buffer-limit": "pubsub 32kb 0 0" }
    const { proxy, clients, publish, counts, subscribed } = await twoNodes(client, config)
    const { connections } = proxy.counts
    // An event above 65,536 bytes is published as a hint, which fits into the buffer.
    const large = "x".repeat(60_000)
    let dropped = 0
    for (let at = 0; at <= 45; at++) {
      const isLarge = at % 5 === 0
      if (isLarge) await subscribed()
      await publish(NAMES[at % 3]!, `${at} ${isLarge ? large : ""}`)
      if (isLarge) dropped++
    }
    // No message follows this one, which was dropped.
    await expect.poll(() => seenBy(clients[0]!).at(-1), patiently).toBe(`45 ${large}`)
    await subscribed()
    const reconnected = proxy.counts.connections - connections
    printCounts(`subscriber dropped for a full output buffer, ${client}`, { dropped, reconnected })
    expect(reconnected).toBeGreaterThanOrEqual(dropped)
    const whole = await counts()
    expectWhole(`sessions of ${client} behind it`, whole)
  })

  test.each(CLIENTS)("sessions over %s lose nothing when it is killed again and again", async (client) => {
    const { server, publish, counts } = await twoNodes(client)
    let killed = 0
    for (let at = 0; killed < 30; at++) {
      if (at % 5 === 0) killed += (await server.command("CLIENT", "KILL", "TYPE", "pubsub")) as number
      await publish(NAMES[at % 3]!, `${at}`)
    }
    printCounts(`subscriber killed, ${client}`, { killed })
    const whole = await counts()
    expect(whole).toHaveLength(2 * NAMES.length)
    expectWhole(`subscribers of ${client} killed`, whole)
  })

  test.each(CLIENTS)("a session over %s gets the last event although its message was lost", async (client) => {
    const { proxy, publish, clients, counts } = await twoNodes(client)
    await publish("a", "1")
    await expect.poll(() => clients.slice(0, 2).map(({ data }) => data), patiently).toEqual([["1"], ["1"]])
    // The connection is back only after the event was published.
    proxy.newConnections = "refuse"
    expect(proxy.cut("subscribers")).toBeGreaterThan(0)
    await publish("a", "2")
    await publish("a", "3")
    proxy.newConnections = "forward"
    await expect.poll(() => clients[0]!.data, patiently).toEqual(["1", "2", "3"])
    expectWhole(`messages of ${client} lost`, await counts())
  })

  test.each(CLIENTS)(
    "sessions over %s that are held behind a slow subscriber get every event in order",
    async (client) => {
      const { proxy, publish, counts } = await twoNodes(client)
      const before = proxy.counts.cuts
      for (let at = 0; at < 60; at++) {
        if (at % 10 === 0) proxy.cut("subscribers")
        proxy.onCommand = ({ name, isSubscriber }) => (isSubscriber || name.startsWith("EVAL") ? at % 7 : undefined)
        await publish(NAMES[at % 3]!, `${at}`)
      }
      proxy.onCommand = undefined
      expectWhole(`commands of ${client} delayed`, await counts())
      expect(proxy.counts.cuts).toBeGreaterThan(before)
    },
  )
})
