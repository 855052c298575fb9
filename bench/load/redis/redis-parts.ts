/* The parts of the test with Redis. Each starts Redis servers of its own, which are stopped with it. */
import { quartiles } from "../../measure.ts"
import { type RedisServer, startRedis } from "../../../test/support/redis-server.ts"
import type { ServerName } from "../contenders.ts"
import { Scene } from "../scene.ts"
import { sleep, stamp, until } from "../stamp.ts"
import { answerServers, type AnswerServerName } from "./answer-servers.ts"
import { connectClient } from "./clients.ts"
import { type Fanout, type FanoutName, fanouts } from "./fanouts.ts"
import { readTokens } from "./token-source.ts"
import { memoryOf, type Traffic, trafficOf } from "./traffic.ts"

/** How much of the test to run. */
export interface RedisSettings {
  /** The sessions of one log, one number after the other, and the events that are published to each number. */
  readonly sessions: readonly number[]
  readonly events: number
  readonly tokens: number
  /** Tokens per second. */
  readonly rate: number
  readonly readers: readonly number[]
  readonly loads: readonly RedisLoad[]
  /** The seconds of each load. */
  readonly seconds: number
  /** The rounds of the CPU time of a serving process. */
  readonly rounds: number
  /** The rounds of the latency of tokens, and the tokens of each. */
  readonly timedRounds: number
  readonly timed: number
  /** The events that a serving process delivers to 100 sessions. */
  readonly served: number
  /** The sessions with a channel of their own, and the events per second that each go to one of them. */
  readonly users: number
  readonly userRate: number
}

/** Logs, the sessions of each, and the events per second in all. */
export type RedisLoad = readonly [logs: number, sessions: number, rate: number]

/** Some Redis can take more connections than its default. */
const CONFIG = { maxclients: 15_000 }

const DELIVERY_DEADLINE = 30_000
/** The sessions that are opened at the same time. */
const IN_FLIGHT = 100

/** The events for all sessions. */
const NEWS = 10

const DATA = "abcdefghij ".repeat(7)

async function withRedis<Result>(part: (redis: RedisServer) => Promise<Result>): Promise<Result> {
  const redis = await startRedis(CONFIG)
  try {
    return await part(redis)
  } finally {
    await redis.stop()
  }
}

function withFanout<Result>(
  name: FanoutName,
  nodes: number,
  part: (fanout: Fanout, redis: RedisServer) => Promise<Result>,
): Promise<Result> {
  return withRedis(async (redis) => {
    const fanout = await fanouts[name](redis, nodes)
    try {
      return await part(fanout, redis)
    } finally {
      await fanout.close()
    }
  })
}

async function openSessions(fanout: Fanout, logs: readonly string[], each: number, onEvent: () => void): Promise<void> {
  let opened = 0
  const openNext = async (): Promise<void> => {
    while (opened < logs.length * each) await fanout.open(logs[opened++ % logs.length]!, onEvent)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, openNext))
}

const logNames = (count: number) => Array.from({ length: count }, (_, at) => `room:${at}`)

const perUnit = ({ sent, inside, bytesIn, bytesOut }: Traffic, units: number) => ({
  sent: sent / units,
  inside: inside / units,
  bytesIn: bytesIn / units,
  bytesOut: bytesOut / units,
})

/** Per event or token: the commands that clients send, those that scripts call, and the bytes. */
export type UnitTraffic = ReturnType<typeof perUnit>

/** Publishes events one after the other, each when all sessions have the one before. */
export function measureEvents(
  name: FanoutName,
  nodes: number,
  sessions: number,
  { events }: RedisSettings,
): Promise<UnitTraffic> {
  return withFanout(name, nodes, async (fanout, redis) => {
    let delivered = 0
    let expected = 0
    await openSessions(fanout, logNames(1), sessions * nodes, () => delivered++)
    const publish = async (): Promise<void> => {
      await fanout.publish("room:0", DATA)
      expected += sessions * nodes
      await until(() => delivered >= expected, DELIVERY_DEADLINE, "an event must be delivered")
    }
    // The first event makes the log, and a cache of scripts.
    await publish()
    const traffic = await trafficOf(redis, async () => {
      for (let count = 0; count < events; count++) await publish()
    })
    return perUnit(traffic, events)
  })
}

