import { Cluster as Cluster6 } from "ioredis"
import { Cluster as Cluster5 } from "ioredis-5"
import { createCluster as createCluster6 } from "redis"
import { createCluster as createCluster5 } from "redis-5"
import { redisStore } from "steadystream/redis"
import { storeContract } from "steadystream/testing"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type RedisCluster, startCluster } from "../support/redis-cluster.ts"
import { redisStores, type TestClient } from "../support/redis-stores.ts"
import { describeWithRedis } from "../support/with-redis.ts"

const clients: Record<string, (ports: readonly number[]) => Promise<TestClient>> = {
  "ioredis 6": async (ports) => {
    const client = new Cluster6(ports.map((port) => ({ host: "127.0.0.1", port })))
    return { client, close: () => client.disconnect() }
  },
  "ioredis 5": async (ports) => {
    const client = new Cluster5(ports.map((port) => ({ host: "127.0.0.1", port })))
    return { client, close: () => client.disconnect() }
  },
  "redis 6": async (ports) => {
    const client = createCluster6({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) })
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  "redis 5": async (ports) => {
    const client = createCluster5({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) })
    await client.connect()
    return { client, close: () => client.destroy() }
  },
}

/** The cases that differ in a cluster: those with several logs, with news and with scripts that a server may not know. */
const CASES = /watch\(\)|unusual names|append\(\) stores a batch|claim\(\) with takeOver|another log|200 random/

describeWithRedis("redisStore() of a cluster", () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startCluster()
  })
  afterAll(() => cluster.stop())

  test.each([
    ["ioredis 6", Cluster6],
    ["ioredis 5", Cluster5],
  ])("redisStore() of a cluster with %s has news with every way to set a prefix", async (kind, Cluster) => {
    const nodes = cluster.servers.map(({ port }) => ({ host: "127.0.0.1", port }))
    for (const options of [{ keyPrefix: "app:" }, { redisOptions: { keyPrefix: "app:" } }]) {
      const client = new Cluster(nodes, options)
      const store = redisStore(client, { prefix: `${kind} ${Object.keys(options).join()}:` })
      const seen = new Set<number>()
      const watches = [0, 1, 2, 3, 4, 5].map((at) => store.watch(`${at}`, (news) => news && seen.add(at)))
      await Promise.all(watches.map(({ ready }) => ready))
      for (const at of watches.keys()) await store.append(`${at}`, [{ text: "x" }])
      await expect.poll(() => seen.size).toBe(6)
      await store.close()
      client.disconnect()
    }
  })

  for (const [kind, connect] of Object.entries(clients)) {
    const open = () => connect(cluster.servers.map(({ port }) => port))
    test(`redisStore() of a cluster with ${kind} has no findChanged(), whose keys would be in many slots`, async () => {
      const made = await open()
      const store = redisStore(made.client)
      expect(store.findChanged).toBe(undefined)
      await store.close()
      made.close()
    })

    const cases = storeContract(`redisStore() of a cluster with ${kind}`, redisStores(`${kind} `, open))
    test(`redisStore() of a cluster with ${kind} calls every watcher after its subscribers have reconnected`, async () => {
      const made = await open()
      const store = redisStore(made.client, { prefix: `${kind} watchers:` })
      const looks = new Map<number, number>()
      for (let at = 0; at < 30; at++) {
        const watch = store.watch(`${at}`, (news) => {
          if (news === undefined) looks.set(at, (looks.get(at) ?? 0) + 1)
        })
        await watch.ready
      }
      // A cluster may report that its subscribers are ready more than once.
      looks.clear()
      for (const { command } of cluster.servers) await command("CLIENT", "KILL", "TYPE", "pubsub")
      await expect.poll(() => looks.size, { timeout: 30_000 }).toBe(30)
      // What was published to a connection that was cut is news to none, and a look for all.
      const seen = new Set<number>()
      for (let at = 0; at < 30; at++) store.watch(`${at}`, (news) => news && seen.add(at))
      const append = async () => {
        for (let at = 0; at < 30; at++) await store.append(`${at}`, [{ text: "x" }])
        return seen.size
      }
      await expect.poll(append, { timeout: 30_000 }).toBe(30)
      await store.close()
      made.close()
    })

    test(`redisStore() of a cluster with ${kind} has one connection for commands and one for messages to each server`, async () => {
      const made = await open()
      const store = redisStore(made.client, { prefix: `${kind} connections:` })
      for (let at = 0; at < 30; at++) await store.watch(`${at}`, () => {}).ready
      const connections = async () => {
        // The last command of a connection shows what it is for.
        for (let at = 0; at < 30; at++) await store.append(`${at}`, [{ text: "x" }])
        const lists = await Promise.all(cluster.servers.map(({ command }) => command("CLIENT", "LIST")))
        return lists.map((list) => {
          const lines = String(list).split("\n")
          const subscribers = lines.filter((line) => /\bssub=[1-9]/.test(line)).length
          return [subscribers, lines.filter((line) => /\bcmd=eval/.test(line)).length]
        })
      }
      // Those of the tests before this one may still be closing.
      const expected = cluster.servers.map(() => [1, 1])
      await expect.poll(connections, { timeout: 30_000 }).toEqual(expected)
      await store.close()
      made.close()
    })

    test.each(cases.filter(({ name }) => CASES.test(name)))("$name", async ({ run }) => {
      await expect(run()).resolves.toBe(undefined)
    })
  }
})

test("redisStore() refuses a cluster of ioredis whose prefix decides about the server", () => {
  for (const Cluster of [Cluster6, Cluster5]) {
    for (const options of [{ keyPrefix: "{app}:" }, { redisOptions: { keyPrefix: "{app}:" } }]) {
      const client = new Cluster([{ port: 1 }], { lazyConnect: true, ...options })
      expect(() => redisStore(client)).toThrow(
        new TypeError('Cannot make store: "keyPrefix" of a cluster must have no braces'),
      )
    }
  }
})
