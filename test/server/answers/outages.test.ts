/* The store of an answer fails for a while, for good, or has no room. */
import { expect, test, vi } from "vitest"
import { type EventStore, memoryStore, SseStoreError } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { connect, join, TestSource } from "../../support/answer-client.ts"
import { answersInTime, describeStores, type World } from "../../support/answer-worlds.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n}`)

/** The data of everything that is stored of an answer. */
async function storedOf(store: EventStore): Promise<string[]> {
  const { events } = await store.read("answer:42", "start", { maxEvents: 10_000, maxBytes: Infinity })
  return events.map(({ text }) => text.replace(/^data: (.*)\n\n$/, "$1"))
}

/** Passes time until something is so, in small steps. */
async function passUntil(world: World, isSo: () => unknown): Promise<void> {
  for (let step = 0; step < 1_000 && !isSo(); step++) await world.pass(world.lease / 100)
}

describeStores("createAnswers", (open) => {
  test.each(["isDown", "losesReplies"] as const)(
    "createAnswers repeats what the store did not answer (%s), and nothing is lost or doubled",
    async (fault) => {
      const world = await open()
      const { answers, store, errors } = await world.node({ minInterval: 0 })
      const source = new TestSource()
      const answer = await answers.start("42", source.make)
      const client = await join(answers, "42")
      for (const n of numbers(20)) {
        source.push(n)
        if (n === "5" || n === "15") store[fault] = true
        await world.pass(world.lease / 100)
        if (n === "8" || n === "18") store[fault] = false
      }
      source.end()
      await passUntil(world, () => client.ending !== "open")
      expect(await answer.ended).toMatchObject({ status: "done" })
      expect(await storedOf(store)).toEqual(numbers(20))
      expect(client.seen).toEqual(numbers(20))
      expect(errors.length).toBeGreaterThan(0)
      for (const error of errors) expect(error).toMatchObject({ code: "store-unavailable" })
      expect(answers.stats()).toMatchObject({ stored: 20, storeErrors: errors.length })
    },
  )

  test.each(["isDown", "losesReplies"] as const)(
    "createAnswers stores the end when the store is back (%s)",
    async (fault) => {
      const world = await open()
      const { answers, store } = await world.node()
      const source = new TestSource().push("a")
      const answer = await answers.start("42", source.make)
      await world.until(() => answers.stats().stored === 1)
      store[fault] = true
      source.push("b").end()
      let ended: unknown
      void answer.ended.then((state) => (ended = state))
      await world.pass(world.lease / 3)
      expect(ended).toBe(undefined)
      store[fault] = false
      await passUntil(world, () => ended)
      expect(ended).toMatchObject({ status: "done" })
      expect(ended).toEqual(await answers.state("42"))
      expect(await storedOf(store)).toEqual(["a", "b"])
    },
  )

  test("createAnswers knows how its answer ended, although the store cannot be asked", async () => {
    const world = await open()
    const { answers, store } = await world.node()
    const source = new TestSource().push("a")
    const answer = await answers.start("42", source.make)
    await world.until(() => answers.stats().stored === 1)
    const read = vi.spyOn(store, "read").mockRejectedValue(new SseStoreError("down", "store-unavailable"))
    source.end()
    expect(await answer.ended).toMatchObject({ status: "done" })
    read.mockRestore()
    expect(await answer.ended).toEqual(await answers.state("42"))
    expect(source.signal!.aborted).toBe(false)
  })

  test("createAnswers stops its source after the lease, and reports how the answer ended when the store is back", async () => {
    const world = await open()
    const { answers, store } = await world.node()
    const { answers: other } = await world.node()
    const source = new TestSource().push("a")
    const answer = await answers.start("42", source.make)
    await world.until(() => answers.stats().stored === 1)
    const [here, there] = await Promise.all([answers, other].map((node) => join(node, "42")))
    store.isDown = true
    source.push("b")
    await passUntil(world, () => source.signal!.aborted)
    await passUntil(world, () => there!.ending !== "open")
    expect(there!.seen).toEqual(["a", 'steadystream.end {"status":"lost"}'])
    expect(here!.ending).toBe("open")
    let ended: unknown
    void answer.ended.then((state) => (ended = state))
    await world.pass(10)
    expect(ended).toBe(undefined)
    store.isDown = false
    await passUntil(world, () => ended !== undefined && here!.ending !== "open")
    expect(ended).toEqual(await other.state("42"))
    expect(ended).toMatchObject({ status: "lost" })
    expect(here!.seen).toEqual(there!.seen)
    expect(await storedOf(store)).toEqual(["a"])
  })

  test("createAnswers resolves the ended of a reader after an outage at its end", async () => {
    const world = await open()
    const [one, two] = [await world.node(), await world.node()]
    const source = new TestSource().push("a")
    await one.answers.start("42", source.make)
    const { ended } = await two.answers.start("42", source.make)
    let state: unknown
    void ended.then((end) => (state = end))
    await world.pass(10)
    two.store.isDown = true
    source.end()
    await world.pass(world.lease / 10)
    expect(state).toBe(undefined)
    two.store.isDown = false
    await passUntil(world, () => state)
    expect(state).toMatchObject({ status: "done" })
  })

  test("createAnswers stops an answer whose store fails for another reason, and reports it", async () => {
    const world = await open()
    const { answers, store, errors } = await world.node()
    const source = new TestSource().push("a")
    const answer = await answers.start("42", source.make)
    await world.until(() => answers.stats().stored === 1)
    store.refusal = new RangeError("broken")
    source.push("b")
    await world.until(() => source.signal!.aborted)
    expect(errors).toEqual([store.refusal])
    store.refusal = undefined
    await world.pass(world.lease + 1_000)
    expect(await answer.ended).toMatchObject({ status: "lost" })
  })

  test("createAnswers ends an answer with its error event if the store has no room", async () => {
    const world = await open()
    const { answers, store, errors } = await world.node()
    const source = new TestSource().push("a")
    const answer = await answers.start("42", source.make)
    const client = await join(answers, "42")
    await world.until(() => client.seen.length === 1)
    const append = store.append.bind(store)
    const refuse = vi.spyOn(store, "append").mockImplementationOnce(async () => {
      throw new SseStoreError("no room", "limit")
    })
    source.push("b")
    expect(await answer.ended).toMatchObject({ status: "failed", detail: "limit" })
    await world.until(() => client.ending === "clean")
    expect(client.seen).toEqual(["a", 'steadystream.end {"status":"failed","detail":"limit"}'])
    expect([refuse.mock.calls.length, source.signal!.aborted]).toEqual([2, true])
    expect(errors).toEqual([expect.objectContaining({ code: "limit" })])
    refuse.mockImplementation(append)
    expect(await connect(answers, "42", { cursor: client.cursor })).toBe(204)
  })
})