export interface TokensResult extends UnitTraffic {
  /** The memory of the whole answer in Redis, in bytes. */
  readonly memory: number
}

/** Streams an answer to readers on another node. */
export function measureTokens(
  name: AnswerServerName,
  readers: number,
  { tokens, rate }: RedisSettings,
): Promise<TokensResult> {
  return withRedis(async (redis) => {
    const server = await answerServers[name](redis.url)
    try {
      let received = 0
      const traffic = await trafficOf(redis, async () => {
        const { ended } = await server.start("a", { tokens, rate })
        const bodies = await Promise.all(Array.from({ length: readers }, () => server.read("a")))
        await Promise.all(bodies.map((body) => readTokens(body, () => received++)))
        await ended
      })
      if (received !== tokens * readers) throw new Error(`Cannot count: ${received} tokens came`)
      return { ...perUnit(traffic, tokens), memory: await memoryOf(redis) }
    } finally {
      await server.close()
    }
  })
}

export interface ConnectionsResult {
  readonly connections: number
  readonly subscriptions: number
}

/** Opens sessions, each of one of 100 logs. */
export function measureConnections(name: FanoutName, sessions: number): Promise<ConnectionsResult> {
  return withFanout(name, 1, async (fanout, redis) => {
    const logs = logNames(100)
    await openSessions(fanout, logs, sessions / logs.length, () => {})
    return countConnections(redis)
  })
}

/** The same for answers: 100 of them, and readers of each. */
export function measureAnswerConnections(name: AnswerServerName, readers: number): Promise<ConnectionsResult> {
  return withRedis(async (redis) => {
    const server = await answerServers[name](redis.url)
    try {
      const logs = logNames(100)
      const slow = { tokens: 16, rate: 2 }
      const answers = await Promise.all(logs.map((log) => server.start(log, slow)))
      const reading: Promise<void>[] = []
      for (const log of logs) {
        const bodies = await Promise.all(Array.from({ length: readers / logs.length }, () => server.read(log)))
        for (const body of bodies) reading.push(readTokens(body, () => {}))
      }
      const result = await countConnections(redis)
      await Promise.all([...reading, ...answers.map(({ ended }) => ended)])
      return result
    } finally {
      await server.close()
    }
  })
}

async function countConnections(redis: RedisServer): Promise<ConnectionsResult> {
  // The connection that asks is one of them.
  const connections = (await redis.info("connected_clients")) - 1
  return { connections, subscriptions: await redis.info("pubsub_channels") }
}

/** Publishes events to one log with a session, and returns its memory in Redis. */
export function measureMemory(name: FanoutName, events: number): Promise<number> {
  return withFanout(name, 1, async (fanout, redis) => {
    await fanout.open("room:0", () => {})
    for (let count = 0; count < events; count++) await fanout.publish("room:0", DATA)
    return memoryOf(redis)
  })
}

export interface LoadResult {
  /** The CPU time of Redis, as a share of one core. */
  readonly share: number
  /** Commands that clients have sent, and events that were published, per second. */
  readonly sent: number
  readonly published: number
}

/** Publishes events to logs in turn. */
export function measureLoad(
  name: FanoutName,
  [logs, sessions, rate]: RedisLoad,
  { seconds }: RedisSettings,
): Promise<LoadResult> {
  return withFanout(name, 1, async (fanout, redis) => {
    let delivered = 0
    const names = logNames(logs)
    await openSessions(fanout, names, sessions, () => delivered++)
    const events = rate * seconds
    const { cpu, sent, ms } = await trafficOf(redis, async () => {
      await publishAtRate(fanout, names, rate, seconds)
      await until(() => delivered >= events * sessions, DELIVERY_DEADLINE, "all events must be delivered")
    })
    return { share: cpu / ms, sent: (sent / ms) * 1_000, published: (events / ms) * 1_000 }
  })
}

