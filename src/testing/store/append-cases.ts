/* The cases of the store contract about append(). */
import {
  check,
  checkConsecutive,
  checkEqual,
  checkRejects,
  eventsOf,
  readAll,
  type StoreCases,
  type StoreSubject,
  sequenceOf,
  textsOf,
} from "./store-subject.ts"

export const appendCases: StoreCases = {
  "append() returns consecutive cursors, on every handle": async ({ store, other }) => {
    const { cursors, duplicate } = await store.append("a", eventsOf("x", 2))
    checkEqual(duplicate, false, "duplicate of a first append")
    const later = await other.append("a", eventsOf("x", 3, 2))
    const { events } = await readAll(store, "a", "start")
    checkEqual(
      [...cursors, ...later.cursors],
      events.map(({ cursor }) => cursor),
      "the cursors of append()",
    )
    checkEqual(textsOf(events), textsOf(eventsOf("x", 5)), "the texts in order")
    check(
      events.every(({ time }) => Number.isFinite(time)),
      "the time of an event must be a number",
    )
  },

  "append() stores a batch whole and together, among others at the same time": async ({ store, other }) => {
    const labels = Array.from({ length: 20 }, (_, batch) => `${batch}/`)
    await Promise.all(labels.map((label, at) => (at % 2 ? store : other).append("a", eventsOf(label, 5))))
    const { events } = await readAll(store, "a", "start")
    checkEqual(events.length, 100, "the number of events")
    for (let at = 0; at < 100; at += 5) {
      const label = /: (\d+\/)/.exec(events[at]!.text)?.[1] ?? ""
      checkEqual(textsOf(events.slice(at, at + 5)), textsOf(eventsOf(label, 5)), "the events of one batch")
    }
  },

  "append() keeps every text unchanged": async ({ store }) => {
    const texts = [
      "",
      "\n",
      "data: \u0000\r\n\r\n",
      "data: 😀é€\n\n",
      "__proto__",
      " ",
      "id: 5\ndata\n\n",
      "x".repeat(70_000),
    ]
    await store.append(
      "a",
      texts.map((text) => ({ text })),
    )
    checkEqual(textsOf((await readAll(store, "a", "start")).events), texts, "the texts")
  },

  "append() of nothing creates no log": async ({ store }) => {
    checkEqual(await store.append("a", []), { cursors: [], duplicate: false }, "the answer of an empty append")
    await checkRejects(
      store.append("a", eventsOf("x", 1), { mustExist: true }),
      ["ended"],
      "mustExist after an empty append",
    )
  },

  "append() with mustExist needs a log": async ({ store }) => {
    await checkRejects(store.append("a", eventsOf("x", 1), { mustExist: true }), ["ended"], "mustExist without a log")
    checkEqual((await readAll(store, "a", "start")).events, [], "the events of a refused append")
    await store.append("a", eventsOf("x", 1))
    await store.append("a", eventsOf("x", 1, 1), { mustExist: true })
    checkEqual((await readAll(store, "a", "start")).events.length, 2, "the number of events")
  },

  "append() with an aborted signal rejects with its reason and stores nothing": async ({ store }) => {
    const reason = new Error("the reason")
    const error: unknown = await store
      .append("a", eventsOf("x", 1), { signal: AbortSignal.abort(reason) })
      .catch((thrown: unknown) => thrown)
    check(error === reason, "an aborted append must reject with the reason of its signal")
    checkEqual((await readAll(store, "a", "start")).events, [], "the events of an aborted append")
  },

  "append() ends a log in the same step": async ({ store, other }) => {
    await store.append("a", eventsOf("x", 1))
    await store.append("a", eventsOf("x", 1, 1), { end: { status: "failed", detail: "why" } })
    const { events, state } = await readAll(other, "a", "start")
    checkEqual([events.length, state.status, state.detail], [2, "failed", "why"], "the events and the end")
    await other.append("b", [], { end: { status: "done" } })
    checkEqual((await store.read("b", "start")).state.status, "done", "the end of an empty log")
  },

  "append() to an ended log rejects and stores nothing": async ({ store, other }) => {
    await store.append("a", eventsOf("x", 1), { end: { status: "done" } })
    await checkRejects(other.append("a", eventsOf("y", 1)), ["ended"], "append() after the end")
    await checkRejects(other.append("a", [], { end: { status: "failed" } }), ["ended"], "a second end")
    const { events, state } = await readAll(store, "a", "start")
    checkEqual([textsOf(events), state.status], [textsOf(eventsOf("x", 1)), "done"], "the ended log")
  },

  "append() with dedupe stores a repeated append once": storesOnce,

  "append() with dedupe answers a repeated append also after the end": async ({ store, other }) => {
    const options = { dedupe: { producer: "p", seq: 1 }, end: { status: "done" } } as const
    const { cursors } = await store.append("a", eventsOf("x", 2), options)
    checkEqual(await other.append("a", eventsOf("x", 2), options), { cursors, duplicate: true }, "the repeated append")
  },

  "append() with dedupe stores appends that are repeated at the same time once": async ({ store, other }) => {
    const calls = Array.from({ length: 10 }, (_, at) =>
      (at % 2 ? store : other).append("a", eventsOf("x", 3), { dedupe: { producer: "p", seq: 7 } }),
    )
    const answers = await Promise.all(calls)
    checkEqual(
      answers.filter(({ duplicate }) => !duplicate).length,
      1,
      "the number of appends that are not a duplicate",
    )
    checkEqual(new Set(answers.map(({ cursors }) => cursors.join())).size, 1, "the number of different answers")
    checkEqual((await readAll(store, "a", "start")).events.length, 3, "the number of events")
  },

  "drop() removes a log, and its cursors are never used again": async ({ store, other }) => {
    const before = await store.append("a", eventsOf("x", 3))
    await other.drop("a")
    await other.drop("a")
    checkEqual((await readAll(store, "a", "start")).events, [], "the events of a dropped log")
    const after = await store.append("a", eventsOf("y", 4))
    check(!after.cursors.some((cursor) => before.cursors.includes(cursor)), "a cursor must not be used twice")
    const behind = await readAll(store, "a", before.cursors[1]!)
    check(behind.gap !== undefined, "a cursor before events that were dropped must be a gap")
    for (const page of [behind, await readAll(other, "a", before.cursors[2]!)]) {
      checkEqual(textsOf(page.events), textsOf(eventsOf("y", 4)), "the events after the drop")
    }
  },

  "logs of unusual names are logs of their own": async ({ store }) => {
    const names = [
      "",
      "__proto__",
      "constructor",
      "a b",
      "{a}",
      "%7Ba%7D",
      "a\n",
      "é",
      "😀",
      "x".repeat(5_000),
      `${"x".repeat(4_999)}y`,
    ]
    for (const [at, name] of names.entries()) await store.append(name, eventsOf(`${at}/`, 2))
    for (const [at, name] of names.entries()) {
      const { events } = await readAll(store, name, "start")
      checkEqual(textsOf(events), textsOf(eventsOf(`${at}/`, 2)), `the log ${JSON.stringify(name.slice(0, 20))}`)
    }
  },

  "close() makes every later call reject": async ({ store }) => {
    await store.append("a", eventsOf("x", 1))
    await store.close()
    await store.close()
    const calls = [
      store.append("a", eventsOf("x", 1)),
      store.read("a", "start"),
      store.watch("a", () => {}).ready,
      store.claim("b", { ttl: 1_000, lease: 1_000 }),
      store.cancel("a"),
      store.drop("a"),
    ]
    for (const call of calls) {
      const error = await checkRejects(call, ["store-unavailable"], "a call after close()")
      checkEqual(error.retryable, false, "retryable after close()")
    }
  },
}

