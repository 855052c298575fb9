/* findChanged() of the Redis store, and what the checks of many logs cost. */
import Redis from "ioredis"
import { redisStore, type RedisConnection, type RedisStoreOptions } from "steadystream/redis"
import { createChannels, type EventStore } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest"
import { ChannelClient, settleTasks } from "../support/channel-client.ts"
import { FaultyStore } from "../support/faulty-store.ts"
import { type RedisServer, startRedis } from "../support/redis-server.ts"
import { errorOf, events } from "../support/store-calls.ts"
import { randomOf } from "../support/unreliable-store.ts"
import { describeWithRedis, redisOfTest } from "../support/with-redis.ts"

test("redisStore() has no findChanged() if its connection is to a cluster", () => {
  const connection: RedisConnection = { command: async () => [], subscribe: async () => () => {} }
  expect(redisStore(connection).findChanged).toBeTypeOf("function")
  expect(redisStore({ ...connection, isSharded: true }).findChanged).toBe(undefined)
})

test("redisStore() finds changed logs by one command, whose key is that of the first log", async () => {
  const sent: [args: readonly string[], key: string][] = []
  const store = redisStore({
    command: async (args, key) => {
      sent.push([args, key])
      return [Buffer.from("5"), Buffer.from(""), Buffer.from("2"), 3]
    },
    subscribe: async () => () => {},
  })
  const changed = await store.findChanged!(new Map(["a", "b", "c", "d"].map((name) => [name, "e-0"])))
  expect(changed).toEqual(["b", "c"])
  expect(sent.map(([[name, , ...args], key]) => [name, args.slice(0, 5), args.slice(-4), key])).toEqual([
    [
      "EVALSHA",
      ["4", ...["a", "b", "c", "d"].map((name) => `steadystream:{${name}}:m`)],
      ["e-0", "e-0", "e-0", "e-0"],
      "steadystream:{a}:m",
    ],
  ])
  await store.close()
  expect(await errorOf(store.findChanged!(new Map()))).toMatchObject({ retryable: false })
  expect(await errorOf(store.findChanged!(new Map([[5, "e-0"]]) as never))).toBeInstanceOf(TypeError)
})

