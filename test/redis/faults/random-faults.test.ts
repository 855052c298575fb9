import type { Channels } from "steadystream/server"
import { expect, test } from "vitest"
import { ChannelClient } from "../../support/channel-client.ts"
import { printCounts } from "../../support/delivery-counts.ts"
import type { CommandFault, FaultyProxy } from "../../support/faulty-proxy.ts"
import { CLIENTS, isUnavailable, redisNode, type RedisNode, untilStored } from "../../support/redis-node.ts"
import type { RedisServer } from "../../support/redis-server.ts"
import { patiently, textOf } from "../../support/stored-events.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"
import { randomOf } from "../../support/unreliable-store.ts"
import { describeWithRedis, proxyOfTest, redisOfTest } from "../../support/with-redis.ts"

failOnUnhandledRejections()

/** STEADYSTREAM_SEEDS sets another number of runs. */
const SEEDS = Number(process.env["STEADYSTREAM_SEEDS"] ?? 6)
const FIRST = Number(process.env["STEADYSTREAM_SEED"] ?? 1)
const STEPS = 60
const NAMES = ["a", "b"]

/** A client of one channel, and the cursor that it came with. */
interface Joined {
  readonly client: ChannelClient
  readonly name: string
  readonly cursor: string
}

/** One run of two nodes: everything that is drawn comes from one seed. */
class Run {
  readonly random: () => number
  readonly server: RedisServer
  readonly nodes: readonly { readonly node: RedisNode; readonly proxy: FaultyProxy }[]
  readonly joined: Joined[] = []
  /** The data of each cursor that was ever seen or confirmed. */
  readonly known: Map<string, string> = new Map()
  readonly counts: Record<string, number> = { published: 0, unsure: 0, gaps: 0, seen: 0, faults: 0 }
  #published = 0
  readonly #pending: Promise<unknown>[] = []

  constructor(random: () => number, server: RedisServer, nodes: Run["nodes"]) {
    this.random = random
    this.server = server
    this.nodes = nodes
  }

  draw(count: number): number {
    return Math.floor(this.random() * count)
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.draw(values.length)]!
  }

  get channels(): Channels {
    return this.pick(this.nodes).node.channels
  }

  publish(name = this.pick(NAMES)): Promise<unknown> {
    const data = `${name}${this.#published++}`
    const publishing = this.channels.publish(name, { data }).then(
      ({ cursor }) => {
        this.counts["published"]!++
        this.know(cursor, data)
      },
      (error: unknown) => {
        this.counts["unsure"]!++
        expect([error, isUnavailable(error)]).toEqual([error, true])
      },
    )
    this.#pending.push(publishing)
    return publishing
  }

  know(cursor: string, data: string): void {
    expect(this.known.get(cursor) ?? data).toBe(data)
    this.known.set(cursor, data)
  }

  join(): void {
    const name = this.pick(NAMES)
    this.joined.push({ client: new ChannelClient(this.channels, name, { since: "start" }), name, cursor: "" })
  }

  /** A client leaves and comes back at any node. */
  comeBack(): void {
    const left = this.joined.length === 0 ? undefined : this.pick(this.joined)
    if (left === undefined) return
    left.client.leave()
    const cursor = left.client.read.lastEventId
    this.joined.push({
      client: new ChannelClient(this.channels, left.name, { cursor, since: "start" }),
      name: left.name,
      cursor,
    })
  }

  /** Something fails. */
  async fail(): Promise<void> {
    this.counts["faults"]!++
    const { proxy } = this.pick(this.nodes)
    const { server } = this
    const faults: readonly (() => unknown)[] = [
      () => proxy.cut("subscribers"),
      () => proxy.cut(),
      () => this.nextCommand(proxy, this.pick(["cut-before", "cut-inside", "cut-after", "cut-reply"] as const)),
      () => this.nextCommand(proxy, 30),
      () => this.nextCommand(proxy, "swallow"),
      () => server.command("SCRIPT", "FLUSH"),
      () => server.command("CLIENT", "KILL", "TYPE", "pubsub"),
      () => server.command("FLUSHALL"),
      () => server.command("SAVE"),
      () => server.restart(),
      async () => {
        await server.command("SAVE")
        await server.restart()
      },
    ]
    await this.pick(faults)()
  }

  nextCommand(proxy: FaultyProxy, fault: CommandFault): void {
    proxy.onCommand = () => {
      proxy.onCommand = undefined
      // A client does not find out by itself that nothing is answered.
      if (fault === "swallow") setTimeout(() => proxy.cut(), 150)
      return fault
    }
  }

  /** Publishes until every session that is open has got the last event. */
  async finish(): Promise<void> {
    for (const { proxy } of this.nodes) proxy.onCommand = undefined
    await Promise.all(this.#pending)
    for (const name of NAMES) {
      const { store } = this.nodes[0]!.node
      const dedupe = { producer: "last", seq: 1 }
      const [{ cursors }] = await untilStored(() => store.append(name, [{ text: textOf(`${name} last`) }], { dedupe }))
      this.know(cursors[0]!, `${name} last`)
    }
    const open = this.joined.filter(({ client }) => client.ending === "open")
    const isWhole = () => open.every(({ client, name }) => client.data.at(-1) === `${name} last`)
    await expect.poll(isWhole, patiently).toBe(true)
  }

  /** Each session got consecutive events after its cursor, or a gap first, and never another event under a cursor. */
  check(): void {
    for (const { client, name, cursor } of this.joined) {
      let next = cursor === "" ? undefined : sequenceOf(cursor) + 1
      const sinceGap = new Set<string>()
      for (const { event, data, lastEventId } of client.read.events) {
        if (event === "steadystream.gap") {
          this.counts["gaps"]!++
          next = sequenceOf((JSON.parse(data) as { resumesAt: string }).resumesAt) + 1
          sinceGap.clear()
          continue
        }
        this.counts["seen"]!++
        expect(data.startsWith(name)).toBe(true)
        this.know(lastEventId, data)
        expect([data, sequenceOf(lastEventId)]).toEqual([data, next ?? sequenceOf(lastEventId)])
        expect(sinceGap.has(data)).toBe(false)
        sinceGap.add(data)
        next = sequenceOf(lastEventId) + 1
      }
    }
  }
}

const sequenceOf = (cursor: string) => Number(cursor.slice(cursor.lastIndexOf("-") + 1))

async function startRun(seed: number): Promise<Run> {
  const server = await redisOfTest()
  const nodes = []
  for (const client of CLIENTS) {
    const proxy = await proxyOfTest(server)
    nodes.push({ proxy, node: await redisNode(proxy.url, { client, publishTimeout: 100 }) })
  }
  return new Run(randomOf(seed), server, nodes)
}

describeWithRedis("channels of a Redis that fails in many ways", { timeout: 60_000 * SEEDS }, () => {
  test("sessions get a contiguous part of the log or a gap first, whatever fails in whatever order", async () => {
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const run = await startRun(seed)
      for (let step = 0; step < STEPS; step++) {
        const drawn = run.draw(20)
        if (drawn === 0) run.join()
        else if (drawn === 1) run.comeBack()
        else if (drawn < 5) await run.fail()
        else if (drawn < 12) void run.publish()
        else await run.publish()
      }
      await run.finish()
      run.check()
      expect(run.counts["faults"]).toBeGreaterThan(0)
      printCounts(`random faults, seed ${seed}`, run.counts)
      await Promise.all(run.nodes.map(({ node }) => node.close()))
    }
  })
})