async function storesOnce({ store, other }: StoreSubject): Promise<void> {
  const first = await store.append("a", eventsOf("x", 2), { dedupe: { producer: "p", seq: 5 } })
  checkEqual(first.duplicate, false, "duplicate of a first append")
  const again = await other.append("a", eventsOf("x", 2), { dedupe: { producer: "p", seq: 5 } })
  checkEqual(again, { cursors: first.cursors, duplicate: true }, "the answer to a repeated append")
  const older = await store.append("a", eventsOf("x", 2), { dedupe: { producer: "p", seq: 4 } })
  checkEqual(older.duplicate, true, "duplicate of an append before the last one")
  const next = await store.append("a", eventsOf("y", 1), { dedupe: { producer: "p", seq: 6 } })
  const theirs = await store.append("a", eventsOf("z", 1), { dedupe: { producer: "q", seq: 1 } })
  const elsewhere = await store.append("b", eventsOf("w", 1), { dedupe: { producer: "p", seq: 1 } })
  checkEqual(
    [next, theirs, elsewhere].map(({ duplicate }) => duplicate),
    [false, false, false],
    "duplicate of others",
  )
  checkConsecutive(first.cursors[1]!, (await readAll(store, "a", first.cursors[1]!)).events, "the events after it")
  checkEqual((await readAll(store, "a", "start")).events.length, 4, "the number of events")
  check(sequenceOf(next.cursors[0]!) === sequenceOf(first.cursors[1]!) + 1, "a duplicate must not use a sequence")
}