describeWithRedis("findChanged() of redisStore()", () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  let stores = 0
  const storeOfTest = (options: RedisStoreOptions = {}, { port } = server, keyPrefix = "") => {
    const client = new Redis(port, { retryStrategy: () => 20, keyPrefix })
    client.on("error", () => {})
    const prefix = `${++stores}:`
    const store = redisStore(client, { prefix, ...options })
    onTestFinished(async () => {
      await store.close()
      client.disconnect()
    })
    return { store, prefix, find: (positions: ReadonlyMap<string, string>) => store.findChanged!(positions) }
  }
  const positionsIn = async (store: EventStore, names: readonly string[]) => {
    const entries = names.map(async (name) => [name, (await store.read(name, "end")).next] as const)
    return new Map(await Promise.all(entries))
  }
  const callsOf = async (name: string, { command } = server) =>
    Number(
      new RegExp(`cmdstat_${name}:calls=(\\d+)`, "u").exec(String(await command("INFO", "commandstats")))?.[1] ?? 0,
    )

  /** Channels with a session in each of many logs, of which every second one has an event. */
  async function openLogs(count: number) {
    const own = await redisOfTest()
    const { store } = storeOfTest({}, own)
    const names = Array.from({ length: count }, (_, at) => `room:${at}`)
    await Promise.all(names.filter((_, at) => at % 2).map((name) => store.append(name, events(1, "data: old"))))
    const clock = new ManualClock({ random: randomOf(7) })
    const faulty = new FaultyStore(store)
    const channels = createChannels({ store: faulty, clock })
    const clients = names.map((name) => new ChannelClient(channels, name))
    await expect.poll(() => names.every((name) => channels.size(name) === 1)).toBe(true)
    onTestFinished(() => channels.closeAll({ within: 0 }))
    const passSeconds = async (seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        await clock.advance(1_000)
        // The replies must be there before the next second, or a log would be read instead of compared.
        await store.read("none", "end")
        await settleTasks(5)
      }
    }
    return { own, store, faulty, clients, passSeconds }
  }

  test("createChannels() checks 1,000 logs at rest by a script for all that are due in a second", async () => {
    const { own, faulty, passSeconds } = await openLogs(1_000)
    await own.command("CONFIG", "RESETSTAT")
    faulty.reads = 0
    await passSeconds(18)
    expect(new Set(faulty.searches.flat()).size).toBe(1_000)
    expect(faulty.reads).toBe(0)
    // One a second, and the reads of this test.
    expect(await callsOf("evalsha", own)).toBeLessThanOrEqual(2 * 18 + 2)
  })

  test("createChannels() delivers an event of 200 logs whose message was lost", async () => {
    const { store, faulty, clients, passSeconds } = await openLogs(200)
    faulty.isDeaf = true
    faulty.reads = 0
    await store.append("room:6", [{ text: "data: first\n\n" }])
    await store.append("room:7", [{ text: "data: second\n\n" }])
    await passSeconds(19)
    await expect.poll(() => clients[6]!.data).toEqual(["first"])
    await expect.poll(() => clients[7]!.data).toEqual(["second"])
    expect(faulty.reads).toBe(2)
  })

  test("findChanged() runs its script again in full if Redis does not know it", async () => {
    const { store, find } = storeOfTest()
    const positions = await positionsIn(store, ["a", "b"])
    await store.append("b", events(1))
    await server.command("SCRIPT", "FLUSH")
    expect([await find(positions), await find(positions)]).toEqual([["b"], ["b"]])
  })

  test("findChanged() finds the keys of a client with a prefix of its own", async () => {
    const { store, find, prefix } = storeOfTest({}, server, "app:")
    const positions = await positionsIn(store, ["a", "b"])
    await store.append("b", events(1))
    expect(await find(positions)).toEqual(["b"])
    expect(await server.command("EXISTS", `app:${prefix}{b}:m`)).toBe(1)
  })

  test("findChanged() leaves out logs that do not exist, and names those that Redis has lost", async () => {
    const { store, find, prefix } = storeOfTest()
    const positions = await positionsIn(store, ["a", "b", "c"])
    expect(await find(positions)).toEqual([])
    await server.command("DEL", `${prefix}{b}:m`)
    expect(await find(positions)).toEqual(["b"])
  })

  test("findChanged() keeps the position of a log as long as a read does", async () => {
    const { store, find, prefix } = storeOfTest({ retention: { age: 100_000 } })
    await store.append("used", events(1))
    const positions = await positionsIn(store, ["used", "new"])
    const [used, unused] = [`${prefix}{used}:m`, `${prefix}{new}:m`]
    const left = async () => Promise.all([used, unused].map(async (key) => Number(await server.command("PTTL", key))))
    await server.command("PEXPIRE", used, 302_300_000)
    await server.command("PEXPIRE", unused, 49_000)
    expect(await find(positions)).toEqual([])
    const renewed = await left()
    expect([renewed[0]! > 302_300_000, renewed[1]! > 49_000]).toEqual([true, true])
    await server.command("PEXPIRE", used, 303_000_000)
    await server.command("PEXPIRE", unused, 90_000)
    expect(await find(positions)).toEqual([])
    const unchanged = await left()
    expect([unchanged[0]! <= 303_000_000, unchanged[1]! <= 90_000]).toEqual([true, true])
  })

  test("findChanged() works with a Redis that refuses to write", async () => {
    const own = await redisOfTest()
    const { store, find, prefix } = storeOfTest({}, own)
    await store.append("a", events(1))
    const positions = await positionsIn(store, ["a", "b"])
    await own.command("PEXPIRE", `${prefix}{b}:m`, 60_000)
    await own.command("REPLICAOF", "127.0.0.1", 1)
    expect(await find(positions)).toEqual([])
    await own.command("REPLICAOF", "NO", "ONE")
    await own.command("CONFIG", "SET", "maxmemory", "1")
    await own.command("PEXPIRE", `${prefix}{b}:m`, 60_000)
    expect(await find(positions)).toEqual([])
  })

  test("findChanged() rejects what Redis does not answer in time, and a key of another kind", async () => {
    const own = await redisOfTest()
    const { store, find, prefix } = storeOfTest({ publishTimeout: 1_000 }, own)
    const positions = await positionsIn(store, ["a", "b"])
    await own.command("SET", `${prefix}{c}:m`, "x")
    const other = await errorOf(find(new Map([...positions, ["c", "e-0"]])))
    expect(other?.message).toBe("Cannot find changed logs: the command failed (WRONGTYPE)")
    own.hold()
    const late = await errorOf(find(positions))
    own.release()
    expect([late?.code, late?.message]).toEqual([
      "store-unavailable",
      'Cannot find changed logs: Redis did not answer within "publishTimeout"',
    ])
    await expect.poll(() => find(positions).catch(() => undefined)).toEqual([])
  })
})
