/* Prints the results of the test with Redis as Markdown. */
import { number } from "../figures.ts"
import { type Row, table } from "../table.ts"
import { answerTitles } from "./answer-servers.ts"
import { fanoutTitles } from "./fanouts.ts"
import { CONNECTED, type Measured, type RedisResults, STORED } from "./redis-load.ts"
import { median, type TokenTimes } from "./redis-parts.ts"

type Section = readonly [title: string, text: string, head: Row, rows: readonly Row[]]

/** A token may come so many milliseconds and one round trip later than through a relay alone. */
const LATEST = 30

const servingTitles = {
  raw: "raw node:http, without a store",
  channels: "`createChannels`, `memoryStore`",
  "redis-channels": "`createChannels`, `redisStore`",
}

const usersTitles = {
  users: "`createChannels`, `memoryStore`",
  "redis-users": "`createChannels`, `redisStore`",
}

const count = (value: number) => (value < 10 ? String(Number(value.toFixed(2))) : number(value))
const bytes = (value: number) => `${number(value)} B`
const kilobytes = (value: number) => `${(value / 1_000).toFixed(1)} kB`
const milliseconds = (value: number) => `${value.toFixed(1)} ms`

/** @param platform - The runtime, the machine, the date and the versions of the packages. */
export function redisMarkdown(results: RedisResults, platform: string): string {
  const sections = [
    eventSection(results),
    tokenSection(results),
    connectionSection(results),
    memorySection(results),
    cpuSection(results),
    latencySection(results),
    servingSection(results),
    usersSection(results),
  ]
  const tables = sections
    .filter(({ 3: rows }) => rows.length > 0)
    .map(([title, text, head, rows]) => `### ${title}\n\n${text}\n\n${table(head, rows)}`)
  const { failures } = results
  const missing = failures.length === 0 ? [] : [`Not completed:\n\n${failures.map((line) => `- ${line}`).join("\n")}`]
  return [platform, ...tables, ...missing].join("\n\n")
}

function eventSection({ events, settings }: RedisResults): Section {
  return [
    "Commands and bytes per event",
    `INFO of Redis before and after ${settings.events} events of 100 bytes to one log, each published when all sessions had
the one before. "Sent" are the commands of clients, "in scripts" those that a script calls inside Redis.`,
    ["server", "nodes", "sessions per node", "sent", "in scripts", "bytes to Redis", "bytes from Redis"],
    events.map(({ name, at: [nodes, sessions], result: { sent, inside, bytesIn, bytesOut } }) => [
      fanoutTitles[name],
      name === "xread" ? "any" : number(nodes!),
      number(sessions!),
      count(sent),
      count(inside),
      bytes(bytesIn),
      bytes(bytesOut),
    ]),
  ]
}

function tokenSection({ tokens, settings: { tokens: total, rate } }: RedisResults): Section {
  return [
    "Commands and bytes per token",
    `The same for an answer of ${number(total)} tokens at ${rate} a second, of about 300 bytes each, with all readers on
another node than the producer; start and end of the answer are included.`,
    ["server", "readers", "sent", "in scripts", "bytes to Redis", "bytes from Redis"],
    tokens.map(({ name, at, result: { sent, inside, bytesIn, bytesOut } }) => [
      answerTitles[name],
      number(at[0]!),
      count(sent),
      count(inside),
      bytes(bytesIn),
      bytes(bytesOut),
    ]),
  ]
}

function connectionSection({ connections }: RedisResults): Section {
  return [
    "Connections to Redis",
    `INFO of Redis with ${number(CONNECTED)} sessions on 100 logs: one node for channels, two for answers.`,
    ["server", "connections", "subscriptions"],
    connections.map(({ name, result }) => [
      { ...answerTitles, ...fanoutTitles }[name],
      number(result.connections),
      number(result.subscriptions),
    ]),
  ]
}

function memorySection({ memory, tokens, settings }: RedisResults): Section {
  const answers = STORED.flatMap((name) => tokens.find((measured) => measured.name === name) ?? [])
  const channels = memory.map(({ name, at: [events], result }) => [
    fanoutTitles[name],
    `${events} event${events === 1 ? "" : "s"}`,
    kilobytes(result),
  ])
  return [
    "Memory per log",
    `MEMORY USAGE of all keys of the log, after events of 100 bytes or the answer of the table above. resumable-stream
keeps a mark in Redis and the text in the process of the producer; it is gone when that process is.`,
    ["server", "log", "memory in Redis"],
    [
      ...channels,
      ...answers.map(({ name, result }) => [
        answerTitles[name],
        `${number(settings.tokens)} tokens`,
        kilobytes(result.memory),
      ]),
    ],
  ]
}