async function publishAtRate(fanout: Fanout, names: readonly string[], rate: number, seconds: number): Promise<void> {
  const start = stamp()
  const published: Promise<unknown>[] = []
  for (let elapsed = 0; elapsed < seconds;) {
    await sleep(1)
    elapsed = Math.min(seconds, (stamp() - start) / 1_000)
    while (published.length + 1 <= rate * elapsed) {
      published.push(fanout.publish(names[published.length % names.length]!, DATA))
    }
  }
  await Promise.all(published)
}

/** Milliseconds from a token at the provider until its reader has it. */
export interface TokenTimes {
  readonly p50: number
  readonly p99: number
}

/** Streams one answer to one reader. */
export async function measureTimes(
  name: AnswerServerName,
  redis: RedisServer,
  { timed, rate }: RedisSettings,
): Promise<TokenTimes> {
  const server = await answerServers[name](redis.url)
  try {
    const times: number[] = []
    const { ended } = await server.start("a", { tokens: timed, rate })
    await readTokens(await server.read("a"), (ms) => times.push(ms))
    await ended
    return percentiles(times)
  } finally {
    await server.close()
    await redis.command("FLUSHALL")
  }
}

/** The time of a PING to Redis and back. */
export async function measureRoundTrip(redis: RedisServer): Promise<TokenTimes> {
  const client = await connectClient(redis.url)
  const times: number[] = []
  for (let count = 0; count < 500; count++) {
    await sleep(1)
    const start = stamp()
    await client.ping()
    times.push(stamp() - start)
  }
  client.destroy()
  return percentiles(times)
}

function percentiles(times: readonly number[]): TokenTimes {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
  return { p50: at(0.5), p99: at(0.99) }
}

/** The CPU time of a process that publishes 1,000 events to 100 sessions, in milliseconds. */
export function measureServing(name: ServerName, { served }: RedisSettings): Promise<number> {
  return withRedis((redis) =>
    Scene.run(
      name,
      async (scene) => {
        await scene.warmUp()
        await scene.open(100)
        const before = await scene.server.call("cpu", undefined)
        for (let count = 0; count < served; count++) await scene.broadcast()
        const after = await scene.server.call("cpu", undefined)
        await scene.close()
        return ((after - before) / served) * 1_000
      },
      redis.url,
    ),
  )
}

/** What a process spends on sessions that have a channel of their own and one for all. */
export interface UsersResult {
  /** The memory of one session in bytes. */
  readonly memory: number
  /** The share of one core at rest, and with events that each go to one session. */
  readonly rest: number
  readonly share: number
  /** The CPU time of an event for all sessions, in milliseconds. */
  readonly news: number
}

export function measureUsers(name: ServerName, { users, userRate, seconds }: RedisSettings): Promise<UsersResult> {
  return withRedis((redis) =>
    Scene.run(
      name,
      async (scene) => {
        const { server } = scene
        await scene.warmUp()
        const before = await server.call("memory", undefined)
        await scene.open(users)
        // The work of opening them goes on for a while.
        await sleep(1_000 * seconds)
        const after = await server.call("memory", undefined)
        const rest = await server.call("shareOf", { rate: 0, seconds: 2 * seconds })
        const share = await server.call("shareOf", { rate: userRate, seconds: 2 * seconds })
        const cpu = await server.call("cpu", undefined)
        for (let count = 0; count < NEWS; count++) await scene.broadcast()
        const news = ((await server.call("cpu", undefined)) - cpu) / NEWS
        await scene.close()
        return { memory: (after.rss - before.rss) / users, rest, share, news }
      },
      redis.url,
    ),
  )
}

export const median = (values: readonly number[]): number => quartiles(values).median
