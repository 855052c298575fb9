import type { Cluster as Cluster6, Redis as Redis6 } from "ioredis"
import type { Cluster as Cluster5, Redis as Redis5 } from "ioredis-5"
import { createClient as createClient6, createCluster as createCluster6 } from "redis"
import { createClient as createClient5, createCluster as createCluster5 } from "redis-5"
import { assertType, test } from "vitest"
import { type RedisConnection, redisStore } from "steadystream/redis"
import type { EventStore } from "steadystream/server"

declare const ioredis: Redis6 | Redis5 | Cluster6 | Cluster5
declare const own: RedisConnection

test("redisStore() takes the clients of redis and ioredis, and connections of one's own", () => {
  assertType<EventStore>(redisStore(ioredis, { prefix: "a:", retention: { events: 1 } }))
  assertType<EventStore>(redisStore(createClient6()))
  assertType<EventStore>(redisStore(createClient6({ RESP: 3 })))
  assertType<EventStore>(redisStore(createClient5()))
  assertType<EventStore>(redisStore(createCluster6({ rootNodes: [] })))
  assertType<EventStore>(redisStore(createCluster5({ rootNodes: [] })))
  assertType<EventStore>(redisStore(own))
})

test("redisStore() refuses what is no client", () => {
  // @ts-expect-error -- an address is no client
  redisStore("redis://localhost")
  // @ts-expect-error -- a client has more
  redisStore({ status: "ready" })
})
