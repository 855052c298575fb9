import * as fc from "fast-check"
import { type EventStore, memoryStore, SseStoreError, type StoreNews } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { afterEach, describe, expect, test, vi } from "vitest"

const events = (count: number, text = "x") => Array.from({ length: count }, () => ({ text }))
const sizeOf = async (store: EventStore, log: string) =>
  (await store.read(log, "start", { maxEvents: Infinity, maxBytes: Infinity })).events.length
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "stored",
    (error: unknown) => (error instanceof SseStoreError ? error.code : error),
  )

afterEach(() => {
  vi.restoreAllMocks()
})

describe("memoryStore() options", () => {
  test.each([
    [{ retention: { events: 0 } }, RangeError, "retention.events"],
    [{ retention: { age: Number.NaN } }, RangeError, "retention.age"],
    [{ retention: 5 }, TypeError, "retention"],
    [{ maxBytes: 0 }, RangeError, "maxBytes"],
    [{ clock: {} }, TypeError, "clock"],
    [{ maxByte: 9 }, TypeError, "maxByte"],
  ])("memoryStore() refuses %j", (options, kind, name) => {
    expect(() => memoryStore(options as never)).toThrow(kind)
    expect(() => memoryStore(options as never)).toThrow(name)
  })

  test("memoryStore() refuses wrong arguments of its methods and stores nothing", async () => {
    const store = memoryStore()
    const calls = [
      store.append(5 as never, events(1)),
      store.append("a", undefined as never),
      store.append("a", [{ text: "x" }, {}] as never),
      store.read("a", undefined as never),
      store.read("a", "start", { maxEvents: 0 }),
      store.claim("a", { ttl: 0, lease: 1 }),
      store.claim("a", { ttl: 1, lease: Number.NaN }),
    ]
    for (const call of calls)
      expect([TypeError, RangeError]).toContain(((await call.catch((e: unknown) => e)) as Error).constructor)
    expect(() => store.watch("a", 5 as never)).toThrow(TypeError)
    expect(await codeOf(store.append("a", [], { mustExist: true }))).toBe("ended")
  })

  test("memoryStore() has an epoch of its own, and draws it at the first use", async () => {
    const random = vi.fn(Math.random)
    const stores = [1, 2].map(() => memoryStore({ clock: new ManualClock({ random }) }))
    expect(random).not.toHaveBeenCalled()
    const [one, two] = await Promise.all(stores.map(async (store) => (await store.append("a", events(3))).cursors[1]!))
    expect(one).not.toBe(two)
    expect((await stores[0]!.read("a", two!)).gap?.reason).toBe("epoch")
  })
})

