/* The regular checks of logs in a store with findChanged(). */
import { createAnswers, createChannels, type EventStore, memoryStore } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { expect, test } from "vitest"
import { join } from "../../support/answer-client.ts"
import { ChannelClient, settleTasks } from "../../support/channel-client.ts"
import { FaultyStore } from "../../support/faulty-store.ts"
import { type FindChanged, findChangedOf } from "../../support/find-changed.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"
import { randomOf } from "../../support/unreliable-store.ts"

failOnUnhandledRejections()

/** The longest time between two checks of a log, with the round in which the second one is due. */
const LONGEST = 19

function storesOf(clock: ManualClock, findChanged?: FindChanged): { inner: EventStore; store: FaultyStore } {
  const inner = memoryStore({ clock })
  const changing = Object.assign(Object.create(inner) as EventStore, {
    findChanged: findChanged ?? findChangedOf(inner),
  })
  for (const name of ["append", "read", "watch", "claim", "cancel", "drop", "close"] as const) {
    Object.assign(changing, { [name]: (inner[name] as () => unknown).bind(inner) })
  }
  return { inner, store: new FaultyStore(changing) }
}

async function openLogs(count: number, findChanged?: FindChanged) {
  const clock = new ManualClock({ random: randomOf(7) })
  const { inner, store } = storesOf(clock, findChanged)
  const names = Array.from({ length: count }, (_, at) => `room:${at}`)
  for (const name of names) await inner.append(name, [{ text: "data: old\n\n" }])
  const channels = createChannels({ store, clock, onError: () => {} })
  const clients = names.map((name) => new ChannelClient(channels, name))
  await expect.poll(() => names.every((name) => channels.size(name) === 1)).toBe(true)
  store.reads = 0
  const passSeconds = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await clock.advance(1_000)
      await settleTasks(20)
    }
  }
  return { inner, store, names, channels, clients, passSeconds }
}