function cpuSection({ cpu, settings }: RedisResults): Section {
  return [
    "CPU of Redis",
    `Its user and system time by INFO, over ${settings.seconds} s of published events. At rest, channels compare the position
of each log every 15 s, up to 100 in one command.`,
    [
      "server",
      "logs",
      "sessions per log",
      "events per second",
      "commands sent per second",
      "CPU, of one core",
      "per event",
    ],
    cpu.map(({ name, at: [logs, sessions, rate], result: { share, sent, published } }) => [
      fanoutTitles[name],
      number(logs!),
      number(sessions!),
      number(published),
      number(sent),
      `${(share * 100).toFixed(1)} %`,
      rate === 0 ? "" : `${number((share / published) * 1e6)} µs`,
    ]),
  ]
}

function latencySection({ latency, roundTrip, settings }: RedisResults): Section {
  const trip = bestOf(roundTrip)
  const names = [...new Set(latency.map(({ name }) => name))]
  const base = bestOf(roundsOf(latency, "relay"))
  const rows = names.map((name) => {
    const { p50, p99 } = bestOf(roundsOf(latency, name))
    const cells = [answerTitles[name], milliseconds(p50), milliseconds(p99)]
    if (name === "relay") return [...cells, "", "", ""]
    const isMet = p99 - base.p99 <= LATEST + trip.p99 ? "met" : "**missed**"
    const hasGoal = name === "memory" || name === "redis"
    return [...cells, milliseconds(p50 - base.p50), milliseconds(p99 - base.p99), hasGoal ? isMet : ""]
  })
  return [
    "Latency of a token",
    `From the provider's token until its reader has it, for ${number(settings.timed)} tokens at ${settings.rate} a second: the round
with the lowest p99 of ${settings.timedRounds}, because other programs of the machine only add time. "Added" compares with the relay
alone. The goal is at most 30 ms and one round trip at the p99; a PING took ${trip.p50.toFixed(2)} ms (p50) and
${trip.p99.toFixed(2)} ms (p99).`,
    ["server", "p50", "p99", "added p50", "added p99", "goal"],
    rows,
  ]
}

function servingSection({ serving, settings }: RedisResults): Section {
  const names = [...new Set(serving.map(({ name }) => name))]
  const base = roundsOf(serving, "channels")
  return [
    "CPU of a serving process",
    `The CPU time of the process that publishes ${number(settings.served)} events to its 100 sessions, each when all had the
one before; the medians of ${settings.rounds} rounds.`,
    ["server", "per 1,000 events", "vs memoryStore"],
    names.map((name) => {
      const rounds = roundsOf(serving, name)
      const ratio = median(rounds.map((value, at) => value / base[at]!)).toFixed(2)
      return [servingTitles[name], `${number(median(rounds))} ms`, name === "channels" ? "" : ratio]
    }),
  ]
}

function usersSection({ users, settings }: RedisResults): Section {
  const { users: sessions, userRate, seconds } = settings
  return [
    "A process with a channel for each session",
    `The memory and the CPU time of a process with ${number(sessions)} sessions, each with a channel of its own and one for all:
at rest, and with ${userRate} events a second that each go to one session, over ${2 * seconds} s each; then events for all sessions.`,
    ["server", "memory per session", "CPU at rest, of one core", "CPU with events", "CPU of an event for all"],
    users.map(({ name, result: { memory, rest, share, news } }) => [
      usersTitles[name],
      kilobytes(memory),
      `${(rest * 100).toFixed(1)} %`,
      `${(share * 100).toFixed(1)} %`,
      `${number(news)} ms`,
    ]),
  ]
}

function roundsOf<Name, Result>(all: readonly Measured<Name, Result>[], wanted: Name): Result[] {
  return all.filter(({ name }) => name === wanted).map(({ result }) => result)
}

function bestOf(rounds: readonly TokenTimes[]): TokenTimes {
  return rounds.toSorted((a, b) => a.p99 - b.p99)[0] ?? { p50: 0, p99: 0 }
}