describe("memoryStore() memory", () => {
  const LOG = 640 + 2
  const EVENT = 192

  test("memoryStore() frees the least recently written logs first", async () => {
    const store = memoryStore({ maxBytes: 3 * (LOG + 10 * (EVENT + 100)) })
    for (const log of ["a", "b", "c"]) await store.append(log, events(10, "x".repeat(100)))
    await store.append("a", [])
    await store.read("b", "start")
    await store.append("d", events(1))
    expect(await Promise.all(["a", "b", "c", "d"].map((log) => sizeOf(store, log)))).toEqual([10, 0, 10, 1])
  })

  test("memoryStore() counts bytes of UTF-8", async () => {
    const text = "aé€😀\ud800"
    const store = memoryStore({ retention: { bytes: 13 * 4 } })
    await store.append("a", events(10, text))
    expect([new TextEncoder().encode(text).length, await sizeOf(store, "a")]).toEqual([13, 4])
  })

  test("memoryStore() rejects what can never fit and stores none of it", async () => {
    const store = memoryStore({ maxBytes: 100_000 })
    await store.append("a", events(1))
    expect(await codeOf(store.append("b", events(2, "x".repeat(50_000))))).toBe("limit")
    expect([await sizeOf(store, "a"), await sizeOf(store, "b")]).toEqual([1, 0])
  })

  test("memoryStore() trims a log that alone exceeds the memory", async () => {
    const store = memoryStore({ maxBytes: LOG + 5 * (EVENT + 1) })
    for (let at = 0; at < 20; at++) await store.append("a", events(1))
    expect(await sizeOf(store, "a")).toBe(5)
  })

  test("memoryStore() never frees a running log, but one that was lost", async () => {
    const clock = new ManualClock()
    const store = memoryStore({ maxBytes: 100_000, clock })
    const { lease } = await store.claim("a", { ttl: 60_000, lease: 1_000 })
    await store.append("a", events(10, "x".repeat(8_000)), { lease })
    expect(await codeOf(store.append("b", events(1, "x".repeat(30_000))))).toBe("limit")
    expect(await codeOf(store.append("a", events(1, "x".repeat(30_000)), { lease }))).toBe("limit")
    expect(await sizeOf(store, "a")).toBe(10)
    await clock.advance(1_000)
    expect(await codeOf(store.append("b", events(1, "x".repeat(30_000))))).toBe("stored")
    expect([await sizeOf(store, "a"), await sizeOf(store, "b")]).toEqual([0, 1])
  })

  test("memoryStore() keeps its memory below the limit for any appends", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(5), fc.nat(400), fc.integer({ min: 1, max: 4 }))), async (appends) => {
        const store = memoryStore({ maxBytes: 8_000 })
        for (const [log, length, count] of appends) await store.append(`${log}`, events(count, "x".repeat(length)))
        let size = 0
        for (let log = 0; log <= 5; log++) {
          const page = await store.read(`${log}`, "start")
          if (page.events.length > 0) size += LOG
          for (const { text } of page.events) size += text.length + EVENT
        }
        expect(size).toBeLessThanOrEqual(8_000)
        if (appends.length > 0) expect(await sizeOf(store, `${appends.at(-1)![0]}`)).toBeGreaterThan(0)
      }),
    )
  })

  test("memoryStore() frees unused logs by appends to others, without a timer", async () => {
    const clock = new ManualClock()
    const store = memoryStore({ retention: { age: 1_000 }, clock })
    for (let at = 0; at < 100; at++) await store.append(`${at}`, [], { end: { status: "done" } })
    await clock.advance(1_000)
    expect(clock.pendingTimers).toBe(0)
    for (let at = 0; at < 60; at++) await store.append("other", events(1))
    // Time that goes back shows which logs are gone: a log that is found is only out of date.
    vi.spyOn(clock, "now").mockReturnValue(0)
    const states = await Promise.all(Array.from({ length: 100 }, (_, at) => store.read(`${at}`, "end")))
    expect(states.filter(({ state }) => state.status === "done")).toEqual([])
  })

  test("memoryStore() keeps a watched log, so that its readers see no gap", async () => {
    const clock = new ManualClock()
    const store = memoryStore({ retention: { age: 1_000 }, clock, maxBytes: 4_000 })
    const { cursors } = await store.append("a", events(3))
    const { next } = await store.read("absent", "end")
    const watches = ["a", "absent"].map((log) => store.watch(log, () => {}))
    await clock.advance(5_000)
    for (let at = 0; at < 3_000; at++) await store.append(`${at}`, events(9))
    await clock.advance(1_000)
    for (let at = 0; at < 3_000; at++) await store.append(`${at}`, events(1))
    await store.append("a", events(2))
    await store.append("absent", events(2))
    const pages = [await store.read("a", cursors[2]!), await store.read("absent", next)]
    expect(pages.map(({ gap, events: { length } }) => [gap, length])).toEqual([
      [undefined, 2],
      [undefined, 2],
    ])
    for (const { stop } of watches) stop()
  })

  /** Frees logs whose sequences are above 9, of every bucket of the floors. */
  const raiseFloors = async (store: EventStore) => {
    for (let at = 0; at < 10_000; at++) {
      await store.append(`log ${at}`, events(10))
      await store.drop(`log ${at}`)
    }
  }

  test("memoryStore() keeps the position of a log while it is watched and for its age after that", async () => {
    const clock = new ManualClock()
    const store = memoryStore({ retention: { age: 1_000 }, clock, maxBytes: 9_000 })
    const { cursors } = await store.append("a", events(3))
    const { stop } = store.watch("a", () => {})
    await store.append("big", events(1, "x".repeat(8_000)))
    await clock.advance(5_000)
    await store.append("b", events(1))
    await store.append("b", events(1))
    stop()
    await clock.advance(900)
    for (let at = 0; at < 4; at++) await store.append("b", events(1))
    await raiseFloors(store)
    expect((await store.read("a", cursors[2]!)).gap).toBe(undefined)
    await clock.advance(900)
    expect((await store.read("a", cursors[2]!)).gap).toBe(undefined)
    await clock.advance(1_000)
    expect((await store.read("a", cursors[2]!)).gap?.reason).toBe("trimmed")
  })

  test("memoryStore() empties a watched log without a gap for its readers if there is no room", async () => {
    const store = memoryStore({ maxBytes: 9_000 })
    const { cursors } = await store.append("a", events(3))
    const { stop } = store.watch("a", () => {})
    await store.append("big", events(1, "x".repeat(7_000)))
    stop()
    await raiseFloors(store)
    const pages = await Promise.all(cursors.map((cursor) => store.read("a", cursor)))
    expect(pages.map(({ gap }) => gap?.reason)).toEqual(["trimmed", "trimmed", undefined])
  })

  test("memoryStore() keeps the position of a watched log that is dropped", async () => {
    const store = memoryStore()
    const { cursors } = await store.append("a", events(3))
    store.watch("a", () => {})
    await store.drop("a")
    await raiseFloors(store)
    await store.append("a", events(2))
    const { gap, events: after } = await store.read("a", cursors[2]!)
    expect([gap, after.length]).toEqual([undefined, 2])
  })

  test("memoryStore() keeps a running log whole while others are freed", async () => {
    const store = memoryStore({ maxBytes: 20_000 })
    const { lease } = await store.claim("a", { ttl: 60_000, lease: 60_000 })
    await store.append("a", events(5), { lease })
    for (let at = 0; at < 50; at++) await store.append(`${at}`, events(1, "x".repeat(2_000)))
    expect(await sizeOf(store, "a")).toBe(5)
  })

  test("memoryStore() remembers the last append of 100 producers of a log", async () => {
    const store = memoryStore()
    const append = (producer: number) => store.append("a", [], { dedupe: { producer: `${producer}`, seq: 1 } })
    await store.append("a", events(1))
    for (let producer = 0; producer < 101; producer++) await append(producer)
    expect([await append(100), await append(1), await append(0)].map(({ duplicate }) => duplicate)).toEqual([
      true,
      true,
      false,
    ])
  })

  test("memoryStore() never uses a cursor twice, however logs come and go", async () => {
    const clock = new ManualClock()
    const store = memoryStore({ retention: { age: 1_000 }, clock, maxBytes: 3_000 })
    const used = new Set<string>()
    for (let at = 0; at < 5_000; at++) {
      const log = `${(at * 7919) % 40}`
      const { cursors } = await store.append(log, events(1 + (at % 3), `${at}`))
      for (const cursor of cursors) {
        expect(used.has(`${log} ${cursor}`)).toBe(false)
        used.add(`${log} ${cursor}`)
      }
      if (at % 50 === 0) await store.drop(`${at % 40}`)
    }
  })
})

