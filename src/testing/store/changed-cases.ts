/* The cases of the store contract about findChanged(), which a store may leave out. */
import type { Cursor, EventStore } from "../../server/index.ts"
import { check, checkEqual, cursorAfter, eventsOf, type StoreCases, type StoreSubject } from "./store-subject.ts"

const LEASE = { ttl: 60_000, lease: 30_000 }

export const changedCases: StoreCases = {
  "findChanged() leaves out logs without anything new": withFindChanged(async ({ store, other }, findChanged) => {
    const positions = await positionsIn(store, ["a", "b", "c"])
    await other.append("d", eventsOf("x", 3))
    await other.append("b", [])
    checkEqual(await findChanged(positions), [], "the changed logs")
    checkEqual(await findChanged(new Map()), [], "the changed ones of no logs")
  }),

  "findChanged() names logs with new events, also those of another handle": withFindChanged(
    async ({ store, other }, findChanged) => {
      const positions = await positionsIn(store, ["a", "b", "c"])
      const before = new Map([...positions, ["new", (await store.read("new", "end")).next]])
      await store.append("a", eventsOf("y", 1))
      await other.append("c", eventsOf("y", 2))
      await other.append("new", eventsOf("y", 1))
      checkEqual(await findChanged(before), ["a", "c", "new"], "the changed logs")
      for (const log of ["a", "c"]) positions.set(log, (await store.read(log, "end")).next)
      await other.append("c", eventsOf("z", 1))
      checkEqual(await findChanged(positions), ["c"], "the logs that changed again")
    },
  ),

  "findChanged() names logs after claim(), cancel() and an end": withFindChanged(
    async ({ store, other }, findChanged) => {
      const positions = await positionsIn(store, ["cancelled", "done", "fenced", "open", "running"])
      const rest = ["cancelled", "done", "fenced", "running"]
      await other.append("done", [], { end: { status: "done" } })
      for (const log of ["cancelled", "fenced", "running"]) await other.claim(log, LEASE)
      await other.claim("fenced", { ...LEASE, takeOver: true })
      await other.cancel("cancelled")
      for (const round of ["first", "second"]) checkEqual(await findChanged(positions), rest, `the ${round} call`)
    },
  ),

  "findChanged() names a log whose lease ran out": withFindChanged(async ({ store, other, wait }, findChanged) => {
    const positions = await positionsIn(store, ["a", "b"])
    await other.claim("a", { ttl: 60_000, lease: 200 })
    await wait(400)
    checkEqual(await findChanged(positions), ["a"], "the changed logs")
  }),

  "findChanged() names logs that were dropped": withFindChanged(async ({ store, other }, findChanged) => {
    const positions = await positionsIn(store, ["again", "dropped", "other"])
    await other.drop("dropped")
    await other.drop("again")
    await other.append("again", eventsOf("y", 3))
    checkEqual(await findChanged(positions), ["again", "dropped"], "the changed logs")
  }),

  "findChanged() names logs at positions that are not the newest one": withFindChanged(
    async ({ store }, findChanged) => {
      const positions = await positionsIn(store, ["a", "b"])
      const [newest, another] = [positions.get("a")!, positions.get("b")!]
      const wrong = [cursorAfter(newest, -1), cursorAfter(newest, 1), `zz_9-${newest.split("-")[1]}`, another]
      for (const position of [...wrong, "", "start", "0", `${newest} `, "é-3", "x".repeat(10_000)]) {
        const shown = JSON.stringify(position.slice(0, 40))
        checkEqual(await findChanged(new Map([["a", position]])), ["a"], `the changed logs at ${shown}`)
        checkEqual(await findChanged(new Map([["none", position]])), ["none"], `a log that does not exist, at ${shown}`)
      }
    },
  ),

  "findChanged() names the changed ones of 100 logs of any name": withFindChanged(async ({ store }, findChanged) => {
    const unusual = ["", "__proto__", "constructor", "a b", "{a}", "%7Ba%7D", "a\n", "é", "😀", "x".repeat(5_000)]
    const names = [...unusual, ...Array.from({ length: 90 }, (_, at) => `${at}`)]
    const positions = await positionsIn(store, names)
    checkEqual(await findChanged(positions), [], "the changed logs before an append")
    const appended = names.filter((_, at) => at % 7 === 3)
    for (const name of appended) await store.append(name, eventsOf("y", 1))
    checkEqual(await findChanged(positions), appended, "the changed logs")
  }),

  "findChanged() rejects after close()": withFindChanged(async ({ store }) => {
    const positions = await positionsIn(store, ["a"])
    await store.close()
    const call = async () => store.findChanged!(positions)
    const isRejected = await call().then(
      () => false,
      () => true,
    )
    check(isRejected, "findChanged() must reject after close()")
  }),
}

/** Returns the changed logs in the order of their positions. */
type FindChanged = (positions: ReadonlyMap<string, Cursor>) => Promise<string[]>

/** Makes a case of which a store without the method has nothing to pass. */
function withFindChanged(run: (subject: StoreSubject, findChanged: FindChanged) => Promise<void>) {
  return async (subject: StoreSubject): Promise<void> => {
    const { store } = subject
    if (store.findChanged === undefined) return
    await run(subject, async (positions) => {
      const changed = await store.findChanged!(positions)
      check(
        changed.every((name) => positions.has(name)),
        "findChanged() must name only logs that it was asked for",
      )
      return [...positions.keys()].filter((name) => changed.includes(name))
    })
  }
}

/** Appends three events to each log, and returns the position after them. */
async function positionsIn(store: EventStore, names: readonly string[]): Promise<Map<string, Cursor>> {
  const positions = new Map<string, Cursor>()
  for (const name of names) {
    const { cursors } = await store.append(name, eventsOf("x", 3))
    positions.set(name, cursors[2]!)
  }
  return positions
}
