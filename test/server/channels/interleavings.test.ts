import { type Channels, createChannels, type ConnectOptions } from "steadystream/server"
import type { ManualClock } from "steadystream/testing"
import { expect, test } from "vitest"
import { ChannelClient, settleTasks } from "../../support/channel-client.ts"
import { type ChannelWorld, describeChannelStores, type OpenChannelWorld } from "../../support/channel-worlds.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"
import { randomOf, UnreliableStore } from "../../support/unreliable-store.ts"
import { tagOf } from "../../../src/server/delivery/client-cursor.ts"

failOnUnhandledRejections()

/** Runs of each test. A run with Redis takes about ten times as long. */
const SEEDS = { memoryStore: 1_000, redisStore: 10 }
/** So many events of several channels that each log is trimmed: Redis trims at each sixteenth event. */
const BURST = 60
const NAMES = ["a", "b", "c"]
const GAP = "steadystream.gap"

interface Joined {
  readonly client: ChannelClient
  readonly names: readonly string[]
  /** The cursor that the client came with, for each channel. */
  readonly cursors: ReadonlyMap<string, string>
}

/** One run: a store, channels and clients, all driven by one random sequence. */
class Run {
  readonly random: () => number
  readonly clock: ManualClock
  readonly store: UnreliableStore
  readonly channels: Channels
  readonly joined: Joined[] = []
  /** The cursor of the newest event of each log, at the end. */
  readonly ends: Map<string, string> = new Map()
  readonly #world: ChannelWorld
  #published = 0

  constructor(world: ChannelWorld, random: () => number) {
    this.#world = world
    this.random = random
    this.clock = world.clock
    this.store = new UnreliableStore(random, () => world.otherStore())
    this.store.faults = this.draw(3) * 0.15
    const { clock, store } = this
    this.channels = createChannels({ clock, store, keepAlive: 8_000, writeTimeout: 0, onError: () => {} })
  }

  draw(count: number): number {
    return Math.floor(this.random() * count)
  }

  publish(): void {
    const name = NAMES[this.draw(NAMES.length)]!
    this.channels.publish(name, { data: `${name}${this.#published++}` }).catch(() => {})
  }

  join(options: ConnectOptions): void {
    const known = this.joined.length > 0 && this.draw(2) === 0 ? this.joined[this.draw(this.joined.length)] : undefined
    const names = known?.names ?? [[NAMES[0]!], [NAMES[1]!], NAMES.slice(0, 2), NAMES][this.draw(4)]!
    const since = (["live", "start", 2] as const)[this.draw(3)]!
    const cursor = known?.client.read.lastEventId ?? ""
    const cursors = new Map(cursor === "" ? [] : cursorsOf(cursor, names))
    const room = this.draw(2) === 0 ? Infinity : this.draw(4)
    const onGap = this.draw(4) === 0 ? "live" : "replay"
    const client = new ChannelClient(this.channels, names, { since, onGap, ...options, cursor, room })
    this.joined.push({ client, names, cursors })
  }

  act(options: ConnectOptions): void {
    const { joined, store } = this
    const any = joined[this.draw(joined.length)]?.client
    const act = this.draw(20)
    if (act < 5) this.publish()
    else if (act < 8) this.join(options)
    else if (act < 10) any?.take(1 + this.draw(3))
    else if (act < 11 && any?.session.state === "open") any.leave()
    else if (act < 12 && this.draw(4) === 0) store.restart()
    // More than is kept, while news waits: readers and clients fall off the log.
    else if (act < 13 && this.draw(3) === 0) for (let n = 0; n < BURST; n++) this.publish()
    else store.draw()
  }

  async play(options: ConnectOptions): Promise<void> {
    for (let step = 0; step < 60; step++) {
      this.act(options)
      if (this.draw(3) === 0) await settleTasks(1)
    }
    // From here on nothing is lost: everything must arrive.
    this.store.faults = 0
    for (const { client } of this.joined) client.take()
    for (let step = 0; step < 40; step++) {
      await this.#drain()
      await this.#world.pass(1_000)
    }
    for (const name of NAMES) this.ends.set(name, await this.store.end(name))
  }

