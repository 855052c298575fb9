import Redis6 from "ioredis"
import Redis5 from "ioredis-5"
import { createClient as createClient6 } from "redis"
import { createClient as createClient5 } from "redis-5"
import type { RedisConnection } from "steadystream/redis"
import { storeContract } from "steadystream/testing"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type RedisServer, startRedis } from "../support/redis-server.ts"
import { redisStores, type TestClient } from "../support/redis-stores.ts"
import { describeWithRedis } from "../support/with-redis.ts"

const clients: Record<string, (url: string) => Promise<TestClient>> = {
  "ioredis 6": async (url) => {
    const client = new Redis6(url)
    return { client, close: () => client.disconnect() }
  },
  "ioredis 5": async (url) => {
    const client = new Redis5(url)
    return { client, close: () => client.disconnect() }
  },
  "redis 6": async (url) => {
    const client = await createClient6({ url }).connect()
    return { client, close: () => client.destroy() }
  },
  "redis 5": async (url) => {
    const client = await createClient5({ url }).connect()
    return { client, close: () => client.destroy() }
  },
  "a connection of one's own": async (url) => {
    const [commands, messages] = [new Redis6(url), new Redis6(url)]
    const handlers = new Map<string, (message: unknown) => void>()
    messages.on("messageBuffer", (channel: Buffer, message: Buffer) => handlers.get(channel.toString())?.(message))
    const connection: RedisConnection = {
      command: ([name = "", ...args]) => commands.callBuffer(name, ...args),
      subscribe: async (channel, onMessage) => {
        handlers.set(channel, onMessage)
        await messages.subscribe(channel)
        return () => messages.unsubscribe(channel)
      },
    }
    return {
      client: connection,
      close: () => {
        commands.disconnect()
        messages.disconnect()
      },
    }
  },
}

describeWithRedis.each(Object.keys(clients))("redisStore() with %s", (kind) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  const stores = redisStores(`${kind} `, () => clients[kind]!(server.url))
  const cases = storeContract(`redisStore() with ${kind}`, stores)

  // The longest case is the same work with every client.
  const some = kind.endsWith("6") ? cases : cases.filter(({ name }) => !name.includes("1,000 random"))

  // Most cases wait for the clock of Redis, and each has keys of its own.
  test.concurrent.each(some)("$name", { timeout: 120_000 }, async ({ run }) => {
    await expect(run()).resolves.toBe(undefined)
  })
})
