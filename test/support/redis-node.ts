/* Nodes of one Redis in tests: each has a client of its own, a store, and channels, which end with the test. */
import { Redis } from "ioredis"
import { createClient } from "redis"
import { type RedisStoreOptions, redisStore } from "steadystream/redis"
import { type Channels, createChannels, type EventStore, SseStoreError } from "steadystream/server"
import type { ManualClock } from "steadystream/testing"
import { onTestFinished } from "vitest"

/** The clients that a store can have. */
export type ClientName = "redis" | "ioredis"

export const CLIENTS: readonly ClientName[] = ["redis", "ioredis"]

/** Options of a store and its client. */
export interface StoreOfTestOptions extends RedisStoreOptions {
  readonly client?: ClientName
}

/** Makes a store for one test. Its client connects again at once. */
export async function redisStoreOfTest(url: string, options: StoreOfTestOptions = {}): Promise<EventStore> {
  const { client = "redis", ...rest } = options
  const store = client === "redis" ? await storeOfRedis(url, rest) : storeOfIoredis(url, rest)
  onTestFinished(() => store.close())
  return store
}

async function storeOfRedis(url: string, options: RedisStoreOptions): Promise<EventStore> {
  const client = createClient({ url, socket: { reconnectStrategy: 1 } })
  client.on("error", () => {})
  onTestFinished(() => {
    if (client.isOpen) client.destroy()
  })
  await client.connect()
  return redisStore(client, options)
}

function storeOfIoredis(url: string, options: RedisStoreOptions): EventStore {
  const client = new Redis(url, { retryStrategy: () => 1, maxRetriesPerRequest: null })
  client.on("error", () => {})
  onTestFinished(() => client.disconnect())
  return redisStore(client, options)
}

/** One node of a Redis. */
export interface RedisNode {
  readonly store: EventStore
  readonly channels: Channels
  /** What its channels reported. */
  readonly errors: unknown[]
  /** Ends it before the test does. */
  close(): Promise<void>
}

/**
 * Starts a node for one test.
 *
 * @param options - `channelsClock` is the clock of its channels: one that stands still turns their regular checks off.
 */
export async function redisNode(
  url: string,
  options: StoreOfTestOptions & { readonly channelsClock?: ManualClock } = {},
): Promise<RedisNode> {
  const { channelsClock: clock, ...rest } = options
  const store = await redisStoreOfTest(url, rest)
  const errors: unknown[] = []
  const channels = createChannels({ store, clock, onError: (error) => errors.push(error) })
  const close = async () => {
    await channels.closeAll({ within: 0 })
    await store.close()
  }
  onTestFinished(close)
  return { store, channels, errors, close }
}

/** Whether a failure of a store means that the operation may be repeated. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof SseStoreError && error.code === "store-unavailable"
}

/** Repeats an operation until the store can be reached; any other error is thrown. Returns the number of failures, too. */
export async function untilStored<Result>(operation: () => Promise<Result>): Promise<[Result, failures: number]> {
  for (let failures = 0; ; failures++) {
    try {
      return [await operation(), failures]
    } catch (error) {
      if (!isUnavailable(error) || failures > 500) throw error
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
}