  /** Passes on all that waits, and what follows from it. */
  async #drain(): Promise<void> {
    do {
      while (this.store.pending > 0) {
        this.store.draw()
        await settleTasks(1)
      }
      await this.#world.settle()
    } while (this.store.pending > 0)
  }
}

function cursorsOf(cursor: string, names: readonly string[]): [string, string][] {
  if (cursor === "") return []
  if (names.length === 1) return [[names[0]!, cursor]]
  const parts = new Map(cursor.split(",").map((part) => part.split(":") as [string, string]))
  return names.flatMap((name): [string, string][] => {
    const own = parts.get(tagOf(name))
    return own === undefined ? [] : [[name, own]]
  })
}

/** What one client got of one channel: runs of data, each after the place where it begins. */
interface Piece {
  readonly after: string | undefined
  readonly cursors: string[]
  readonly data: string[]
}

/** Checks that the gaps are true, and splits what the client got of a channel at them. */
function piecesOf({ client, names, cursors }: Joined, name: string): Piece[] {
  const pieces: Piece[] = [{ after: cursors.get(name), cursors: [], data: [] }]
  for (const event of client.read.events) {
    const own = new Map(cursorsOf(event.lastEventId, names)).get(name)
    if (event.event === GAP) {
      const gap = JSON.parse(event.data) as { from: string; reason: string; resumesAt: string }
      if (gap.resumesAt !== own) continue
      checkFrom(gap.from, pieces.at(-1)!)
      expect(["epoch", "trimmed"]).toContain(gap.reason)
      const [from, to] = [gap.from, gap.resumesAt].map((cursor) => cursor.split("-"))
      if (gap.reason === "epoch") expect(from![0]).not.toBe(to![0])
      else expect([from![0], Number(to![1]) > Number(from![1])]).toEqual([to![0], true])
      pieces.push({ after: gap.resumesAt, cursors: [], data: [] })
    } else if (event.data.startsWith(name)) {
      pieces.at(-1)!.cursors.push(own!)
      pieces.at(-1)!.data.push(event.data)
    }
  }
  return pieces
}

/** Checks that a gap begins where the client was: it may have moved over events that it was not sent. */
function checkFrom(from: string, { after, cursors }: Piece): void {
  const at = cursors.at(-1) ?? after
  if (at === undefined) return
  const [was, is] = [at, from].map((cursor) => cursor.split("-"))
  expect(is![0]).toBe(was![0])
  expect(Number(is![1])).toBeGreaterThanOrEqual(Number(was![1]))
}

/** Checks that each piece has every event after its place that is sent, in order, and the last one up to the end. */
function checkAll(run: Run, joined: Joined, name: string, isSent: (data: string) => boolean = () => true): void {
  const { client } = joined
  const pieces = piecesOf(joined, name)
  for (const [at, { after, cursors, data }] of pieces.entries()) {
    const first = after ?? cursors[0]
    if (first === undefined) continue
    const isLast = at === pieces.length - 1 && client.session.state === "open"
    const [epoch, sequence] = first.split("-")
    const log = run.store.logs.get(epoch!) ?? []
    const from = after === undefined ? Number(sequence) : Number(sequence) + 1
    const sent = [...log.keys()].filter((key) => key >= from && log[key] !== undefined && isSent(dataOf(log[key])))
    const expected = isLast ? sent : sent.slice(0, data.length)
    expect(data).toEqual(expected.map((key) => dataOf(log[key]!)))
    expect(cursors).toEqual(expected.map((key) => `${epoch}-${key}`))
  }
  checkEnd(run, joined, name)
}

/** Checks that the cursor of a client that is connected is the end of the log. */
function checkEnd(run: Run, { client, names }: Joined, name: string): void {
  const own = new Map(cursorsOf(client.read.lastEventId, names)).get(name)
  if (client.session.state === "open" && own !== undefined) expect(own).toBe(run.ends.get(name))
}

function dataOf(text: string): string {
  return /data: (.*)/.exec(text)![1]!
}

