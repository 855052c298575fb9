/* The cases of the store contract that compare the store with a model, in operations drawn from a seed. */
import type { EventStore, LogEvent, StorePage } from "../../server/index.ts"
import { LogFollower } from "./log-follower.ts"
import {
  check,
  checkConsecutive,
  checkEqual,
  cursorAfter,
  sequenceOf,
  type StoreCases,
  type StoreSubject,
  textsOf,
  withRetention,
} from "./store-subject.ts"

const SEEDS = 1_000

export const randomCases: StoreCases = {
  "every reader sees each event once and in order, in 1,000 random interleavings": async (subject) => {
    for (let seed = 1; seed <= SEEDS; seed++) await interleave(subject, seed)
  },

  "every reader of a trimmed log sees a suffix or a gap first, in 200 random interleavings": withRetention(
    { events: 4 },
    async (subject) => {
      for (let seed = 1; seed <= SEEDS / 5; seed++) await interleave(subject, seed)
    },
  ),
}

type Random = (below: number) => number

/** Appends to some logs from two handles at once, with readers that join meanwhile, and compares what they saw. */
async function interleave({ store, other }: StoreSubject, seed: number): Promise<void> {
  const random = randomOf(seed)
  const logs = Array.from({ length: 1 + random(3) }, (_, at) => `${seed}/${at}`)
  const model = new Map<string, LogEvent[]>(logs.map((log) => [log, []]))
  const followers: { readonly log: string; readonly follower: LogFollower }[] = []
  const work: Promise<unknown>[] = []
  for (let step = 0; step < 16; step++) {
    const log = logs[random(logs.length)]!
    const handle = random(2) ? store : other
    const cursor = someCursor(random, model)
    const kind = random(6)
    if (kind < 3) work.push(appendTo(handle, log, step, random(4), model.get(log)!))
    else if (kind === 3)
      work.push(handle.read(log, cursor, { maxEvents: 1 + random(4) }).then((page) => checkPage(log, cursor, page)))
    else if (kind === 4) followers.push({ log, follower: new LogFollower(handle, log, random(2) ? "start" : cursor) })
    else await Promise.all(work.splice(0))
  }
  await Promise.all(work)
  for (const [log, events] of model) await checkLog(other, log, events)
  for (const { log, follower } of followers) {
    await follower.settled()
    follower.stop()
    checkSuffix(follower.events, model.get(log)!, log)
    const [first] = follower.events
    const isWhole = follower.gaps === 0 && first !== undefined
    if (isWhole)
      checkConsecutive(cursorAfter(first.cursor, -1), follower.events, "the events of a reader without a gap")
  }
}

async function appendTo(
  handle: EventStore,
  log: string,
  step: number,
  count: number,
  events: LogEvent[],
): Promise<void> {
  const texts = Array.from({ length: count }, (_, at) => ({ text: `${log} ${step}.${at}` }))
  const { cursors } = await handle.append(log, texts)
  checkEqual(cursors.length, count, "the number of cursors")
  for (const [at, { text }] of texts.entries()) events.push({ cursor: cursors[at]!, text, time: 0 })
  // Appends may settle in any order.
  events.sort((one, two) => sequenceOf(one.cursor) - sequenceOf(two.cursor))
}

/** A cursor of any of the logs, near one of them, or none. */
function someCursor(random: Random, model: ReadonlyMap<string, readonly LogEvent[]>): string {
  const events = [...model.values()].flat()
  if (events.length === 0 || random(8) === 0) return ["start", "end", "", "x-1", "0-0", "x"][random(6)]!
  return cursorAfter(events[random(events.length)]!.cursor, random(5) === 0 ? 3 : 0)
}

function checkPage(log: string, after: string, page: StorePage): void {
  check(
    page.events.every(({ text }) => text.startsWith(`${log} `)),
    "an event of another log must not be returned",
  )
  const isWord = after === "start" || after === "end"
  const from = page.gap?.resumesAt ?? (isWord ? undefined : after)
  if (from !== undefined) checkConsecutive(from, page.events, "the events of a page")
}

async function checkLog(store: EventStore, log: string, model: readonly LogEvent[]): Promise<void> {
  const { state } = await store.read(log, "end")
  const { events } = await store.read(log, "start", { maxEvents: 1_000 })
  checkSuffix(events, model, log)
  if (model.length > 0) checkEqual(state.last, model.at(-1)!.cursor, "the last of the state")
  checkConsecutive(state.first, events, "the events of a log")
}

/** Throws unless the last events that a reader saw are the end of what was appended, and all are in order. */
function checkSuffix(seen: readonly LogEvent[], model: readonly LogEvent[], log: string): void {
  const byCursor = new Map(model.map(({ cursor, text }) => [cursor, text]))
  checkEqual(
    textsOf(seen),
    seen.map(({ cursor }) => byCursor.get(cursor)),
    `the events of ${log}`,
  )
  const sequences = seen.map(({ cursor }) => sequenceOf(cursor))
  check(
    sequences.every((sequence, at) => at === 0 || sequence > sequences[at - 1]!),
    `the events of ${log} must rise`,
  )
  if (seen.length > 0) checkEqual(seen.at(-1)!.cursor, model.at(-1)!.cursor, `the last event of ${log}`)
}

/** Whole numbers from 0 up to, not including, `below`: the same ones for the same seed. */
function randomOf(seed: number): Random {
  let state = seed
  return (below) => {
    // Why these numbers: mulberry32, whose neighbouring seeds have unlike sequences.
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
