import { fileURLToPath } from "node:url"
import { subscribe } from "steadystream/client"
import { expect, onTestFinished, test } from "vitest"
import { startBalancer } from "../support/balancer.ts"
import { startProgram } from "../support/channel-program.ts"
import { countDelivery, expectWhole, printCounts } from "../support/delivery-counts.ts"
import { redisNode } from "../support/redis-node.ts"
import { describeWithRedis, redisOfTest } from "../support/with-redis.ts"

const CLIENTS = 50
const EVENTS = 900
const NAMES = ["a", "b", "c"]
const patiently = { timeout: 30_000, interval: 20 }
const program = fileURLToPath(new URL("serve-main.ts", import.meta.url))

/** One client of the three channels, with the data of its events and the number of its connections. */
function startClient(url: string) {
  const client = { seen: [] as string[], gaps: 0, opened: 0 }
  const subscription = subscribe(url, {
    retry: { initialDelay: 1, jitter: false },
    onOpen: () => void client.opened++,
    onGap: () => void client.gaps++,
  })
  const reading = subscription.listen({ onEvent: ({ data }) => client.seen.push(data) })
  onTestFinished(() => {
    subscription.close()
    return reading
  })
  return client
}

describeWithRedis("two servers of one Redis", () => {
  test("a server that is killed under load loses no event of its clients, which go on at the other one", async () => {
    const redis = await redisOfTest()
    const servers = await Promise.all([1, 2].map(() => startProgram([process.execPath, program, redis.url])))
    const balancer = await startBalancer(servers.map(({ origin }) => origin))
    const clients = Array.from({ length: CLIENTS }, () => startClient(`${balancer.origin}/events`))
    await expect.poll(() => clients.every(({ opened }) => opened === 1), patiently).toBe(true)
    const [killed] = balancer.open()

    const { channels } = await redisNode(redis.url)
    const stored = new Map<string, string[]>(NAMES.map((name) => [name, []]))
    const published: Promise<unknown>[] = []
    for (let at = 0; at < EVENTS; at++) {
      const name = NAMES[at % NAMES.length]!
      const data = `${name}${at}`
      published.push(channels.publish(name, { data }))
      stored.get(name)!.push(data)
      if (at === EVENTS / 2) void servers[0]!.kill()
      if (at % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 3))
    }
    await Promise.all(published)
    await expect.poll(() => clients.every(({ seen }) => seen.length >= EVENTS), patiently).toBe(true)

    expect(balancer.open()).toEqual([0, CLIENTS])
    expect(killed).toBeGreaterThan(0)
    expect(clients.filter(({ opened }) => opened === 2)).toHaveLength(killed!)
    const counts = clients.flatMap(({ seen }) =>
      NAMES.map((name) =>
        countDelivery(
          stored.get(name)!,
          seen.filter((data) => data.startsWith(name)),
        ),
      ),
    )
    printCounts("a server killed under load", { clients: CLIENTS, moved: killed!, published: EVENTS })
    expectWhole("a server killed under load", counts)
    expect(clients.map(({ seen, gaps }) => [seen.length, gaps])).toEqual(clients.map(() => [EVENTS, 0]))
  })
})
