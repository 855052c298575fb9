import { expect, test } from "vitest"
import type { SharedSubscription, ShareOptions } from "steadystream/client"
import { consume } from "../support/consumer.ts"
import { FakeEventServer } from "../support/fake-event-server.ts"
import { FakeBrowser, type FakeTab } from "../support/fake-tabs.ts"
import { randomOf } from "../support/unreliable-store.ts"

const STEPS = 400

interface Member {
  readonly tab: FakeTab
  readonly subscription: SharedSubscription
  readonly data: string[]
  readonly outcome: Promise<unknown>
}

interface Counts {
  sent: number
  seen: number
  lost: number
  doubled: number
  deaths: number
  stops: number
  requests: number
  maxConnections: number
}

/** One run: tabs that come, go, crash, freeze and thaw, while their tasks run in a random order. */
async function run(
  seed: number,
  counts: Counts,
  keys: readonly string[],
  limits: ShareOptions["limits"],
): Promise<void> {
  const random = randomOf(seed)
  const browser = new FakeBrowser(random)
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)]
  const streams = keys.map((key) => {
    const server = new FakeEventServer()
    const members: Member[] = []
    const open = () => {
      const tab = browser.open()
      const subscription = tab.share(`https://example.com/${key}`, { key, limits, fetch: server.fetchOf(tab) })
      members.push({ tab, subscription, ...consume(subscription) })
    }
    for (let count = 0; count < 3; count++) open()
    return { key, server, members, open }
  })
  for (let step = 0; step < STEPS; step++) {
    const { server, members, open } = pick(streams)!
    const alive = members.filter(({ tab, subscription }) => !tab.isGone && subscription.state !== "closed")
    const leader = alive.find(({ subscription }) => subscription.role === "leading")
    const stopped = alive.filter(({ tab }) => tab.isFrozen)
    const chance = random()
    if (chance < 0.3) server.emit()
    else if (chance < 0.75) pick(browser.tabs.filter((tab) => tab.isReady))?.runTask()
    else if (chance < 0.8) await browser.clock.advance(random() * 300)
    else if (chance < 0.82) await browser.settle(random() * 4_000)
    else if (chance < 0.9) pick(stopped)?.tab.resume()
    else if (chance < 0.93 && alive.length < 5) open()
    else {
      const victim = random() < 0.7 ? leader : pick(alive)
      if (victim === undefined || victim.tab.isFrozen || alive.length - stopped.length < 2) continue
      const how = random()
      if (how < 0.35 || how >= 0.7) counts.deaths += how < 0.35 || how > 0.85 ? 1 : 0
      else counts.stops++
      if (how < 0.35) victim.tab.crash()
      else if (how < 0.55) victim.tab.isFrozen = true
      else if (how < 0.7) victim.tab.suspend()
      else if (how > 0.85) victim.subscription.close()
    }
    if (step % 4 === 0) await turn()
  }
  for (const tab of browser.tabs) if (tab.isFrozen) tab.resume()
  await browser.settle(30_000)
  for (const { server } of streams) server.emit()
  await browser.settle(30_000)
  for (const { key, server, members } of streams) {
    counts.sent += server.events
    counts.requests += server.requests.length
    counts.maxConnections = Math.max(counts.maxConnections, server.maxConnections)
    for (const { tab, subscription, data, outcome } of members) {
      const isGone = tab.isGone || subscription.state === "closed"
      if (isGone && !tab.isGone && subscription.end?.reason !== "cancelled") throw await outcome
      if (isGone && data.length === 0) continue
      const first = Number(data[0])
      const last = isGone ? Number(data.at(-1)) : server.events
      const wanted = last - first + 1
      counts.seen += data.length
      counts.lost += Number.isNaN(first) ? 1 : wanted - new Set(data).size
      counts.doubled += data.length - new Set(data).size
      expect([key, seed, data.map(Number)]).toEqual([key, seed, data.map((_, index) => first + index)])
    }
    expect([key, seed, server.connections]).toEqual([
      key,
      seed,
      members.some(({ tab, subscription }) => !tab.isGone && subscription.state !== "closed") ? 1 : 0,
    ])
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test.each([
  ["one key", ["news"], {}],
  ["two keys", ["news", "prices"], {}],
  ["one key and four events that are kept", ["news"], { maxQueuedEvents: 1 }],
])(
  "shareAcrossTabs() loses and doubles no event in random orders of everything, with %s",
  async (_, keys, limits) => {
    const counts: Counts = {
      sent: 0,
      seen: 0,
      lost: 0,
      doubled: 0,
      deaths: 0,
      stops: 0,
      requests: 0,
      maxConnections: 0,
    }
    const runs = 60
    for (let seed = 1; seed <= runs; seed++) await run(seed, counts, keys, limits)
    expect([counts.lost, counts.doubled]).toEqual([0, 0])
    expect(counts.deaths).toBeGreaterThan(runs)
  },
  60_000,
)
