/* The cases of the store contract about read(): pages, positions, gaps and retention. */
import type { EventStore, GapReason } from "../../server/index.ts"
import {
  check,
  checkEqual,
  checkRejects,
  cursorAfter,
  eventsOf,
  readAll,
  sequenceOf,
  type StoreCases,
  textsOf,
  withRetention,
} from "./store-subject.ts"

/** Texts of clients that are no cursors of any log. */
const FORGED: readonly string[] = [
  ..."|-|0|5|abc|abc-|-5|abc-05|abc--5|abc-5-5|abc-1.5|abc-1e3|abc-+1| abc-1|abc-1 |abc-1\n|a,b-1|a:b-1|é-1".split("|"),
  "__proto__",
  "abc-NaN",
  `abc-${"9".repeat(17)}`,
  "x".repeat(100_000),
  `${"x".repeat(100)}-1`,
]

export const readCases: StoreCases = {
  "read() starts at every kind of position": async ({ store }) => {
    const { cursors } = await store.append("a", eventsOf("x", 5))
    for (const [position, from] of [
      ["start", 0],
      [cursors[0]!, 1],
      [cursors[3]!, 4],
      [cursors[4]!, 5],
      ["end", 5],
    ] as const) {
      const page = await store.read("a", position)
      checkEqual(textsOf(page.events), textsOf(eventsOf("x", 5 - from, from)), `the events after ${position}`)
      checkEqual([page.next, page.more, page.gap], [cursors[4], false, undefined], `the page after ${position}`)
      checkEqual(page.state.last, cursors[4], "the last of the state")
    }
    const { state } = await store.read("a", "end")
    checkEqual(
      (await store.read("a", state.first)).events.length,
      5,
      "the number of events after the first of the state",
    )
  },

  "read() returns pages of at most maxEvents events": async ({ store }) => {
    const { cursors } = await store.append("a", eventsOf("x", 250))
    const small = await store.read("a", cursors[9]!, { maxEvents: 7 })
    checkEqual(
      [textsOf(small.events), small.next, small.more],
      [textsOf(eventsOf("x", 7, 10)), cursors[16], true],
      "a page",
    )
    const last = await store.read("a", cursors[242]!, { maxEvents: 7 })
    checkEqual([last.events.length, last.more], [7, false], "a page that reaches the end")
    checkEqual((await store.read("a", "start")).events.length, 100, "the number of events of a page by default")
  },

  "read() returns pages of at most maxBytes bytes of UTF-8, but one event at least": async ({ store }) => {
    const text = "€".repeat(100)
    const { cursors } = await store.append("a", [{ text }, { text }, { text: "y".repeat(300_000) }, { text }])
    const two = await store.read("a", "start", { maxBytes: 600 })
    checkEqual([two.events.length, two.next, two.more], [2, cursors[1], true], "a page of 600 bytes")
    checkEqual(
      (await store.read("a", "start", { maxBytes: 599 })).events.length,
      1,
      "the events of a page of 599 bytes",
    )
    const large = await store.read("a", cursors[1]!)
    checkEqual([large.events.length, large.more], [1, true], "a page whose first event is larger than the page")
  },

  "read() rejects with the reason of an aborted signal": async ({ store }) => {
    const reason = new Error("the reason")
    const error: unknown = await store
      .read("a", "start", { signal: AbortSignal.abort(reason) })
      .catch((thrown: unknown) => thrown)
    check(error === reason, "an aborted read must reject with the reason of its signal")
  },

  "read() answers forged cursors by a gap of the reason unknown": async ({ store }) => {
    await store.append("a", eventsOf("x", 3))
    for (const position of FORGED) await checkGap(store, position, "unknown")
  },

  "read() answers cursors of another epoch by a gap": async ({ store }) => {
    const { cursors } = await store.append("a", eventsOf("x", 3))
    for (const epoch of ["0", "zz_9", "x".repeat(64)]) {
      await checkGap(store, `${epoch}-${sequenceOf(cursors[1]!)}`, "epoch")
      await checkGap(store, `${epoch}-0`, "epoch")
    }
  },

  "read() answers cursors of the future by a gap": async ({ store }) => {
    const { cursors } = await store.append("a", eventsOf("x", 3))
    for (const distance of [1, 2, 1_000_000]) await checkGap(store, cursorAfter(cursors[2]!, distance), "future")
    const largest = Number.MAX_SAFE_INTEGER - sequenceOf(cursors[2]!)
    await checkGap(store, cursorAfter(cursors[2]!, largest), "future")
  },

  "read() of a log that does not exist creates none": async ({ store, other }) => {
    await store.append("b", eventsOf("x", 3))
    const { state } = await store.read("b", "end")
    for (const position of ["start", "end", state.last, cursorAfter(state.last, 9), ...FORGED]) {
      const page = await store.read("a", position)
      checkEqual([page.events, page.more, page.state.status], [[], false, "open"], "the page of no log")
      checkEqual([page.state.first, page.next], [page.state.last, page.state.last], "the positions of no log")
    }
    await checkRejects(other.append("a", eventsOf("x", 1), { mustExist: true }), ["ended"], "mustExist after read()")
  },

  "read() before the first append is a position without a gap": async ({ store, other }) => {
    for (const position of ["start", "end"]) {
      const { next } = await store.read(position, position)
      await other.append(position, eventsOf("x", 3))
      const page = await readAll(store, position, next)
      checkEqual(
        [page.gap, textsOf(page.events)],
        [undefined, textsOf(eventsOf("x", 3))],
        "the events from before the log",
      )
    }
  },

  "read() never returns events of another log": async ({ store }) => {
    const logs = ["a", "b", "c"]
    const cursors: string[] = []
    for (const [at, log] of logs.entries()) {
      cursors.push(...(await store.append(log, eventsOf(log, 4 + at))).cursors)
    }
    for (const log of logs) {
      for (const cursor of cursors) {
        const { events } = await readAll(store, log, cursor)
        check(
          events.every(({ text }) => text.startsWith(`data: ${log}`)),
          "an event of another log must not be returned",
        )
      }
    }
  },

  "retention by events keeps the newest": withRetention({ events: 10 }, async ({ store, extraEvents }) => {
    const { cursors } = await store.append("a", eventsOf("x", 1))
    for (let at = 1; at < 499; at += 3) await store.append("a", eventsOf("x", 3, at))
    const page = await readAll(store, "a", cursors[0]!)
    const { length } = page.events
    check(length >= 10 && length <= 10 + extraEvents, `a log of 10 events at most must not keep ${length}`)
    checkEqual(textsOf(page.events), textsOf(eventsOf("x", length, 499 - length)), "the newest events")
    checkEqual(page.gap, { reason: "trimmed", resumesAt: page.state.first }, "the gap of a trimmed cursor")
    checkEqual(page.state.first, cursorAfter(page.events[0]!.cursor, -1), "the first of the state")
    checkEqual((await store.read("a", page.state.first)).gap, undefined, "the gap at the first of the state")
  }),

  "retention by bytes keeps the newest, and always one": withRetention(
    { bytes: 1_000 },
    async ({ store, extraEvents }) => {
      for (let at = 0; at < 300; at++) await store.append("a", [{ text: "€".repeat(30) }])
      const { events } = await readAll(store, "a", "start")
      check(
        events.length >= 1 && events.length <= 11 + extraEvents,
        `1,000 bytes must not keep ${events.length} events of 90`,
      )
      await store.append("a", [{ text: "y".repeat(5_000) }])
      const last = await readAll(store, "a", "start")
      checkEqual(last.events.at(-1)?.text.length, 5_000, "the size of the newest event, which is larger than the log")
    },
  ),

  "retention by age trims what is old": withRetention({ age: 2_000 }, async ({ store, wait, extraEvents }) => {
    const { cursors } = await store.append("a", eventsOf("x", 2))
    await wait(2_500)
    await store.append("a", eventsOf("y", 2))
    const { events, gap } = await readAll(store, "a", cursors[0]!)
    check(events.length >= 2 && events.length <= 2 + extraEvents, "an event must not be kept after its age")
    if (extraEvents === 0) checkEqual(gap?.reason, "trimmed", "the gap of an old cursor")
    checkEqual(textsOf(events.slice(-2)), textsOf(eventsOf("y", 2)), "the newest events")
  }),
}

async function checkGap(store: EventStore, position: string, reason: GapReason): Promise<void> {
  const page = await store.read("a", position)
  const shown = JSON.stringify(position.slice(0, 40))
  checkEqual(page.gap, { reason, resumesAt: page.state.first }, `the gap at ${shown}`)
  checkEqual(textsOf(page.events), textsOf(eventsOf("x", 3)), `the events after the gap at ${shown}`)
}