describe("memoryStore() watchers", () => {
  test("memoryStore() reports what a watcher throws, once, and goes on", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {})
    const store = memoryStore()
    const seen: unknown[] = []
    store.watch("a", () => {
      throw new Error("mine")
    })
    store.watch("a", (news) => seen.push(news?.events.length))
    await store.append("a", events(2))
    expect(seen).toEqual([2])
    expect(report.mock.calls).toEqual([[new Error("mine")]])
  })

  test("memoryStore() reports appends of a watcher after the append that it watches, to all in order", async () => {
    const store = memoryStore()
    const seen: string[][] = [[], []]
    store.watch("a", (news) => {
      seen[0]!.push(news!.events[0]!.text)
      if (news!.events[0]!.text === "one") void store.append("a", [{ text: "two" }])
    })
    store.watch("a", (news) => seen[1]!.push(news!.events[0]!.text))
    await store.append("a", [{ text: "one" }])
    expect(seen).toEqual([
      ["one", "two"],
      ["one", "two"],
    ])
  })

  test("memoryStore() does not call a watcher that another one stops, and not one that is added meanwhile", async () => {
    const store = memoryStore()
    const late = vi.fn()
    const stopped = vi.fn()
    store.watch("a", () => {
      second.stop()
      store.watch("a", late)
    })
    const second = store.watch("a", stopped)
    await store.append("a", events(1))
    expect([stopped.mock.calls.length, late.mock.calls.length]).toEqual([0, 0])
    await store.append("a", events(1))
    expect([stopped.mock.calls.length, late.mock.calls.length]).toEqual([0, 1])
  })

  test("memoryStore() reports an end, a cancel and a loss once, with the position before them", async () => {
    const clock = new ManualClock()
    const store = memoryStore({ clock })
    const news: (StoreNews | undefined)[] = []
    const ends = []
    for (const log of ["done", "cancelled", "lost"]) {
      const { lease } = await store.claim(log, { ttl: 9_000, lease: 1_000 })
      store.watch(log, (one) => news.push(one))
      if (log === "done") await store.append(log, [], { lease, end: { status: "done" } })
      if (log === "cancelled") await store.cancel(log)
      ends.push(log)
    }
    await clock.advance(1_000)
    for (const log of ["done", "cancelled", "lost", "lost"]) await store.read(log, "end")
    expect(news.map((one) => [one?.end?.status, one?.events.length, one?.cancel])).toEqual([
      ["done", 0, undefined],
      ["cancelled", 0, ""],
      ["lost", 0, undefined],
    ])
  })

  test("memoryStore() allows close() and drop() in a watcher", async () => {
    const store = memoryStore()
    const seen = vi.fn()
    store.watch("a", () => void store.drop("a"))
    store.watch("a", () => void store.close())
    store.watch("a", seen)
    await store.append("a", events(1))
    expect(seen).not.toHaveBeenCalled()
    const refused = await store.append("a", events(1)).catch((error: unknown) => error)
    expect([(refused as SseStoreError).code, (refused as SseStoreError).retryable]).toEqual([
      "store-unavailable",
      false,
    ])
  })
})
