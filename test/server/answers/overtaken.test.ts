/* News, replies and reads that overtake each other. */
import { expect, test, vi } from "vitest"
import { createAnswers, type EventStore, memoryStore, SseStoreError } from "steadystream/server"
import { join, TestSource } from "../../support/answer-client.ts"
import { answersInTime } from "../../support/answer-worlds.ts"
import { settleTasks } from "../../support/channel-client.ts"
import { FaultyStore } from "../../support/faulty-store.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

/** Replaces a method of a store by a function that gets the original. */
function replace<Name extends "append" | "read">(
  store: EventStore,
  name: Name,
  make: (original: EventStore[Name]) => EventStore[Name],
) {
  const original = store[name].bind(store) as EventStore[Name]
  return vi.spyOn(store as FaultyStore, name).mockImplementation(make(original) as never)
}

test("createAnswers does not abort its signal if the news of its own end overtakes the reply", async () => {
  const { answers, store, world } = await answersInTime()
  replace(store, "append", (append) => async (...args) => {
    const appended = await append(...args)
    await settleTasks(5)
    return appended
  })
  const source = new TestSource().push("a")
  const answer = await answers.start("42", source.make)
  const client = await join(answers, "42")
  source.end()
  await world.until(() => client.ending === "clean")
  expect(await answer.ended).toMatchObject({ status: "done" })
  expect(source.signal!.aborted).toBe(false)
})

test("createAnswers stops a producer that is cancelled as the one before it, of which only the end is reported", async () => {
  const { answers, store, world } = await answersInTime()
  const { answers: other } = await world.node()
  await answers.start("42", new TestSource().push("a").make)
  const client = await join(answers, "42")
  await world.until(() => client.seen.length === 1)
  await other.cancel("42")
  await world.until(() => client.ending === "clean")
  store.isDeaf = true
  const source = new TestSource()
  await answers.start("42", source.make, { takeOver: true })
  store.isDeaf = false
  await other.cancel("42")
  await world.until(() => source.signal!.aborted)
  expect(answers.stats().running).toBe(0)
})

test("createAnswers does not end a slow reader between the pages of an answer that was taken over", async () => {
  const { answers, world } = await answersInTime()
  const { answers: other, store } = await world.node()
  await answers.start("42", () => ["a", "b"].map((data) => ({ data })))
  const source = new TestSource().push("a", "b")
  await answers.start("42", source.make, { takeOver: true })
  const slow = await join(other, "42", { room: 2 })
  source.end()
  await world.until(() => other.stats().behind === 1)
  await settleTasks()
  store.isDeaf = true
  const many = Array.from({ length: 350 }, (_, n) => `${n}`)
  const next = new TestSource().push(...many)
  await answers.start("42", next.make, { takeOver: true })
  await settleTasks(5)
  let reads = 0
  const restored = replace(store, "read", (read) => async (...args) => {
    // The client reads on when the first page is there, and the second one is not.
    if (reads++ === 1) slow.take()
    return read(...args)
  })
  store.isDeaf = false
  next.push("last")
  await settleTasks(60)
  restored.mockRestore()
  slow.take()
  next.end()
  await world.until(() => slow.ending === "clean")
  expect(slow.seen.slice(-351)).toEqual([...many, "last"])
})

test("createAnswers asks again for the end of an answer that the store did not say", async () => {
  const { answers, world, clock } = await answersInTime()
  const { answers: other, store } = await world.node()
  const source = new TestSource().push("a")
  await answers.start("42", source.make)
  const { ended } = await other.start("42", source.make)
  let state: unknown
  void ended.then((end) => (state = end))
  await settleTasks(5)
  const restored = replace(store, "read", (read) => async (log, after, options) => {
    if (options?.maxEvents === 1) throw new SseStoreError("down", "store-unavailable")
    return read(log, after, options)
  })
  source.end()
  await clock.advance(3_000)
  expect(state).toBe(undefined)
  restored.mockRestore()
  await clock.advance(3_000)
  expect(state).toMatchObject({ status: "done" })
})

test("createAnswers sets no timer that is too long for the platform if its lease is endless", async () => {
  const timers = vi.spyOn(globalThis, "setTimeout")
  const store = new FaultyStore(memoryStore())
  const answers = createAnswers({ store, lease: Infinity, ttl: Infinity })
  const source = new TestSource()
  await answers.start("42", source.make)
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(store.appends).toEqual([])
  for (const [, ms = 0] of timers.mock.calls) expect(ms).toBeLessThanOrEqual(2_147_483_647)
  expect(timers.mock.calls.length).toBeGreaterThan(1)
  timers.mockRestore()
  await answers.cancel("42")
  await answers.closeAll()
})

test("abandonAfter counts from the moment at which the last reader of another node leaves", async () => {
  const { answers, world, clock } = await answersInTime({ abandonAfter: 30_000 })
  const { answers: other } = await world.node({ abandonAfter: 30_000 })
  const answer = await answers.start("42", new TestSource().push("a").make)
  const client = await join(other, "42")
  // Just before the next report.
  await clock.advance(9_900)
  client.leave()
  await clock.advance(29_000)
  expect(await answers.state("42")).toMatchObject({ status: "running" })
  await clock.advance(3_000)
  expect(await answer.ended).toMatchObject({ status: "cancelled", detail: "abandoned" })
})
