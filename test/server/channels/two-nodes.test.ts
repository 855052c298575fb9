import { createChannels, type EventStore, SseStoreError, type StoreNews } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { expect, test, vi } from "vitest"
import { ChannelClient, settleTasks } from "../../support/channel-client.ts"
import { describeChannelStores, type OpenChannelWorld } from "../../support/channel-worlds.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"
import { randomOf, UnreliableStore } from "../../support/unreliable-store.ts"

failOnUnhandledRejections()

/** A handle of a store whose news and reads the test can lose. */
class Handle {
  isDeaf = false
  isDown = false
  reads = 0
  readonly store: EventStore

  constructor(inner: EventStore) {
    this.store = {
      append: (...args) => inner.append(...args),
      read: async (...args) => {
        this.reads++
        if (this.isDown) throw new SseStoreError("Cannot read: down", "store-unavailable")
        return inner.read(...args)
      },
      watch: (log, onNews) =>
        inner.watch(log, (news: StoreNews | undefined) => {
          if (!this.isDeaf) onNews(news)
        }),
      claim: (...args) => inner.claim(...args),
      cancel: (...args) => inner.cancel(...args),
      drop: (log) => inner.drop(log),
      close: () => inner.close(),
    }
  }
}

async function twoNodes(open: OpenChannelWorld) {
  const world = await open()
  const { clock } = world
  const handles = [new Handle(world.store()), new Handle(world.store())] as const
  const onError = vi.fn<(error: unknown) => void>()
  const nodes = handles.map(({ store }) => createChannels({ clock, store, keepAlive: 0, writeTimeout: 0, onError }))
  return { clock, world, handles, nodes: nodes as [(typeof nodes)[0], (typeof nodes)[0]], onError }
}

test("sessions of two nodes get the same events in the same order, whichever node publishes", async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = randomOf(seed)
    const clock = new ManualClock({ random })
    const store = new UnreliableStore(random, { clock })
    const nodes = [0, 1].map(() => createChannels({ clock, store, keepAlive: 0, writeTimeout: 0 }))
    const clients = nodes.flatMap((node) => [1, Infinity].map((room) => new ChannelClient(node, "news", { room })))
    for (let n = 0; n < 60; n++) {
      if (n % 2 === 0 && clients.every(({ text }) => text !== "")) {
        void nodes[(n % 3) % 2]!.publish("news", { data: `${n}` })
      }
      for (let drawn = 0; drawn < 4; drawn++) store.draw()
      await settleTasks(1)
    }
    for (const client of clients) client.take()
    for (await settleTasks(); store.pending > 0; await settleTasks(1)) store.draw()
    const [log] = store.logs.values()
    const all = log!.filter((text) => text !== undefined).map((text) => /data: (.*)/.exec(text)![1]!)
    // Each began with the events after it was placed; none has a hole, and all have the same order.
    for (const { data } of clients) expect(data).toEqual(data.length === 0 ? [] : all.slice(-data.length))
    expect(clients.every(({ data }) => data.length > 5)).toBe(true)
    await Promise.all(nodes.map((node) => node.closeAll({ within: 0 })))
  }
})

describeChannelStores("channels of two nodes", (open) => {
  test("a client goes from one node to the other with its cursor, and gets every event once", async () => {
    const { world, nodes } = await twoNodes(open)
    let client = new ChannelClient(nodes[0], ["a", "b"])
    await world.settle()
    const got: string[] = []
    for (let n = 0; n < 40; n++) {
      await nodes[n % 2]!.publish(n % 3 === 0 ? "a" : "b", { data: `${n}` })
      if (n % 5 !== 4) continue
      client.leave()
      got.push(...client.data)
      await nodes[0].publish("a", { data: `${n} while away` })
      client = new ChannelClient(nodes[n % 2]!, ["a", "b"], { cursor: client.read.lastEventId })
      await world.settle()
    }
    await world.settle()
    got.push(...client.data)
    const expected = Array.from({ length: 40 }, (_, n) => [`${n}`, ...(n % 5 === 4 ? [`${n} while away`] : [])]).flat()
    expect(got.toSorted()).toEqual(expected.toSorted())
  })

  test("a reader whose news is lost finds the last event by its regular check, and asks the store no more often", async () => {
    const { world, handles, nodes } = await twoNodes(open)
    const client = new ChannelClient(nodes[1], "news")
    await world.settle()
    handles[1].isDeaf = true
    await nodes[0].publish("news", { data: "last" })
    await world.settle()
    expect(client.data).toEqual([])
    await world.pass(20_000)
    expect(client.data).toEqual(["last"])
    const { reads } = handles[1]
    await world.pass(600_000)
    expect(handles[1].reads - reads).toBeLessThanOrEqual(50)
    expect(handles[1].reads - reads).toBeGreaterThanOrEqual(30)
  })

  test("a reader that has missed many events reads all of them at its next check", async () => {
    const { world, handles, nodes } = await twoNodes(open)
    const client = new ChannelClient(nodes[1], "news")
    await world.settle()
    handles[1].isDeaf = true
    for (let n = 0; n < 350; n++) await nodes[0].publish("news", { data: `${n}` })
    for (let second = 0; second < 20 && client.data.length === 0; second++) await world.pass(1_000)
    expect(client.data).toEqual(Array.from({ length: 350 }, (_, n) => `${n}`))
  })

  test("sessions stay while the store is down, retries do not grow, and afterwards nothing is missing", async () => {
    const { clock, world, handles, nodes, onError } = await twoNodes(open)
    const client = new ChannelClient(nodes[1], "news")
    await world.settle()
    await nodes[0].publish("news", { data: "1" })
    Object.assign(handles[1], { isDeaf: true, isDown: true })
    const joined = new ChannelClient(nodes[1], "late", { since: "start" })
    await nodes[0].publish("news", { data: "2" })
    await nodes[0].publish("late", { data: "3" })
    await world.pass(60_000)
    const { reads } = handles[1]
    await world.pass(200_000)
    // Two logs, one try in 5 s each, and the regular checks.
    expect(handles[1].reads - reads).toBeLessThanOrEqual(120)
    expect(clock.pendingTimers).toBeLessThanOrEqual(3)
    expect([client.ending, joined.ending]).toEqual(["open", "open"])
    Object.assign(handles[1], { isDeaf: false, isDown: false })
    await world.pass(20_000)
    expect([client.data, joined.data]).toEqual([["1", "2"], ["3"]])
    expect(nodes[1].stats().storeErrors).toBe(onError.mock.calls.length)
    await Promise.all(nodes.map((node) => node.closeAll({ within: 0 })))
    expect(clock.pendingTimers).toBe(0)
  })

  test("a session that is not placed at once because a read failed is placed later, without new events", async () => {
    const { world, handles, nodes } = await twoNodes(open)
    await nodes[0].publish("news", { data: "1" })
    // Its reader stays in use.
    const first = new ChannelClient(nodes[1], "news")
    await world.settle()
    handles[1].isDown = true
    const second = new ChannelClient(nodes[1], "news", { cursor: "other-1" })
    await world.settle()
    handles[1].isDown = false
    await world.pass(2_000)
    expect(second.data).toEqual([expect.stringContaining('"epoch"'), "1"])
    expect(first.data).toEqual([])
  })
})
