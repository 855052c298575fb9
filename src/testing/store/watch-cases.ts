/* The cases of the store contract about watch(). */
import type { StoreNews } from "../../server/index.ts"
import { LogFollower } from "./log-follower.ts"
import {
  check,
  checkConsecutive,
  checkEqual,
  eventsOf,
  readAll,
  type StoreCases,
  type StoreSubject,
  textsOf,
} from "./store-subject.ts"

export const watchCases: StoreCases = {
  "watch() reports appends of every handle, also to a log that does not exist": async (subject) => {
    const { store, other } = subject
    const followers = [new LogFollower(store, "a", "start"), new LogFollower(other, "a", "start")]
    for (const follower of followers) await follower.settled()
    for (const appended of [store, other]) {
      const calls = followers.map((follower) => follower.calls)
      const count = followers[0]!.events.length
      await appended.append("a", eventsOf("x", 2, count))
      for (const [at, follower] of followers.entries()) await reported(subject, () => follower.calls > calls[at]!)
      for (const follower of followers) await follower.settled()
      for (const { events } of followers)
        checkEqual(textsOf(events), textsOf(eventsOf("x", count + 2)), "the events of a watcher")
    }
    for (const follower of followers) follower.stop()
  },

  "watch() reports news that is true": async (subject) => {
    const { store, other } = subject
    const follower = new LogFollower(store, "a", "start")
    await follower.settled()
    for (let at = 0; at < 30; at += 3) await (at % 2 ? store : other).append("a", eventsOf("x", 3, at))
    await other.append("a", [], { end: { status: "done", detail: "why" } })
    await reported(subject, () => follower.calls > 0)
    await follower.settled()
    const { events } = await readAll(store, "a", "start")
    const stored = new Map(events.map((event) => [event.cursor, event.text]))
    for (const news of follower.news) checkNews(news, stored)
    checkEqual(textsOf(follower.events), textsOf(events), "the events of a watcher")
    follower.stop()
  },

  "watch() reports ends, cancels and drops": async (subject) => {
    const { store, other } = subject
    const changes: Record<string, () => Promise<unknown>> = {
      ended: () => other.append("ended", [], { end: { status: "done" } }),
      cancelled: () => other.cancel("cancelled", "the reason"),
      dropped: () => other.drop("dropped"),
    }
    await store.append("ended", eventsOf("x", 1))
    await store.append("dropped", eventsOf("x", 1))
    await store.claim("cancelled", { ttl: 60_000, lease: 30_000 })
    for (const [log, change] of Object.entries(changes)) {
      const follower = new LogFollower(store, log, "start")
      await follower.settled()
      const { calls } = follower
      await change()
      await reported(subject, () => follower.calls > calls)
      for (const { cancel, end } of follower.news) {
        if (cancel !== undefined) checkEqual([cancel, end?.status], ["the reason", "cancelled"], "the news of a cancel")
      }
      follower.stop()
    }
  },

  "watch() reports nothing after stop()": async ({ store, other, wait }) => {
    const follower = new LogFollower(store, "a", "start")
    const second = new LogFollower(store, "a", "start")
    await follower.settled()
    await second.settled()
    follower.stop()
    follower.stop()
    const { calls } = follower
    await other.append("a", eventsOf("x", 1))
    await reported({ wait }, () => second.calls > 0)
    await wait(50)
    checkEqual(follower.calls, calls, "the number of reports after stop()")
    second.stop()
  },

  "watch() and then read() misses nothing that is appended meanwhile": async (subject) => {
    const { store, other } = subject
    for (let round = 0; round < 20; round++) {
      const appends = Array.from({ length: 5 }, (_, at) =>
        (at % 2 ? store : other).append(`${round}`, eventsOf(`${at}/`, 2)),
      )
      const follower = new LogFollower(round % 2 ? store : other, `${round}`, "start")
      await Promise.all([...appends, follower.settled()])
      await reported(subject, () => follower.events.length === 10)
      const { events } = await readAll(store, `${round}`, "start")
      checkEqual(textsOf(follower.events), textsOf(events), "the events of a watcher")
      follower.stop()
    }
  },
}

/** Waits until a report has arrived, at most 2 s. */
async function reported({ wait }: Pick<StoreSubject, "wait">, isReported: () => boolean): Promise<void> {
  for (let waited = 0; !isReported() && waited < 2_000; waited += 10) await wait(10)
  check(isReported(), "a watcher must be called within 2 s after a change")
}

function checkNews({ after, events, end }: StoreNews, stored: ReadonlyMap<string, string>): void {
  checkConsecutive(after, events, "the events of news")
  const texts = events.map(({ cursor }) => stored.get(cursor))
  checkEqual(textsOf(events), texts, "the texts of news")
  if (end !== undefined) checkEqual([end.status, end.detail], ["done", "why"], "the end of news")
}
