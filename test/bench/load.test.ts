import { expect, test } from "vitest"
import { EventCounter, type Totals } from "../../bench/load/event-counter.ts"
import { runLoad } from "../../bench/load/load.ts"
import { quartiles } from "../../bench/measure.ts"
import { regression } from "../../bench/load/parts.ts"
import { runRedisLoad } from "../../bench/load/redis/redis-load.ts"
import { redisMarkdown } from "../../bench/load/redis/redis-report.ts"
import { markdown } from "../../bench/load/report.ts"
import { describeWithRedis } from "../support/with-redis.ts"

const settings = {
  sessions: 20,
  rounds: 1,
  broadcasts: 3,
  hold: 0,
  churn: 1,
  returning: 5,
  missed: 100,
  stalled: 2,
  offered: 200_000,
}

test("runLoad() counts every event of raw node:http and of sendEventStream", { timeout: 120_000 }, async () => {
  const results = await runLoad({ settings, contenders: ["raw", "sendEventStream"], parts: ["sessions", "churn"] })
  for (const name of ["raw", "sendEventStream"] as const) {
    const { failures, sessions, churn } = results.contenders[name]!
    expect(failures).toEqual([])
    const warmUp = { clients: 100, events: 50 }
    const events = warmUp.clients * warmUp.events + settings.sessions * settings.broadcasts
    const opened = warmUp.clients + settings.sessions
    expect(sessions[0]!.counts).toMatchObject({ opened, events, lost: 0, doubled: 0, dropped: 0, open: 20 })
    expect(churn).toMatchObject({ sessionsLeft: 0, counts: { lost: 0, doubled: 0, dropped: 0 } })
    expect(churn!.connections).toBeGreaterThan(0)
  }
  const report = markdown(results, "a machine")
  expect(report).toContain("### 20 sessions")
  expect(report).toMatch(/\| `sendEventStream` +\| events lost or doubled +\| 0 +\| 0 +\| met/)
})

describeWithRedis("runRedisLoad()", () => {
  const redisSettings = {
    sessions: [1, 3],
    events: 5,
    tokens: 20,
    rate: 400,
    readers: [2],
    loads: [[2, 1, 100]] as const,
    seconds: 0.1,
    rounds: 1,
    timedRounds: 1,
    timed: 20,
    served: 5,
    users: 20,
    userRate: 40,
  }

  test("runRedisLoad() counts commands, which do not grow with the sessions of channels", async () => {
    const parts = ["events", "tokens", "memory", "cpu"] as const
    const results = await runRedisLoad({ settings: redisSettings, parts })
    const { failures, events, tokens } = results!
    expect(failures).toEqual([])
    const sent = (name: string) => events.filter((measured) => measured.name === name).map(({ result }) => result.sent)
    // A regular check of a log may come in between.
    for (const perEvent of sent("channels")) expect(perEvent).toBeLessThan(2)
    expect(sent("xread")).toEqual([2, 4])
    const each = Object.fromEntries(tokens.map(({ name, result }) => [name, result]))
    expect(each["redis"]!.sent).toBeLessThan(each["xread"]!.sent)
    expect(each["redis"]!.memory).toBeGreaterThan(each["resumable"]!.memory)
    const report = redisMarkdown(results!, "a machine")
    expect(report).toContain("### Memory per log")
    expect(report).not.toContain("### Latency of a token")
  })

  test("runRedisLoad() measures sessions with a channel each, beside the memory store", async () => {
    const results = await runRedisLoad({ settings: redisSettings, parts: ["users"] })
    expect(results!.failures).toEqual([])
    expect(results!.users.map(({ name }) => name)).toEqual(["users", "redis-users"])
    expect(redisMarkdown(results!, "a machine")).toContain("### A process with a channel for each session")
  })
})

function count(text: string, cut: number, next?: number): Totals & { readonly received: number[] } {
  const totals = { events: 0, lost: 0, doubled: 0, gaps: 0, skipped: 0 }
  const received: number[] = []
  const counter = new EventCounter({ totals, onEvent: (sequence) => void received.push(sequence) }, next)
  const bytes = Buffer.from(text)
  counter.read(bytes, 0, cut)
  counter.read(bytes, cut, bytes.length)
  return { ...totals, received }
}

const block = (sequence: number) => `event: news\nid: x-${sequence}\ndata: ${sequence} 123.456 ab\n\n`

test("EventCounter counts lost, doubled and announced events at every cut", () => {
  const gap = 'id: x-8\nevent: steadystream.gap\ndata: {"from":"x-5","reason":"trimmed","resumesAt":"x-8"}\n\n'
  const text = `:\n\n${[1, 2, 2, 4].map(block).join("")}: keep-alive\n\n${gap}${block(9)}data: "10 1.5 quoted"\n\n`
  for (let cut = 0; cut <= text.length; cut++) {
    const counted = count(text, cut, 1)
    expect(counted).toEqual({ events: 5, lost: 1, doubled: 1, gaps: 1, skipped: 4, received: [1, 2, 4, 9, 10] })
  }
})

test("EventCounter accepts any first event if its number is not known", () => {
  expect(count(block(7) + block(8), 0)).toMatchObject({ events: 2, lost: 0, skipped: 0 })
  expect(count(block(7), 0, 5)).toMatchObject({ events: 1, lost: 2 })
})

test("quartiles() interpolates between two values", () => {
  expect(quartiles([3, 1])).toEqual({ low: 1.5, median: 2, high: 2.5 })
  expect(quartiles([5])).toEqual({ low: 5, median: 5, high: 5 })
})

test("regression() returns the slope of a line and its error", () => {
  const line = [0, 1, 2, 3].map((x) => [x, 5 + 2 * x] as const)
  expect(regression(line)).toEqual({ slope: 2, error: 0 })
  expect(regression([...line, [4, 14]]).error).toBeGreaterThan(0)
})
