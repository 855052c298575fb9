import { type EventStore, memoryStore, type StorePage } from "steadystream/server"
import { ManualClock, storeContract, type StoreRetention } from "steadystream/testing"
import { describe, expect, test } from "vitest"
import { findChangedOf, isChanged } from "../support/find-changed.ts"

/** Breaks a store: the methods that it returns replace those of the store. */
type Breakage = (store: EventStore, retention: StoreRetention | undefined) => Partial<EventStore>

function contractOf(broken: Breakage) {
  return storeContract("broken", ({ retention }) => {
    const clock = new ManualClock()
    const store = memoryStore({ retention, clock })
    const methods = ["append", "read", "watch", "claim", "cancel", "drop", "close"] as const
    const whole = Object.fromEntries(methods.map((name) => [name, (store[name] as () => unknown).bind(store)]))
    return {
      store: { ...(whole as unknown as EventStore), ...broken(store, retention) },
      wait: (ms) => clock.advance(ms),
    }
  })
}

/** Changes the pages that a store returns. */
const withPages =
  (change: (page: StorePage, log: string, after: string) => StorePage): Breakage =>
  (store) => ({ read: async (log, after, options) => change(await store.read(log, after, options), log, after) })

const withoutGap = (page: StorePage): StorePage => {
  const { gap: _, ...rest } = page
  return rest
}
const withReason = (reason: "unknown" | "epoch") =>
  withPages((page) => (page.gap === undefined ? page : { ...page, gap: { ...page.gap, reason } }))

/** A store that has findChanged(), and names the logs whose pages say so. */
const withNamed =
  (isNamed: (page: StorePage) => boolean): Breakage =>
  (store) => ({ findChanged: findChangedOf(store, isNamed) })

/** The state of a log with events and without a producer. */
const OPEN = { status: "open", first: "e-0", last: "e-3" } as const

