import type { SseEvent } from "steadystream"
import { type Channels, createChannels, type Session } from "steadystream/server"
import { expect, test, vi } from "vitest"
import { ChannelClient, type ClientOptions } from "../../support/channel-client.ts"
import { describeChannelStores, type OpenChannelWorld } from "../../support/channel-worlds.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

const ALL = ["1", "2", "3", "4", "5", "6"]

/** Good clients around a bad one; six events are published, and then every client takes what waits. */
async function playBeside(open: OpenChannelWorld, make: (world: World) => ClientOptions) {
  const onError = vi.fn<(error: unknown) => void>()
  const { clock, store, settle, pass } = await open()
  const channels = createChannels({ onError, clock, store: store(), writeTimeout: 0 })
  const world: World = { channels, good: [], more: [] }
  const join = () => new ChannelClient(channels, "news")
  world.good.push(join())
  const bad = new ChannelClient(channels, "news", make(world))
  world.good.push(join())
  await settle()
  for (const data of ALL) await channels.publish("news", { data })
  await settle()
  await pass(2_000)
  bad.take()
  await settle()
  return { ...world, bad, channels, onError }
}

interface World {
  readonly channels: Channels
  readonly good: ChannelClient[]
  /** Clients that joined in a callback. */
  readonly more: ChannelClient[]
}

const thrown = () => {
  throw new Error("bad")
}

function closesAt(last: string) {
  return ({ data }: SseEvent, session: Session) => {
    if (data === last) session.close()
    return true
  }
}

describeChannelStores("sessions beside a bad one", (open) => {
  test.each<[string, (world: World) => ClientOptions, string[], number]>([
    ["a filter that throws", () => ({ filter: thrown }), [], 6],
    [
      "a filter that throws now and then",
      () => ({ filter: ({ data }) => data !== "3" || thrown() }),
      ALL.toSpliced(2, 1),
      1,
    ],
    ["a filter that returns a promise", () => ({ filter: (async () => true) as never }), [], 6],
    ["a filter whose promise rejects", () => ({ filter: (async () => thrown()) as never }), [], 6],
    ["a key that throws", () => ({ slow: { coalesce: thrown } }), ALL, 6],
    ["a key that is no string", () => ({ slow: { coalesce: (() => undefined) as never } }), ALL, 6],
    ["a key that comes later", () => ({ slow: { coalesce: (async () => thrown()) as never } }), ALL, 6],
    [
      "a key that throws for one event",
      () => ({ room: 1, slow: { coalesce: ({ data }) => (data === "3" ? thrown() : data) } }),
      ALL,
      1,
    ],
    ["a slow outlet", () => ({ room: 1 }), ALL, 0],
    ["onOpen that throws", () => ({ onOpen: thrown }), ALL, 1],
    ["onOpen whose promise rejects", () => ({ onOpen: () => Promise.reject(new Error("bad")) as never }), ALL, 1],
    ["onOpen that closes", () => ({ onOpen: (session: Session) => session.close() }), [], 0],
    [
      "onOpen that sends",
      () => ({ onOpen: (session: Session) => void session.send({ data: "mine" }) }),
      ["mine", ...ALL],
      0,
    ],
    ["a filter that closes its session", () => ({ filter: closesAt("3") }), ["1", "2"], 0],
  ])("%s leaves the other sessions unaffected", async (_, make, expected, errors) => {
    const { good, bad, onError } = await playBeside(open, make)
    for (const client of good) expect(client.data).toEqual(ALL)
    expect(bad.data).toEqual(expected)
    expect(onError).toHaveBeenCalledTimes(errors)
  })

  test("a filter that closes another session leaves the rest unaffected", async () => {
    const { good, bad } = await playBeside(open, ({ good: [first] }) => ({
      filter({ data }) {
        if (data === "3") first!.session.close()
        return true
      },
    }))
    expect(good[0]!.data).toEqual(ALL.slice(0, 3))
    expect(good[0]!.ending).toBe("clean")
    expect([good[1]!.data, bad.data]).toEqual([ALL, ALL])
  })

  test("a filter that connects other sessions leaves the order unchanged", async () => {
    const { good, bad, more, channels } = await playBeside(open, ({ channels: joined, more: added }) => ({
      filter({ data }) {
        added.push(new ChannelClient(joined, "news", { since: "start" }))
        return data !== "9"
      },
    }))
    for (const client of [...good, bad, ...more]) expect(client.data).toEqual(ALL)
    expect([more.length, channels.size("news")]).toEqual([6, 9])
  })

  test.each([1, Infinity])("a filter that publishes repeats nothing, with room for %s blocks", async (room) => {
    const expected = [...ALL, "1+", "2+", "3+", "4+", "5+", "6+"]
    const { good, bad } = await playBeside(open, ({ channels }) => ({
      room,
      filter({ data }) {
        if (data.length === 1) void channels.publish("news", { data: `${data}+` })
        return true
      },
    }))
    expect(bad.data.toSorted()).toEqual(expected.toSorted())
    for (const client of good) expect(client.data).toEqual(bad.data)
  })

  test.each([1, 2, 3, Infinity])("a filter that sends keeps the order, with room for %s blocks", async (room) => {
    const { good, bad } = await playBeside(open, () => ({
      room,
      filter({ data }, session) {
        void session.send({ data: `before ${data}` })
        return true
      },
    }))
    for (const client of good) expect(client.data).toEqual(ALL)
    expect(bad.data.filter((data) => data.length === 1)).toEqual(ALL)
    expect(bad.data.filter((data) => data.length > 1)).toEqual(ALL.map((data) => `before ${data}`))
    for (const data of ALL) expect(bad.data.indexOf(`before ${data}`)).toBeLessThan(bad.data.indexOf(data))
  })

  test("a session that leaves inside write() leaves the others unaffected", async () => {
    const world = await open()
    const channels = createChannels({ store: world.store() })
    const clients = Array.from({ length: 3 }, () => new ChannelClient(channels, "news"))
    await world.settle()
    const write = vi.spyOn(clients[1]!, "write").mockImplementation(() => {
      clients[1]!.leave()
      return false
    })
    for (const data of ALL) await channels.publish("news", { data })
    await world.settle()
    expect([clients[0]!.data, clients[2]!.data]).toEqual([ALL, ALL])
    expect(write).toHaveBeenCalledTimes(1)
    expect(channels.stats().sessions).toBe(2)
  })

  test("a key and a filter together send the last event with each key that passes", async () => {
    const { bad } = await playBeside(open, () => ({
      room: 1,
      filter: ({ data }) => data !== "5" && data !== "6",
      slow: { coalesce: ({ data }) => (Number(data) % 2 === 0 ? "even" : "odd") },
    }))
    expect(bad.data).toEqual(["3", "4"])
  })

  test("nothing is written to a client without a cursor whose filter ends the session at the first event", async () => {
    const world = await open()
    const channels = createChannels({ store: world.store() })
    await channels.publish("news", { data: "1" })
    await channels.publish("news", { data: "2" })
    const first = new ChannelClient(channels, "news")
    await world.settle()
    const client = new ChannelClient(channels, "news", { since: "start", filter: closesAt("1") })
    await world.settle()
    expect([client.ending, client.data, first.ending]).toEqual(["clean", [], "open"])
  })
})