test("createAnswers ends an answer as lost if the store has no room even for its error event", async () => {
  const { answers, store, world } = await answersInTime()
  const source = new TestSource().push("a")
  const answer = await answers.start("42", source.make)
  const client = await join(answers, "42")
  await world.until(() => client.seen.length === 1)
  const append = store.append.bind(store)
  vi.spyOn(store, "append").mockImplementation(async (log, events, options) => {
    if (events.length > 0) throw new SseStoreError("no room", "limit")
    return append(log, events, options)
  })
  source.push("b").end()
  expect(await answer.ended).toMatchObject({ status: "lost", detail: "limit" })
  await world.until(() => client.ending === "clean")
  expect(client.seen).toEqual(["a", 'steadystream.end {"status":"lost","detail":"limit"}'])
})

test("createAnswers ends an answer that is too large for memoryStore, whose other answers go on", async () => {
  const clock = new ManualClock()
  const { answers, world } = await answersInTime({ store: memoryStore({ clock, maxBytes: 20_000 }), clock })
  const small = new TestSource().push("a")
  const other = await answers.start("other", small.make)
  const answer = await answers.start("42", () => Array.from({ length: 30 }, () => ({ data: "x".repeat(1_000) })))
  expect(await answer.ended).toMatchObject({ status: "failed", detail: "limit" })
  small.push("b").end()
  expect(await other.ended).toMatchObject({ status: "done" })
  const client = await join(answers, "42")
  await world.until(() => client.ending === "clean")
  expect(client.seen.at(-1)).toBe('steadystream.end {"status":"failed","detail":"limit"}')
})

test("createAnswers resolves ended of a producer whose store is closed", async () => {
  const { answers, store, world, clock } = await answersInTime()
  const source = new TestSource().push("a")
  const answer = await answers.start("42", source.make)
  await world.until(() => answers.stats().stored === 1)
  await store.close()
  source.push("b")
  await clock.advance(60_000)
  expect(await answer.ended).toMatchObject({ status: "lost" })
  expect(source.signal!.aborted).toBe(true)
})