const BROKEN: [kind: string, broken: Breakage, rule: string][] = [
  [
    "loses an event of each batch",
    (store) => ({ append: (log, events, options) => store.append(log, events.slice(0, 4), options) }),
    "append() stores a batch whole",
  ],
  [
    "stores a batch in two steps",
    (store) => ({
      async append(log, events, options) {
        const one = await store.append(log, events.slice(0, 1), options)
        await Promise.resolve()
        const two = await store.append(log, events.slice(1), { ...options, dedupe: undefined })
        return { ...one, cursors: [...one.cursors, ...two.cursors] }
      },
    }),
    "append() stores a batch whole",
  ],
  [
    "doubles each event",
    (store) => ({ append: (log, events, options) => store.append(log, [...events, ...events], options) }),
    "append() returns consecutive cursors",
  ],
  [
    "returns pages backwards",
    withPages((page) => ({ ...page, events: page.events.toReversed() })),
    "read() starts at every kind of position",
  ],
  [
    "changes texts",
    (store) => ({
      append: (log, events, o) =>
        store.append(
          log,
          events.map(({ text }) => ({ text: text.trimEnd() })),
          o,
        ),
    }),
    "append() keeps every text",
  ],
  ["says no gap", withPages(withoutGap), "read() answers forged cursors"],
  [
    "says no gap after a trim",
    withPages((page) => (page.gap?.reason === "trimmed" ? withoutGap(page) : page)),
    "retention by events",
  ],
  ["answers every gap with the reason unknown", withReason("unknown"), "read() answers cursors of another epoch"],
  ["answers every gap with the reason epoch", withReason("epoch"), "read() answers cursors of the future"],
  [
    "forgets that there is more",
    withPages((page) => ({ ...page, more: false })),
    "read() returns pages of at most maxEvents",
  ],
  [
    "ignores maxBytes",
    (store) => ({ read: (log, after, options) => store.read(log, after, { ...options, maxBytes: 1e9 }) }),
    "read() returns pages of at most maxBytes",
  ],
  [
    "creates a log by reading",
    (store) => ({
      async read(log, after, options) {
        const page = await store.read(log, after, options)
        if (page.state.status === "open") await store.append(log, [{ text: "" }]).catch(() => {})
        return page
      },
    }),
    "read() of a log that does not exist",
  ],
  [
    "keeps all logs in one",
    (store) => ({
      append: (_, events, options) => store.append("", events, options),
      read: (_, after, options) => store.read("", after, options),
    }),
    "read() never returns events of another log",
  ],
  [
    "ignores its retention",
    () => {
      const endless = memoryStore({ retention: { events: Infinity } })
      return { append: endless.append.bind(endless), read: endless.read.bind(endless) }
    },
    "retention by events",
  ],
  [
    "trims a log with a lease",
    (store, retention) => ({
      read: async (log, after, options) => {
        const page = await store.read(log, after, options)
        return retention?.bytes === 100 ? { ...page, more: false } : page
      },
    }),
    "a log with a lease is not trimmed",
  ],
  [
    "says nothing of the lease that is left",
    withPages((page) => ({ ...page, state: { ...page.state, leaseLeft: undefined } })),
    "read() returns the time that is left of a lease",
  ],
  [
    "ignores dedupe",
    (store) => ({ append: (log, events, options) => store.append(log, events, { ...options, dedupe: undefined }) }),
    "append() with dedupe stores a repeated append once",
  ],
  [
    "ignores mustExist",
    (store) => ({ append: (log, events, options) => store.append(log, events, { ...options, mustExist: false }) }),
    "append() with mustExist needs a log",
  ],
  [
    "ignores signals",
    (store) => ({ append: (log, events, options) => store.append(log, events, { ...options, signal: undefined }) }),
    "append() with an aborted signal",
  ],
  [
    "stores the end later",
    (store) => ({
      async append(log, events, options) {
        const appended = await store.append(log, events, { ...options, end: undefined })
        if (options?.end !== undefined) setTimeout(() => void store.append(log, [], options).catch(() => {}), 0)
        return appended
      },
    }),
    "append() ends a log in the same step",
  ],
  [
    "has no fence",
    (store) => {
      const leases = new Map<string, string>()
      return {
        async claim(log, options) {
          const claim = await store.claim(log, options)
          if (claim.lease !== undefined) leases.set(log, claim.lease)
          return claim
        },
        append: (log, events, options) => store.append(log, events, { ...options, lease: leases.get(log) }),
      }
    },
    "claim() with takeOver fences",
  ],
  [
    "never loses a lease",
    (store) => ({ claim: (log, options) => store.claim(log, { ...options, lease: Infinity }) }),
    "a log whose lease ran out is lost",
  ],
  [
    "never drops a log",
    (store) => ({ claim: (log, options) => store.claim(log, { ...options, ttl: Infinity }) }),
    "a log with a lease is dropped after its ttl",
  ],
  [
    "returns a lease to every claim",
    (store) => ({ claim: (log, options) => store.claim(log, { ...options, takeOver: true }) }),
    "claim() at the same time",
  ],
  ["does not cancel", () => ({ cancel: async () => false }), "cancel() ends a running log"],
  ["says that it cancelled", () => ({ cancel: async () => true }), "cancel() of a log that is not running"],
  [
    "uses cursors again after drop()",
    () => {
      let store = memoryStore({ clock: new ManualClock() })
      return {
        append: (log, events, options) => store.append(log, events, options),
        read: (log, after, options) => store.read(log, after, options),
        drop: async () => void (store = memoryStore({ clock: new ManualClock() })),
      }
    },
    "drop() removes a log, and its cursors",
  ],
  ["keeps a dropped log", () => ({ drop: async () => {} }), "drop() removes a log"],
  ["reports nothing", () => ({ watch: () => ({ ready: Promise.resolve(), stop() {} }) }), "watch() reports appends"],
  [
    "reports after stop()",
    (store) => ({ watch: (log, onNews) => ({ ready: store.watch(log, onNews).ready, stop() {} }) }),
    "watch() reports nothing after stop()",
  ],
  [
    "reports news that is not true",
    (store) => ({
      watch: (log, onNews) =>
        store.watch(log, (news) =>
          onNews(news && { ...news, events: news.events.map((event) => ({ ...event, text: "?" })) }),
        ),
    }),
    "watch() reports news that is true",
  ],
  ["does not close", () => ({ close: async () => {} }), "close() makes every later call reject"],
  ["finds no changed log", withNamed(() => false), "findChanged() names logs with new events"],
  ["finds every log", withNamed(() => true), "findChanged() leaves out logs without anything new"],
  [
    "finds no log with a producer",
    withNamed((page) => isChanged({ ...page, state: { ...page.state, status: "open" } })),
    "findChanged() names logs after claim()",
  ],
  [
    "finds no log that has ended",
    withNamed((page) => isChanged(page.state.status === "running" ? page : { ...page, state: OPEN })),
    "findChanged() names logs after claim()",
  ],
  [
    "finds no log that is lost",
    withNamed((page) => page.state.status !== "lost" && isChanged(page)),
    "findChanged() names a log whose lease ran out",
  ],
  [
    "finds no log that was dropped",
    withNamed((page) => isChanged({ ...page, state: { ...OPEN, status: page.state.status } })),
    "findChanged() names logs that were dropped",
  ],
  [
    "finds no gap",
    withNamed(({ gap, ...page }) => gap === undefined && isChanged(page)),
    "findChanged() names logs at positions that are not the newest one",
  ],
  [
    "compares sequences without their epochs",
    withNamed((page) => page.gap?.reason !== "epoch" && isChanged(page)),
    "findChanged() names logs at positions that are not the newest one",
  ],
  [
    "finds one changed log of many",
    (store) => ({ findChanged: async (positions) => (await findChangedOf(store)(positions)).slice(0, 1) }),
    "findChanged() names the changed ones of 100 logs",
  ],
  [
    "finds logs that it was not asked for",
    (store) => ({ findChanged: async (positions) => [...(await findChangedOf(store)(positions)), "others"] }),
    "findChanged() leaves out logs without anything new",
  ],
  ["finds changes after close()", () => ({ findChanged: async () => [] }), "findChanged() rejects after close()"],
]