/** Plays and checks every seed. Returns how many gaps the clients got. */
async function checkSeeds(
  open: OpenChannelWorld,
  seeds: number,
  options: ConnectOptions,
  check: (run: Run, joined: Joined, name: string) => void,
): Promise<number> {
  let gaps = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const random = randomOf(seed)
    const run = new Run(await open({ random, retention: { events: 6 } }), random)
    await run.play(options)
    for (const [at, joined] of run.joined.entries()) {
      for (const name of joined.names) {
        try {
          check(run, joined, name)
        } catch (error) {
          throw new Error(`Seed ${seed}, client ${at}, channel ${name}:\n${joined.client.text}`, { cause: error })
        }
      }
    }
    for (const count of Object.values(run.channels.stats().gaps)) gaps += count
    await run.channels.closeAll({ within: 0, retry: 0 })
    expect([run.channels.size(), run.store.watches, run.clock.pendingTimers]).toEqual([0, 0, 0])
  }
  return gaps
}

/** Checks that a client at the end of the log has the last event with each key of those that it was sent. */
function checkLast(run: Run, joined: Joined, name: string, keyOf: (data: string) => string): void {
  const { after, cursors, data } = piecesOf(joined, name).at(-1)!
  const first = after ?? cursors[0]
  if (joined.client.session.state === "closed" || first === undefined) return
  const [epoch, sequence] = first.split("-")
  const log = (run.store.logs.get(epoch!) ?? []).slice(Number(sequence) + (after === undefined ? 0 : 1))
  const last = new Map(log.filter((text) => text !== undefined).map((text) => [keyOf(dataOf(text)), dataOf(text)]))
  for (const value of last.values()) expect(data).toContain(value)
}

describeChannelStores("createChannels()", (open, store) => {
  const seeds = SEEDS[store as keyof typeof SEEDS]

  test("sessions get a contiguous part of each log or a gap first, in any interleaving", async () => {
    const gaps = await checkSeeds(open, seeds, {}, (run, joined, name) => checkAll(run, joined, name))
    expect(gaps).toBeGreaterThan(seeds)
  })

  test("a filter leaves out events and no others, and the cursor moves over them", async () => {
    const isSent = (data: string) => Number(data.slice(1)) % 3 > 0
    const filter = ({ data }: { data: string }) => isSent(data)
    const gaps = await checkSeeds(open, seeds, { filter }, (run, joined, name) => checkAll(run, joined, name, isSent))
    expect(gaps).toBeGreaterThan(seeds)
  })

  test("coalescing sends the last event with each key, and the cursor moves over all", async () => {
    const keyOf = (data: string) => `${Number(data.slice(1)) % 3}`
    const options: ConnectOptions = { slow: { coalesce: ({ data }) => keyOf(data) } }
    const gaps = await checkSeeds(open, seeds, options, (run, joined, name) => {
      for (const { after, cursors, data } of piecesOf(joined, name)) {
        const first = after ?? cursors[0]
        if (first === undefined) continue
        const [epoch, sequence] = first.split("-")
        const log = run.store.logs.get(epoch!) ?? []
        const places = cursors.map((cursor) => Number(cursor.split("-")[1]))
        // A part of the log, in order.
        expect(data).toEqual(places.map((place) => dataOf(log[place]!)))
        expect(places).toEqual(places.toSorted((a, b) => a - b))
        expect(new Set(places).size).toBe(places.length)
        // What is left out is followed by one with its key, or the client did not get that far.
        for (let place = Number(sequence) + 1; place < (places.at(-1) ?? 0); place++) {
          const left = log[place]
          if (left === undefined || places.includes(place)) continue
          const key = keyOf(dataOf(left))
          const later = log.findIndex((text, at) => at > place && text !== undefined && keyOf(dataOf(text)) === key)
          expect(later).toBeGreaterThan(place)
        }
      }
      checkEnd(run, joined, name)
      checkLast(run, joined, name, keyOf)
    })
    expect(gaps).toBeGreaterThan(seeds)
  })
})
