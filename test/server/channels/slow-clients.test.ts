import { createChannels, type ChannelsOptions } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { expect, test, vi } from "vitest"
import { ChannelClient, settleTasks } from "../../support/channel-client.ts"
import { describeChannelStores, type OpenChannelWorld } from "../../support/channel-worlds.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"
import { UnreliableStore } from "../../support/unreliable-store.ts"

failOnUnhandledRejections()

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => `${from + at}`)

/** Channels whose store keeps everything and counts its reads. */
async function wideChannels(open: OpenChannelWorld, options: ChannelsOptions = {}) {
  const world = await open({ retention: { events: 100_000, bytes: 2 ** 30 } })
  const { clock } = world
  const store = world.store()
  const read = vi.spyOn(store, "read")
  const channels = createChannels({ clock, store, ...options })
  const publish = async (from: number, to: number) => {
    for (let at = from; at <= to; at += 500) {
      await Promise.all(numbers(at, Math.min(at + 499, to)).map((data) => channels.publish("news", { data })))
    }
    await world.settle()
  }
  return { world, clock, read, channels, publish }
}

describeChannelStores("clients that are slow", (open) => {
  test("a client far behind gets every event from pages of the store, and then from memory", async () => {
    const { world, channels, publish, read } = await wideChannels(open)
    const client = new ChannelClient(channels, "news", { room: 3 })
    await world.settle()
    await publish(1, 5_000)
    expect(client.data).toEqual(["1"])
    expect(channels.stats()).toMatchObject({ sessions: 1, behind: 1, lag: 4_999, delivered: 1 })
    client.take()
    await world.settle()
    expect(client.data).toEqual(numbers(1, 5_000))
    expect(channels.stats()).toMatchObject({ behind: 0, lag: 0, delivered: 5_000 })
    // Pages of 100 for what is not in memory.
    expect(read.mock.calls.length).toBeLessThan(50)
    await publish(5_001, 5_003)
    expect(client.data.slice(-3)).toEqual(numbers(5_001, 5_003))
  })

  test("clients at the same place share the reads of the store", async () => {
    const { world, channels, publish, read } = await wideChannels(open)
    await publish(1, 3_000)
    const { cursor } = await channels.publish("news", { data: "3001" })
    const first = cursor.replace(/3001$/, "0")
    const clients = Array.from({ length: 100 }, () => new ChannelClient(channels, "news", { cursor: first }))
    await world.settle()
    for (const client of clients) expect(client.data).toEqual(numbers(1, 3_001))
    expect(read.mock.calls.length).toBeLessThan(50)
    expect(channels.stats().replayed).toBe(100 * 3_001)
  })

  test('slow: "disconnect" breaks a client that is more than 1,000 events behind', async () => {
    const { world, channels, publish } = await wideChannels(open)
    const slow = new ChannelClient(channels, "news", { room: 3, slow: "disconnect" })
    const quick = new ChannelClient(channels, "news", { slow: "disconnect" })
    await world.settle()
    await publish(1, 1_001)
    expect(slow.ending).toBe("open")
    await publish(1_002, 1_002)
    expect(slow.ending).toBe("broken")
    expect(slow.error).toMatchObject({ code: "slow-consumer" })
    await publish(1_003, 3_000)
    expect(quick.data).toHaveLength(3_000)
    expect(channels.stats()).toMatchObject({ droppedSlow: 1, sessions: 1, behind: 0 })
  })

  test("slow: coalesce sends the last event with each key in order, and the cursor moves over all", async () => {
    const { world, channels, publish } = await wideChannels(open)
    const client = new ChannelClient(channels, "news", {
      room: 1,
      slow: { coalesce: ({ data }) => `${Number(data) % 10}` },
    })
    await world.settle()
    await publish(1, 500)
    client.take(4)
    expect(client.data).toEqual(numbers(491, 494))
    client.take()
    expect(client.data).toEqual(numbers(491, 500))
    expect(client.read.lastEventId).toMatch(/-500$/)
    // One that is not behind gets every event.
    await publish(501, 505)
    expect(client.data.slice(-5)).toEqual(numbers(501, 505))
  })

  test("writeTimeout breaks a client that takes none of what is offered, and no other", async () => {
    const { world, channels, publish } = await wideChannels(open, { writeTimeout: 30_000 })
    const [stalled, slow, filling, idle] = [3, 3, 3, 2].map((room) => new ChannelClient(channels, "news", { room }))
    await world.settle()
    await publish(1, 10)
    idle!.leave()
    const still = new ChannelClient(channels, "news", { room: 1 })
    for (let second = 0; second < 120; second++) {
      if (second % 25 === 0) slow!.take(1)
      // The socket has taken a part of one block.
      filling!.backlog = 1_000_000 - second
      if (second <= 29) expect(stalled!.ending).toBe("open")
      if (second >= 33) expect(stalled!.ending).toBe("broken")
      await world.pass(1_000)
    }
    expect(stalled!.error).toMatchObject({ code: "slow-consumer" })
    expect([slow!.ending, filling!.ending, still.ending]).toEqual(["open", "open", "open"])
    expect(slow!.data).toEqual(numbers(1, 6))
    expect(channels.stats()).toMatchObject({ droppedSlow: 1, sessions: 3 })
  })

  test.each<[string, ChannelsOptions, (client: ChannelClient) => void]>([
    ["maxDuration", { maxDuration: 60_000 }, () => {}],
    ["close()", {}, ({ session }) => session.close()],
  ])("writeTimeout breaks a client that takes nothing after its end by %s", async (_, options, end) => {
    const { world, channels, clock, publish } = await wideChannels(open, { writeTimeout: 30_000, ...options })
    const client = new ChannelClient(channels, "news", { room: 1 })
    await world.settle()
    void client.session.send({ data: "waits" })
    end(client)
    await publish(1, 3)
    if (client.session.state === "closed") expect(channels.stats()).toMatchObject({ sessions: 1, behind: 0, lag: 0 })
    await world.pass(100_000)
    expect(client.ending).toBe("broken")
    expect(channels.stats()).toMatchObject({ droppedSlow: 1, sessions: 0 })
    await world.pass(20_000)
    expect(clock.pendingTimers).toBe(0)
  })

  test("a client that reads more slowly than its channel goes on at its own pace, and is whole", async () => {
    const { world, channels, publish } = await wideChannels(open, { writeTimeout: 0 })
    const client = new ChannelClient(channels, ["news", "other"], { room: 1 })
    await world.settle()
    for (let from = 1; from < 4_000; from += 10) {
      await publish(from, from + 9)
      client.take(3)
      await world.settle()
    }
    client.take()
    await world.settle()
    expect(client.data).toEqual(numbers(1, 4_000))
  })

  test('slow: "disconnect" counts events, not their size', async () => {
    const { world, channels } = await wideChannels(open)
    const client = new ChannelClient(channels, "news", { room: 2, slow: "disconnect" })
    await world.settle()
    const data = "x".repeat(600_000)
    for (let count = 0; count < 6; count++) await channels.publish("news", { data })
    expect(client.ending).toBe("open")
    client.take()
    await world.settle()
    expect(client.data).toEqual(Array.from({ length: 6 }, () => data))
  })

  test("what many channels keep for their clients is bounded in all, and a client behind is whole", async () => {
    const { world, channels, read } = await wideChannels(open)
    const names = numbers(1, 40)
    const clients = names.map((name) => new ChannelClient(channels, name, { room: 1 }))
    await world.settle()
    const texts = numbers(1, 10).map((text) => text.padEnd(100_000))
    for (const name of names) for (const data of texts) await channels.publish(name, { data })
    await world.pass(1_000)
    read.mockClear()
    for (const client of clients) client.take()
    await world.settle()
    for (const client of clients) expect(client.data).toEqual(texts)
    // Otherwise all 40 MB would still be in memory beside the store.
    expect(read).toHaveBeenCalled()
  })
})

test("slow: coalesce goes on after a new epoch, whose sequences begin anew", async () => {
  let seed = 0
  const clock = new ManualClock({ random: () => (seed = (seed + 0.137) % 1) })
  const store = new UnreliableStore(clock.random.bind(clock), { clock }, 100)
  const drain = async () => {
    for (await settleTasks(); store.pending > 0; await settleTasks()) store.draw()
  }
  const channels = createChannels({ clock, store })
  const client = new ChannelClient(channels, "news", {
    room: 1,
    slow: { coalesce: ({ data }) => `${Number(data) % 2}` },
  })
  await drain()
  for (const data of numbers(1, 20)) void channels.publish("news", { data })
  await drain()
  client.take()
  store.restart()
  await drain()
  for (const data of numbers(21, 24)) void channels.publish("news", { data })
  await drain()
  expect(client.data.slice(0, 3)).toEqual(["19", "20", expect.stringContaining('"epoch"')])
  expect(client.data.slice(-2)).toEqual(["23", "24"])
})