describe("storeContract()", () => {
  test.each(BROKEN)("storeContract() fails a store that %s", async (_, broken, rule) => {
    const [meant, ...others] = contractOf(broken).filter(({ name }) => name.startsWith(`broken: ${rule}`))
    expect(others.length).toBeLessThan(3)
    await expect(meant!.run()).rejects.toThrow(/^Store contract: /)
  })

  test("storeContract() fails a store that loses, doubles or mixes events in its random interleavings", async () => {
    const random = (broken: Breakage) => contractOf(broken).find(({ name }) => name.includes("1,000 random"))!
    const lossy = random(withPages((page) => ({ ...page, events: page.events.slice(0, 2) })))
    await expect(lossy.run()).rejects.toThrow(/^Store contract: /)
    const doubled = random(withPages((page) => ({ ...page, events: page.events.flatMap((event) => [event, event]) })))
    await expect(doubled.run()).rejects.toThrow(/^Store contract: /)
  })

  test("storeContract() passes a store that reports without news, twice and too much", async () => {
    const cases = contractOf((store) => ({
      watch(log, onNews) {
        onNews(undefined)
        const watch = store.watch(log, () => {
          onNews(undefined)
          onNews(undefined)
        })
        return watch
      },
    }))
    for (const { run } of cases.filter(({ name }) => /watch|reader/.test(name) && !name.includes("after stop"))) {
      await expect(run()).resolves.toBe(undefined)
    }
  })

  test("storeContract() passes a store that finds changed logs, and one that does not", async () => {
    for (const broken of [withNamed(isChanged), () => ({})]) {
      const cases = contractOf(broken).filter(({ name }) => name.includes("findChanged()"))
      expect(cases.length).toBe(8)
      for (const { run } of cases) await expect(run()).resolves.toBe(undefined)
    }
  })

  test("storeContract() closes the store of each case, also of one that fails", async () => {
    const closed: string[] = []
    const cases = storeContract("s", () => {
      const store = memoryStore()
      return {
        store: {
          ...store,
          read: () => Promise.reject(new Error("x")),
          append: store.append.bind(store),
          close: async () => void closed.push("store"),
        },
        close: async () => void closed.push("end"),
      }
    })
    await expect(cases[0]!.run()).rejects.toThrow("x")
    expect(closed).toEqual(["store", "store", "end"])
    expect(() => storeContract("s", undefined as never)).toThrow(TypeError)
  })
})
