/*
 * The stores that the tests of channels run on: the memory store, and a Redis. The clock of channels stands still with both;
 * ages of the memory store are on it, too.
 */
import { createClient } from "redis"
import { Redis } from "ioredis"
import { type RedisClientLike, redisStore } from "steadystream/redis"
import { type EventStore, memoryStore, type StoreNews, type StoreWatch } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { afterAll, beforeAll, describe, onTestFinished } from "vitest"
import { settleTasks } from "./channel-client.ts"
import { type RedisServer, startRedis } from "./redis-server.ts"
import { describeWithRedis } from "./with-redis.ts"

export interface ChannelWorldOptions {
  readonly retention?: { readonly events?: number; readonly bytes?: number }
  /** The source of the clock's randomness. */
  readonly random?: () => number
}

export interface ChannelWorld {
  /** The clock of its channels. */
  readonly clock: ManualClock
  /** Returns a handle on the logs, as a further process has it. */
  store(): EventStore
  /** Returns a store that has none of these logs. */
  otherStore(): EventStore
  /** Waits until every operation has its answer, and every message has arrived. */
  settle(): Promise<void>
  /** Moves the clock of channels, and settles after each second. */
  pass(ms: number): Promise<void>
}

/** Opens the store for one test. */
export type OpenChannelWorld = (options?: ChannelWorldOptions) => Promise<ChannelWorld>

/** Defines tests for each store. */
export function describeChannelStores(name: string, define: (open: OpenChannelWorld, store: string) => void): void {
  describe(`${name} with memoryStore`, () => {
    define(async (options = {}) => memoryWorld(options), "memoryStore")
  })
  describeWithRedis(`${name} with redisStore`, () => {
    let server: RedisServer
    beforeAll(async () => {
      server = await startRedis()
    })
    afterAll(() => server.stop())
    define((options = {}) => redisWorld(server, options), "redisStore")
  })
}

function clockOf({ random }: ChannelWorldOptions): ManualClock {
  return new ManualClock(random === undefined ? {} : { random })
}

function memoryWorld(options: ChannelWorldOptions): ChannelWorld {
  const clock = clockOf(options)
  const { retention } = options
  const otherStore = () => memoryStore({ clock, retention })
  const store = otherStore()
  return {
    clock,
    store: () => store,
    otherStore,
    settle: () => settleTasks(6),
    pass: (ms) => clock.advance(ms),
  }
}

let worlds = 0

async function redisWorld(server: RedisServer, options: ChannelWorldOptions): Promise<ChannelWorld> {
  const clock = clockOf(options)
  const { retention } = options
  const client = await (worlds++ % 2 === 0 ? clientOfRedis(server) : clientOfIoredis(server))
  const stores: SettlingStore[] = []
  let prefixes = 0
  const storeOf = (prefix: string) => {
    const store = new SettlingStore(redisStore(client, { prefix, retention, publishTimeout: 30_000 }))
    stores.push(store)
    onTestFinished(() => store.close())
    return store
  }
  const prefix = `${worlds}:`
  const settle = async () => {
    for (let calls = -1; calls !== sum(stores);) {
      calls = sum(stores)
      await settleTasks()
      await Promise.all(stores.map((store) => store.settle()))
    }
  }
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 1_000) {
      await clock.advance(Math.min(left, 1_000))
      await settle()
    }
  }
  return { clock, store: () => storeOf(prefix), otherStore: () => storeOf(`${prefix}${prefixes++}:`), settle, pass }
}

async function clientOfRedis({ url }: RedisServer): Promise<RedisClientLike> {
  const client = await createClient({ url }).connect()
  onTestFinished(() => client.destroy())
  return client
}

async function clientOfIoredis({ url }: RedisServer): Promise<RedisClientLike> {
  const client = new Redis(url)
  onTestFinished(() => client.disconnect())
  return client
}

const sum = (stores: readonly SettlingStore[]) => stores.reduce((total, { calls }) => total + calls, 0)

const sequenceOf = (cursor = "-0") => Number(cursor.split("-")[1])

const MARKS = "marks of the test"

/** A store that knows what is under way: operations, and messages, of which its own mark is the last one. */
class SettlingStore implements EventStore {
  readonly appendInterval: number | undefined
  /** Counts the operations and the messages. */
  calls = 0
  readonly #inner: EventStore
  readonly #pending: Set<Promise<unknown>> = new Set()
  readonly #marks: StoreWatch
  /** The sequence of the newest mark that has arrived. */
  #seen = 0
  #onMark: () => void = () => {}
  #isClosed = false

  constructor(inner: EventStore) {
    this.#inner = inner
    this.appendInterval = inner.appendInterval
    this.#marks = inner.watch(MARKS, (news) => {
      this.#seen = sequenceOf(news?.events.at(-1)?.cursor)
      this.#onMark()
    })
  }

  /** Waits for the operations that are under way, and for the messages that were published before. */
  async settle(): Promise<void> {
    if (this.#isClosed) return
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending)
    await this.#marks.ready
    const { cursors } = await this.#inner.append(MARKS, [{ text: "x" }])
    while (this.#seen < sequenceOf(cursors[0])) await new Promise<void>((resolve) => (this.#onMark = resolve))
    await settleTasks()
  }

  append(...args: Parameters<EventStore["append"]>): ReturnType<EventStore["append"]> {
    return this.#track(this.#inner.append(...args))
  }

  read(...args: Parameters<EventStore["read"]>): ReturnType<EventStore["read"]> {
    return this.#track(this.#inner.read(...args))
  }

  watch(log: string, onNews: (news: StoreNews | undefined) => void): StoreWatch {
    const watch = this.#inner.watch(log, (news) => {
      this.calls++
      onNews(news)
    })
    return { ready: this.#track(watch.ready), stop: () => watch.stop() }
  }

  claim(...args: Parameters<EventStore["claim"]>): ReturnType<EventStore["claim"]> {
    return this.#track(this.#inner.claim(...args))
  }

  cancel(...args: Parameters<EventStore["cancel"]>): ReturnType<EventStore["cancel"]> {
    return this.#track(this.#inner.cancel(...args))
  }

  drop(log: string): Promise<void> {
    return this.#track(this.#inner.drop(log))
  }

  close(): Promise<void> {
    this.#isClosed = true
    return this.#inner.close()
  }

  #track<Result>(operation: Promise<Result>): Promise<Result> {
    this.calls++
    this.#pending.add(operation)
    void Promise.allSettled([operation]).then(() => this.#pending.delete(operation))
    return operation
  }
}
