import { Redis } from "ioredis"
import { Redis as Redis5 } from "ioredis-5"
import { createClient } from "redis"
import { createClient as createClient5 } from "redis-5"
import { redisStore, type RedisConnection } from "steadystream/redis"
import { systemClock } from "../../src/internal/clock.ts"
import { connectionOf } from "../../src/redis/redis-clients.ts"
import { ManualClock } from "steadystream/testing"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type RedisServer, startRedis } from "../support/redis-server.ts"
import { errorOf, events } from "../support/store-calls.ts"
import { describeWithRedis, redisOfTest } from "../support/with-redis.ts"

/** A connection that subscribes only if `state.isUp`. */
function fakeConnection() {
  const state = { isUp: false, attempts: 0, ended: 0 }
  const connection: RedisConnection = {
    command: async () => [],
    subscribe: async () => {
      state.attempts++
      if (!state.isUp) throw new Error("down")
      return () => void state.ended++
    },
  }
  return { state, connection }
}

describe("redisStore() whose subscription fails", () => {
  test("redisStore() subscribes again later, at longer and longer times", async () => {
    const clock = new ManualClock()
    const { state, connection } = fakeConnection()
    const store = redisStore(connection, { clock })
    const looks: unknown[] = []
    await errorOf(store.watch("a", (news) => looks.push(news)).ready)
    await clock.advance(10_000)
    const { attempts } = state
    expect(attempts).toBeGreaterThan(5)
    expect(attempts).toBeLessThan(15)
    state.isUp = true
    await clock.advance(2_000)
    expect([state.attempts - attempts, looks]).toEqual([1, [undefined]])
    expect(clock.pendingTimers).toBe(0)
    await store.close()
  })

  test("redisStore() subscribes again at once for a new watch of the log", async () => {
    const clock = new ManualClock()
    const { state, connection } = fakeConnection()
    const store = redisStore(connection, { clock })
    expect((await errorOf(store.watch("a", () => {}).ready))?.code).toBe("store-unavailable")
    state.isUp = true
    expect(await errorOf(store.watch("a", () => {}).ready)).toBe(undefined)
    expect([state.attempts, clock.pendingTimers]).toEqual([2, 0])
    await store.close()
  })

  test.each(["stop", "close"])("redisStore() does not subscribe again after %s()", async (how) => {
    const clock = new ManualClock()
    const { state, connection } = fakeConnection()
    const store = redisStore(connection, { clock })
    const watch = store.watch("a", () => {})
    await errorOf(watch.ready)
    expect(clock.pendingTimers).toBe(1)
    if (how === "stop") watch.stop()
    else await store.close()
    expect(clock.pendingTimers).toBe(0)
    await clock.advance(10_000)
    expect(state.attempts).toBe(1)
  })

  test("redisStore() ends every subscription, also if the end of one throws", async () => {
    const ended: string[] = []
    const store = redisStore({
      command: async () => [],
      subscribe: async (channel) => () => {
        ended.push(channel)
        throw new Error("cannot unsubscribe")
      },
      onReady: () => () => {
        ended.push("listener")
        throw new Error("cannot remove it")
      },
    })
    await Promise.all(["a", "b"].map((name) => store.watch(name, () => {}).ready))
    await store.close()
    expect(ended).toEqual(["steadystream:{a}:n", "steadystream:{b}:n", "listener"])
  })

  test("redisStore() does not keep the process alive for what waits at its close", async () => {
    const timers: NodeJS.Timeout[] = []
    const clock = {
      ...systemClock,
      setTimeout: (run: () => void, ms: number) => {
        const timer = setTimeout(run, ms)
        timers.push(timer)
        return timer
      },
    }
    const store = redisStore(
      { command: () => new Promise(() => {}), subscribe: async () => () => {} },
      { clock, publishTimeout: 300 },
    )
    const read = errorOf(store.read("a", "end"))
    await expect.poll(() => timers.map((timer) => timer.hasRef())).toEqual([true])
    await store.close()
    expect(timers.map((timer) => timer.hasRef())).toEqual([false])
    expect((await read)?.code).toBe("store-unavailable")
  })
})

describeWithRedis("redisStore() that watches", () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  const clients = {
    "redis 6": async () => {
      const client = await createClient({ url: server.url }).connect()
      return { client, close: () => client.destroy() }
    },
    "redis 5": async () => {
      const client = await createClient5({ url: server.url }).connect()
      return { client, close: () => client.destroy() }
    },
    "ioredis 6": async () => {
      const client = new Redis(server.port)
      return { client, close: () => client.disconnect() }
    },
    "ioredis 5": async () => {
      const client = new Redis5(server.port)
      return { client, close: () => client.disconnect() }
    },
  }

  test.each(Object.entries(clients))(
    "redisStore() of %s opens no connection for a watch after close()",
    async (_, connect) => {
      const { client, close } = await connect()
      const store = redisStore(client)
      await store.append("a", events(1))
      const before = await server.info("connected_clients")
      const watch = store.watch("a", () => {})
      await store.close()
      await watch.ready
      expect(await server.info("connected_clients")).toBe(before)
      const connection = connectionOf(client)
      connection.close()
      expect(await errorOf(connection.subscribe("x", () => {}))).toMatchObject({ retryable: false })
      expect(await server.info("connected_clients")).toBe(before)
      close()
    },
  )

  test.each([
    ["ioredis 6", (port: number) => new Redis(port, { commandTimeout: 100 })],
    ["ioredis 5", (port: number) => new Redis5(port, { commandTimeout: 100 })],
  ])("redisStore() of %s waits for its subscription longer than the client for commands", async (_, connect) => {
    const own = await redisOfTest()
    const client = connect(own.port)
    client.on("error", () => {})
    const store = redisStore(client, { publishTimeout: 60_000 })
    own.hold()
    const watch = store.watch("a", () => {})
    await expect(client.call("PING")).rejects.toThrow("timed out")
    await expect(client.call("PING")).rejects.toThrow("timed out")
    own.release()
    expect(await errorOf(watch.ready)).toBe(undefined)
    await store.close()
    client.disconnect()
  })
})