/** The largest number of calls for the same log. */
function mostSearches(store: FaultyStore): number {
  const counts = new Map<string, number>()
  for (const name of store.searches.flat()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return Math.max(...counts.values())
}

test("createChannels() reads none of many logs at rest, and compares up to 100 positions at once", async () => {
  const { store, names, channels, passSeconds } = await openLogs(2_000)
  await passSeconds(LONGEST)
  expect(store.reads).toBe(0)
  expect(new Set(store.searches.flat())).toEqual(new Set(names))
  const sizes = store.searches.map(({ length }) => length)
  expect(Math.max(...sizes)).toBe(100)
  // In each second those that are due are all in full calls but the last one.
  expect(sizes.length).toBeLessThanOrEqual(2_500 / 100 + LONGEST)
  expect(mostSearches(store)).toBe(2)
  await channels.closeAll()
})

test("createChannels() delivers an event whose message was lost, and reads only its log", async () => {
  const { inner, store, channels, clients, passSeconds } = await openLogs(150)
  store.isDeaf = true
  await inner.append("room:30", [{ text: "data: lost\n\n" }])
  await passSeconds(LONGEST)
  expect(clients.flatMap(({ data }, at) => data.map((text) => [at, text]))).toEqual([[30, "lost"]])
  expect(store.reads).toBe(1)
  await channels.closeAll()
})

test("createChannels() reads each log if the store rejects, and then compares again", async () => {
  let isRefused = true
  let hide: () => Promise<readonly string[]> = async () => []
  const { inner, store, names, channels, clients, passSeconds } = await openLogs(150, async () => {
    if (isRefused) throw new Error("CROSSSLOT")
    return hide()
  })
  store.isDeaf = true
  await inner.append("room:30", [{ text: "data: lost\n\n" }])
  await passSeconds(LONGEST)
  expect(clients[30]!.data).toEqual(["lost"])
  expect(store.reads).toBe(store.searches.flat().length)
  expect(store.reads).toBeGreaterThanOrEqual(names.length)
  // What is no list of names decides about no log.
  isRefused = false
  hide = async () => undefined as never
  await inner.append("room:31", [{ text: "data: lost\n\n" }])
  await passSeconds(LONGEST)
  expect(clients[31]!.data).toEqual(["lost"])
  hide = async () => []
  store.reads = 0
  await passSeconds(LONGEST)
  expect(store.reads).toBe(0)
  expect(channels.stats().storeErrors).toBe(0)
  await channels.closeAll()
})

test("createChannels() repeats reads of a store that is down, and counts each failure", async () => {
  const { inner, store, channels, clients, passSeconds } = await openLogs(5)
  store.isDeaf = true
  await inner.append("room:3", [{ text: "data: lost\n\n" }])
  store.isDown = true
  await passSeconds(60)
  const searches = store.searches.length
  // A log whose last read has failed is read.
  expect(searches).toBeLessThanOrEqual(5)
  expect(channels.stats().storeErrors).toBe(store.reads)
  expect(store.reads).toBeGreaterThan(5 * 10)
  store.isDown = false
  await passSeconds(6)
  expect(clients[3]!.data).toEqual(["lost"])
  store.reads = 0
  await passSeconds(LONGEST)
  expect([store.reads, store.searches.length > searches]).toEqual([0, true])
  await channels.closeAll()
})

test("createChannels() does not compare a position again while the store does not answer", async () => {
  const { inner, store, names, channels, clients, passSeconds } = await openLogs(150, () => new Promise(() => {}))
  store.isDeaf = true
  await inner.append("room:30", [{ text: "data: lost\n\n" }])
  await passSeconds(3 * LONGEST)
  expect(store.searches.flat()).toHaveLength(names.length)
  expect(clients[30]!.data).toEqual(["lost"])
  await channels.closeAll()
})

test("createChannels() forgets the answer of a store after its end", async () => {
  const answers: (() => void)[] = []
  const { store, names, channels, passSeconds } = await openLogs(
    10,
    (positions) => new Promise((resolve) => answers.push(() => resolve([...positions.keys()]))),
  )
  await passSeconds(16)
  expect(store.searches.flat().length).toBe(names.length)
  await channels.closeAll()
  for (const answer of answers) answer()
  await settleTasks()
  expect(store.reads).toBe(0)
})

test("createAnswers() reads logs with a producer, and finds each lost message and lease", async () => {
  const clock = new ManualClock({ random: randomOf(7) })
  const { inner, store } = storesOf(clock)
  const answers = createAnswers({ store, clock, onError: () => {} })
  const lease = 100_000
  const leases = new Map<string, string>()
  for (const id of ["ends", "goes on", "is lost"]) {
    const claim = await inner.claim(`answer:${id}`, { ttl: 1e6, lease: id === "is lost" ? 25_000 : lease })
    leases.set(id, claim.lease!)
  }
  const clients = await Promise.all([...leases.keys()].map((id) => join(answers, id)))
  await settleTasks()
  store.isDeaf = true
  const append = (id: string, end?: { status: "done" }) =>
    inner.append(`answer:${id}`, [{ text: `data: ${id}\n\n` }], { lease: leases.get(id)!, end })
  await append("ends", { status: "done" })
  await append("goes on")
  const passSeconds = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await clock.advance(1_000)
      await settleTasks(20)
    }
  }
  await passSeconds(LONGEST)
  expect(clients.map(({ ending, seen }) => [ending, seen[0]])).toEqual([
    ["clean", "ends"],
    ["open", "goes on"],
    ["open", undefined],
  ])
  // The lease ends between two checks.
  await passSeconds(26 - LONGEST)
  expect(clients.map(({ ending }) => ending)).toEqual(["clean", "open", "clean"])
  expect(store.searches).toEqual([])
  const closed = answers.closeAll({ within: 0 })
  await clock.advance(5_000)
  await closed
})
