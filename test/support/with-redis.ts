/* Redis in tests: servers and proxies that end with the test that started them. */
import { describe, onTestFinished } from "vitest"
import { type FaultyProxy, startFaultyProxy } from "./faulty-proxy.ts"
import { findRedis, type RedisConfig, type RedisServer, startRedis } from "./redis-server.ts"

/** `describe` for tests that need Redis: without one they are skipped by name, which fails under `CI=true`. */
export const describeWithRedis: typeof describe.skip = findRedis() === undefined ? describe.skip : describe

/** Starts a Redis for one test. */
export async function redisOfTest(config?: RedisConfig): Promise<RedisServer> {
  const server = await startRedis(config)
  onTestFinished(() => server.stop())
  return server
}

/** Starts a proxy in front of a Redis for one test. */
export async function proxyOfTest(server: Pick<RedisServer, "port">): Promise<FaultyProxy> {
  const proxy = await startFaultyProxy(server.port)
  onTestFinished(() => proxy.close())
  return proxy
}
