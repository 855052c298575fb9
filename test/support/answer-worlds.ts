/*
 * The stores that the tests of answers run on, and the nodes that share one: the memory store with a clock that stands still,
 * and a Redis with short times.
 */
import { type Answers, type AnswersOptions, createAnswers, type EventStore, memoryStore } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { afterAll, beforeAll, describe, onTestFinished } from "vitest"
import { settleTasks } from "./channel-client.ts"
import { FaultyStore } from "./faulty-store.ts"
import { redisStoreOfTest } from "./redis-node.ts"
import { findRedis, type RedisServer, startRedis } from "./redis-server.ts"

export interface AnswerNode {
  readonly answers: Answers
  readonly store: FaultyStore
  /** What was reported. */
  readonly errors: unknown[]
}

export interface World {
  /** The lease of its answers, in milliseconds. */
  readonly lease: number
  /** Adds a node. */
  node(options?: Partial<AnswersOptions>): Promise<AnswerNode>
  /** The time, in milliseconds. */
  now(): number
  /** Moves the clock, or waits: a loaded machine may wait longer. */
  pass(ms: number): Promise<void>
  /** Waits until something is so, without time on the clock of the memory store. */
  until(isSo: () => unknown): Promise<void>
}

/** The turns of the event loop after which nothing more happens without time. */
const TURNS = 200

async function turnsUntil(isSo: () => unknown, wait: () => Promise<void>, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    if (isSo()) return
    await wait()
  }
  throw new Error(`It must become so: ${isSo.toString()}`)
}

function nodeOf(
  inner: EventStore,
  options: Partial<AnswersOptions>,
  pass: (ms: number) => Promise<void> = async () => {},
): AnswerNode {
  const store = new FaultyStore(inner)
  const errors: unknown[] = []
  const answers = createAnswers({ store, onError: (error) => errors.push(error), ...options })
  onTestFinished(async () => {
    store.isDown = false
    store.release()
    const closed = answers.closeAll({ within: 0 })
    await pass(5_000)
    await closed
  })
  return { answers, store, errors }
}

function memoryWorld(): World & { readonly clock: ManualClock } {
  const clock = new ManualClock()
  const store = memoryStore({ clock })
  const lease = 30_000
  const pass = (ms: number) => clock.advance(ms)
  return {
    clock,
    lease,
    now: () => clock.now(),
    node: async (options = {}) => nodeOf(store, { clock, lease, ...options }, pass),
    pass,
    until: (isSo) => turnsUntil(isSo, () => settleTasks(1), TURNS),
  }
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

let prefixes = 0

async function redisWorld({ url }: RedisServer): Promise<World> {
  const lease = 2_000
  const prefix = `${prefixes++}:`
  return {
    lease,
    now: () => performance.now(),
    // Rounds of 25 ms, since time is real.
    node: async (options = {}) =>
      nodeOf(await redisStoreOfTest(url, { prefix }), { lease, keepAlive: 200, ...options }),
    pass: wait,
    until: (isSo) => turnsUntil(isSo, () => wait(2), 5_000),
  }
}

/** Defines tests for each store. */
export function describeStores(name: string, define: (open: () => Promise<World>, store: string) => void): void {
  describe(`${name} with memoryStore`, () => {
    define(async () => memoryWorld(), "memoryStore")
  })
  const describeRedis = findRedis() === undefined ? describe.skip : describe
  describeRedis(`${name} with redisStore`, () => {
    let server: RedisServer
    beforeAll(async () => {
      server = await startRedis()
    })
    afterAll(() => server.stop())
    define(async () => redisWorld(server), "redisStore")
  })
}

/** Answers of the memory store, for tests in exact time. */
export async function answersInTime(
  options: Partial<AnswersOptions> = {},
): Promise<AnswerNode & { readonly clock: ManualClock; readonly world: World }> {
  const world = memoryWorld()
  return { world, clock: world.clock, ...(await world.node(options)) }
}
