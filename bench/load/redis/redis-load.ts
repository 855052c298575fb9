/* Runs the parts of the test with Redis, one after the other. */
import { findRedis, startRedis } from "../../../test/support/redis-server.ts"
import { type AnswerServerName, answerServers } from "./answer-servers.ts"
import { type FanoutName, fanouts } from "./fanouts.ts"
import {
  type ConnectionsResult,
  type LoadResult,
  measureAnswerConnections,
  measureConnections,
  measureEvents,
  measureLoad,
  measureMemory,
  measureRoundTrip,
  measureServing,
  measureTimes,
  measureTokens,
  type RedisSettings,
  type TokensResult,
  type TokenTimes,
  measureUsers,
  type UnitTraffic,
  type UsersResult,
} from "./redis-parts.ts"

export const redisPartNames = [
  "events",
  "tokens",
  "connections",
  "memory",
  "cpu",
  "latency",
  "serving",
  "users",
] as const
export type RedisPartName = (typeof redisPartNames)[number]

/** The servers whose answers are in Redis. The first reader of resumable-stream is not. */
export const STORED = ["redis", "redis-each", "resumable", "xread"] as const satisfies readonly AnswerServerName[]
export const SERVING = ["raw", "channels", "redis-channels"] as const
export const USERS = ["users", "redis-users"] as const
export const MEMORY_EVENTS = [0, 1, 100] as const
export const CONNECTED = 1_000

export const FULL_REDIS: RedisSettings = {
  sessions: [1, 10, 100, 1_000],
  events: 100,
  tokens: 3_000,
  rate: 200,
  readers: [1, 10],
  loads: [
    [1, 1, 1_000],
    [100, 1, 1_000],
    [10_000, 1, 1_000],
    [1, 100, 1_000],
    [10_000, 1, 0],
  ],
  seconds: 5,
  rounds: 3,
  timedRounds: 5,
  timed: 400,
  served: 1_000,
  users: 5_000,
  userRate: 334,
}
export const QUICK_REDIS: RedisSettings = {
  ...FULL_REDIS,
  tokens: 600,
  seconds: 2,
  rounds: 1,
  timedRounds: 2,
  served: 300,
  users: 1_000,
  userRate: 67,
}

export interface RedisLoadOptions {
  readonly settings: RedisSettings
  readonly parts?: readonly RedisPartName[]
  readonly onStep?: (line: string) => void
}

/** A measurement of one server, with what it was measured at. */
export interface Measured<Name, Result> {
  readonly name: Name
  /** Numbers of sessions, nodes, logs, events or readers. */
  readonly at: readonly number[]
  readonly result: Result
}

export interface RedisResults {
  readonly settings: RedisSettings
  readonly events: Measured<FanoutName, UnitTraffic>[]
  readonly tokens: Measured<AnswerServerName, TokensResult>[]
  readonly connections: Measured<FanoutName | AnswerServerName, ConnectionsResult>[]
  readonly memory: Measured<FanoutName, number>[]
  readonly cpu: Measured<FanoutName, LoadResult>[]
  /** The rounds of each server; the first server is the one that the others are compared with. */
  readonly latency: Measured<AnswerServerName, TokenTimes>[]
  readonly roundTrip: TokenTimes[]
  readonly serving: Measured<(typeof SERVING)[number], number>[]
  readonly users: Measured<(typeof USERS)[number], UsersResult>[]
  /** Why a measurement is missing. */
  readonly failures: string[]
}

/** Resolves with `undefined` if there is no Redis. */
export async function runRedisLoad(options: RedisLoadOptions): Promise<RedisResults | undefined> {
  const { settings, parts = redisPartNames, onStep = () => {} } = options
  if (findRedis() === undefined) {
    onStep("redis: skipped, because no redis-server is installed")
    return undefined
  }
  const results = noResults(settings)
  const measure = async <Name extends string, Result>(
    into: Measured<Name, Result>[],
    name: Name,
    at: readonly number[],
    run: () => Promise<Result>,
  ): Promise<void> => {
    const part = Object.entries(results).find(([, list]) => list === into)?.[0] ?? "warm-up"
    const step = `redis, ${part}: ${[name, ...at].join(", ")}`
    onStep(step)
    try {
      into.push({ name, at, result: await run() })
    } catch (error) {
      results.failures.push(`${step}: ${(error as Error).message}`)
      onStep(results.failures.at(-1)!)
    }
  }
  const steps: Readonly<Record<RedisPartName, () => Promise<void>>> = {
    async events() {
      for (const nodes of [1, 2])
        for (const sessions of settings.sessions)
          for (const name of fanoutNames(nodes))
            await measure(results.events, name, [nodes, sessions], () => measureEvents(name, nodes, sessions, settings))
    },
    async tokens() {
      // They cost time and no cores, so all run at once.
      for (const readers of settings.readers) {
        const all = STORED.map((name) =>
          measure(results.tokens, name, [readers], () => measureTokens(name, readers, settings)),
        )
        await Promise.all(all)
      }
      results.tokens.sort((a, b) => STORED.indexOf(a.name as "redis") - STORED.indexOf(b.name as "redis"))
    },
    async connections() {
      for (const name of fanoutNames(1))
        await measure(results.connections, name, [], () => measureConnections(name, CONNECTED))
      for (const name of ["redis", "resumable"] as const)
        await measure(results.connections, name, [], () => measureAnswerConnections(name, CONNECTED))
    },
    async memory() {
      for (const name of fanoutNames(1))
        for (const events of MEMORY_EVENTS)
          await measure(results.memory, name, [events], () => measureMemory(name, events))
    },
    async cpu() {
      for (const load of settings.loads)
        for (const name of fanoutNames(1))
          await measure(results.cpu, name, load, () => measureLoad(name, load, settings))
    },
    async latency() {
      const redis = await startRedis()
      const names = Object.keys(answerServers) as AnswerServerName[]
      // The first round makes the code warm and does not count.
      for (let round = 0; round <= settings.timedRounds; round++) {
        for (const name of names) {
          const into = round === 0 ? [] : results.latency
          await measure(into, name, [round], () => measureTimes(name, redis, settings))
        }
        results.roundTrip.push(await measureRoundTrip(redis))
      }
      await redis.stop()
    },
    async serving() {
      for (let round = 0; round < settings.rounds; round++)
        for (const name of SERVING) await measure(results.serving, name, [round], () => measureServing(name, settings))
    },
    async users() {
      for (const name of USERS) await measure(results.users, name, [], () => measureUsers(name, settings))
    },
  }
  for (const part of redisPartNames) if (parts.includes(part)) await steps[part]()
  return results
}

function noResults(settings: RedisSettings): RedisResults {
  return {
    settings,
    events: [],
    tokens: [],
    connections: [],
    memory: [],
    cpu: [],
    latency: [],
    roundTrip: [],
    serving: [],
    users: [],
    failures: [],
  }
}

/** Connections of the control do not depend on nodes. */
function fanoutNames(nodes: number): FanoutName[] {
  return nodes > 1 ? ["channels"] : (Object.keys(fanouts) as FanoutName[])
}
