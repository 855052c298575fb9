/* The cases of the store contract about logs with a producer: claim(), leases, cancel() and ends. */
import type { EventStore, StoreClaim } from "../../server/index.ts"
import {
  check,
  checkEqual,
  checkRejects,
  eventsOf,
  readAll,
  type StoreCases,
  textsOf,
  withRetention,
} from "./store-subject.ts"

const LONG = { ttl: 60_000, lease: 30_000 }
/** A lease that a case waits for, in milliseconds; half of it passes safely. */
const SHORT = { ttl: 60_000, lease: 600 }

export const leaseCases: StoreCases = {
  "claim() makes one producer, whose lease every append needs": async ({ store, other }) => {
    const claim = await store.claim("a", LONG)
    const lease = leaseOf(claim)
    const second = await other.claim("a", LONG)
    checkEqual(second.lease, undefined, "the lease of a second claim")
    check(second.lease === undefined && second.state.status === "running", "a second claim must return the state")
    await checkRejects(other.append("a", eventsOf("y", 1)), ["fenced"], "an append without the lease")
    await checkRejects(
      other.append("a", eventsOf("y", 1), { lease: `${lease}x` }),
      ["fenced"],
      "an append with another lease",
    )
    await checkRejects(
      store.append("b", eventsOf("y", 1), { lease }),
      ["fenced"],
      "an append with the lease of another log",
    )
    await other.append("a", eventsOf("x", 2), { lease })
    await store.append("a", eventsOf("x", 1, 2), { lease, end: { status: "done" } })
    const { events, state } = await readAll(other, "a", claim.lease === undefined ? "" : claim.position)
    checkEqual([textsOf(events), state.status], [textsOf(eventsOf("x", 3)), "done"], "the log of the producer")
    await checkRejects(store.append("a", eventsOf("y", 1), { lease }), ["ended"], "an append after the end")
    const late = await other.claim("a", LONG)
    check(late.lease === undefined && late.state.status === "done", "a claim of an ended log must return its state")
  },

  "claim() at the same time returns one lease": async ({ store, other }) => {
    const claims = await Promise.all(Array.from({ length: 10 }, (_, at) => (at % 2 ? store : other).claim("a", LONG)))
    checkEqual(claims.filter(({ lease }) => lease !== undefined).length, 1, "the number of leases")
  },

  "append() renews the lease, also without events": async ({ store, other, wait }) => {
    const lease = leaseOf(await store.claim("a", SHORT))
    for (let round = 0; round < 3; round++) {
      await wait(SHORT.lease / 2)
      await store.append("a", round === 0 ? eventsOf("x", 1) : [], { lease })
    }
    checkEqual((await other.read("a", "end")).state.status, "running", "the status of a log with a renewed lease")
  },

  "read() returns the time that is left of a lease": async ({ store, other, wait }) => {
    const lease = leaseOf(await store.claim("a", LONG))
    await wait(200)
    const before = await leaseLeft(other, "a")
    check(before > 0 && before <= LONG.lease - 100, `"leaseLeft" must count down, it is ${before}`)
    await store.append("a", [], { lease })
    const after = await leaseLeft(other, "a")
    check(after > before && after <= LONG.lease, `"leaseLeft" must begin anew with an append, it is ${after}`)
    await store.append("a", [], { lease, end: { status: "done" } })
    const states = [(await other.read("a", "end")).state, (await other.read("b", "end")).state]
    checkEqual(
      states.map((state) => state.leaseLeft ?? null),
      [null, null],
      '"leaseLeft" of logs that do not run',
    )
  },

  "a log whose lease ran out is lost": async ({ store, other, wait }) => {
    const lease = leaseOf(await store.claim("a", SHORT))
    await store.append("a", eventsOf("x", 2), { lease })
    await wait(SHORT.lease * 1.5)
    checkEqual(await other.cancel("a"), false, "cancel() of a lost log")
    const { events, state } = await readAll(other, "a", "start")
    checkEqual([events.length, state.status], [2, "lost"], "the events and the status of a lost log")
    await checkRejects(store.append("a", eventsOf("y", 1), { lease }), ["ended", "fenced"], "an append after the lease")
    const claim = await store.claim("a", SHORT)
    check(claim.lease === undefined && claim.state.status === "lost", "a claim of a lost log must return its state")
    checkEqual((await readAll(store, "a", "start")).events.length, 2, "the number of events of a lost log")
  },

  "a producer whose lease ran out changes nothing": async ({ store, wait }) => {
    const lease = leaseOf(await store.claim("a", SHORT))
    await wait(SHORT.lease * 1.5)
    const late = store.append("a", eventsOf("y", 1), { lease, end: { status: "done" } })
    await checkRejects(late, ["ended", "fenced"], "the first append after the lease")
    const { events, state } = await store.read("a", "start")
    checkEqual([events, state.status], [[], "lost"], "the log after a late append")
  },

  "claim() with takeOver fences the earlier producer": async ({ store, other }) => {
    const old = leaseOf(await store.claim("a", LONG))
    const { cursors } = await store.append("a", eventsOf("x", 2), { lease: old })
    const claim = await other.claim("a", { ...LONG, takeOver: true })
    const lease = leaseOf(claim)
    checkEqual(claim, { lease, position: cursors[1] }, "the position of the new producer")
    check(lease !== old, "a lease must not be used twice")
    await checkRejects(
      store.append("a", eventsOf("y", 1), { lease: old }),
      ["fenced"],
      "an append of the fenced producer",
    )
    const end = store.append("a", [], { lease: old, end: { status: "failed" } })
    await checkRejects(end, ["fenced"], "an end of the fenced producer")
    await other.append("a", eventsOf("x", 1, 2), { lease, end: { status: "done" } })
    const { events, state } = await readAll(store, "a", "start")
    checkEqual([textsOf(events), state.status], [textsOf(eventsOf("x", 3)), "done"], "the log of both producers")
  },

  "claim() with takeOver reopens a log that has ended": async ({ store, other }) => {
    await store.append("a", eventsOf("x", 1), {
      lease: leaseOf(await store.claim("a", LONG)),
      end: { status: "failed" },
    })
    const lease = leaseOf(await other.claim("a", { ...LONG, takeOver: true }))
    checkEqual((await store.read("a", "end")).state.status, "running", "the status of a reopened log")
    await other.append("a", eventsOf("x", 1, 1), { lease, end: { status: "done" } })
    checkEqual((await store.read("a", "start")).events.length, 2, "the number of events")
  },

  "cancel() ends a running log from every handle": async ({ store, other }) => {
    const lease = leaseOf(await store.claim("a", LONG))
    await store.append("a", eventsOf("x", 2), { lease })
    checkEqual(await other.cancel("a", "the reason"), true, "cancel() of a running log")
    checkEqual([await other.cancel("a"), await store.cancel("a")], [false, false], "cancel() of a cancelled log")
    const { events, state } = await readAll(store, "a", "start")
    checkEqual([events.length, state.status, state.detail], [2, "cancelled", "the reason"], "the cancelled log")
    await checkRejects(store.append("a", eventsOf("y", 1), { lease }), ["ended", "fenced"], "an append after cancel()")
  },

  "cancel() of a log that is not running changes nothing": async ({ store }) => {
    await store.append("open", eventsOf("x", 1))
    await store.append("done", eventsOf("x", 1), { end: { status: "done" } })
    const answers = [await store.cancel("none"), await store.cancel("open"), await store.cancel("done")]
    checkEqual(answers, [false, false, false], "cancel() of logs that are not running")
    const states = [await store.read("none", "end"), await store.read("open", "end"), await store.read("done", "end")]
    checkEqual(
      states.map(({ state }) => state.status),
      ["open", "open", "done"],
      "their states",
    )
    await checkRejects(store.append("none", [], { mustExist: true }), ["ended"], "mustExist after cancel()")
  },

  "cancel() and an end at the same time store one of them": async ({ store, other }) => {
    for (let round = 0; round < 20; round++) {
      const lease = leaseOf(await store.claim(`${round}`, LONG))
      const end = () =>
        store.append(`${round}`, eventsOf("x", 1), { lease, end: { status: "done" } }).then(
          () => true,
          () => false,
        )
      const cancel = () => other.cancel(`${round}`)
      const cancelled = round % 2 ? undefined : cancel()
      const isDone = await end()
      const isCancelled = await (cancelled ?? cancel())
      check(isDone !== isCancelled, "exactly one of an end and a cancel must succeed")
      const { events, state } = await store.read(`${round}`, "start")
      checkEqual([state.status, events.length], isDone ? ["done", 1] : ["cancelled", 0], "the end that was stored")
    }
  },

  "a log with a lease is not trimmed": withRetention({ events: 5, bytes: 100, age: 300 }, async ({ store, wait }) => {
    const lease = leaseOf(await store.claim("a", LONG))
    for (let at = 0; at < 300; at += 30) await store.append("a", eventsOf("x", 30, at), { lease })
    await wait(500)
    await store.append("a", [], { lease, end: { status: "done" } })
    checkEqual((await readAll(store, "a", "start")).events.length, 300, "the number of events of a log with a lease")
  }),

  "a log with a lease is dropped after its ttl": async ({ store, other, wait }) => {
    const lease = leaseOf(await store.claim("a", { ttl: 1_000, lease: 900 }))
    await store.append("a", eventsOf("x", 2), { lease, end: { status: "done" } })
    await wait(500)
    checkEqual((await other.read("a", "start")).events.length, 2, "the number of events before the ttl")
    await wait(700)
    const { events, state } = await other.read("a", "start")
    checkEqual([events, state.status], [[], "open"], "the log after its ttl")
    await checkRejects(store.append("a", eventsOf("y", 1), { mustExist: true }), ["ended"], "mustExist after the ttl")
  },

  "drop() fences the producer of a log": async ({ store, other }) => {
    const lease = leaseOf(await store.claim("a", LONG))
    await other.drop("a")
    await checkRejects(store.append("a", eventsOf("x", 1), { lease }), ["fenced"], "an append after drop()")
    checkEqual((await store.read("a", "end")).state.status, "open", "the status of a dropped log")
  },
}

/** The lease of a claim that must succeed. */
function leaseOf(claim: StoreClaim): string {
  check(typeof claim.lease === "string" && claim.lease !== "", "a claim of a free log must return a lease")
  return claim.lease!
}

async function leaseLeft(store: EventStore, log: string): Promise<number> {
  const { state } = await store.read(log, "end")
  check(typeof state.leaseLeft === "number", 'the state of a running log must have "leaseLeft"')
  return state.leaseLeft!
}
