import { expect, test } from "vitest"
import type { Session } from "steadystream/server"
import { join, TestSource } from "../../support/answer-client.ts"
import { answersInTime, describeStores } from "../../support/answer-worlds.ts"
import { settleTasks } from "../../support/channel-client.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

/** The data of events with about `size` characters in all. */
const large = (count: number, size: number) =>
  Array.from({ length: count }, (_, n) => `${n}${"x".repeat(size / count)}`)

describeStores("createAnswers", (open) => {
  test("createAnswers stores what a source sends at once in one append, and the end with the last events", async () => {
    const world = await open()
    const { answers, store } = await world.node({ minInterval: 0 })
    const answer = await answers.start("42", () => Array.from({ length: 100 }, (_, n) => ({ data: `${n}` })))
    await answer.ended
    expect(store.appendsOf("42")).toEqual([{ log: "answer:42", count: 100, end: { status: "done" } }])
    expect(answers.stats()).toMatchObject({ stored: 100, appends: 1 })
  })

  test("createAnswers stores the end of a function, and of an answer without events, in one append", async () => {
    const world = await open()
    const { answers, store } = await world.node()
    const sending = async (session: Session) => {
      for (let n = 0; n < 10; n++) await session.send({ data: `${n}` })
    }
    await (
      await answers.start("42", () => sending)
    ).ended
    await (
      await answers.start("43", () => [])
    ).ended
    expect(store.appendsOf("42").map(({ count }) => count)).toEqual([10])
    expect(store.appendsOf("43").map(({ count }) => count)).toEqual([0])
  })

  test("createAnswers has one append under way, which takes what came during the one before", async () => {
    const world = await open()
    const { answers, store } = await world.node({ minInterval: 0 })
    const source = new TestSource().push("a")
    store.isHeld = true
    const answer = await answers.start("42", source.make)
    await world.until(() => store.appends.length === 1)
    const client = await join(answers, "42")
    for (const data of ["b", "c", "d"]) {
      source.push(data)
      await settleTasks()
    }
    // Nothing is delivered before it is stored.
    expect([store.appends.length, client.seen]).toEqual([1, []])
    source.end()
    await settleTasks()
    store.release()
    await answer.ended
    expect(store.appendsOf("42").map(({ count, end }) => [count, end?.status])).toEqual([
      [1, undefined],
      [3, "done"],
    ])
    await world.until(() => client.ending === "clean")
    expect(client.seen).toEqual(["a", "b", "c", "d"])
  })

  test("createAnswers holds up its source while the store does not answer, and keeps no more than its limits", async () => {
    const world = await open()
    const { answers, store } = await world.node({ minInterval: 0 })
    store.isHeld = true
    const many = new TestSource().push(...large(5_000, 50_000))
    const big = new TestSource().push(...large(50, 5_000_000))
    const started = [await answers.start("many", many.make), await answers.start("big", big.make)]
    await world.until(() => store.appends.length === 2)
    await world.pass(20)
    // One append is under way, and one waits; the source may be one event ahead.
    expect([many.taken, big.taken]).toEqual([expect.any(Number), expect.any(Number)])
    expect([many.taken > 1_000, many.taken <= 2_001]).toEqual([true, true])
    expect([big.taken >= 3, big.taken <= 8]).toEqual([true, true])
    const { taken } = many
    await world.pass(20)
    expect(many.taken).toBe(taken)
    many.end()
    big.end()
    store.release()
    for (const answer of started) expect(await answer.ended).toMatchObject({ status: "done" })
    expect([many.taken, big.taken]).toEqual([5_000, 50])
    expect(answers.stats().stored).toBe(5_050)
  })

  test("createAnswers does not hold up its source for a reader that takes nothing", async () => {
    const world = await open()
    const { answers } = await world.node({ minInterval: 0, writeTimeout: 0 })
    const source = new TestSource().push("first")
    const answer = await answers.start("42", source.make)
    const stalled = await join(answers, "42", { room: 3 })
    const reader = await join(answers, "42")
    source.push(...large(3_000, 3_000_000)).end()
    expect(await answer.ended).toMatchObject({ status: "done" })
    await world.until(() => reader.ending === "clean")
    expect([reader.seen.length, stalled.blocks]).toEqual([3_001, 3])
    expect(answers.stats().behind).toBe(1)
    stalled.take()
    await world.until(() => stalled.ending === "clean")
    expect(stalled.seen).toEqual(reader.seen)
  })
})

test("createAnswers stores the first event at once, and others at least minInterval apart", async () => {
  const { answers, clock, store } = await answersInTime({ minInterval: 100 })
  const source = new TestSource()
  await answers.start("42", source.make)
  const client = await join(answers, "42")
  await clock.advance(1_000)
  source.push("0")
  await clock.advance(0)
  expect(client.seen).toEqual(["0"])
  const counts: number[] = []
  for (let n = 1; n <= 100; n++) {
    source.push(`${n}`)
    await clock.advance(10)
    counts.push(store.appendsOf("42").length)
  }
  expect(counts.at(-1)).toBe(11)
  expect(client.seen).toEqual(Array.from({ length: 101 }, (_, n) => `${n}`))
  await clock.advance(200)
  source.push("later")
  await clock.advance(0)
  expect(client.seen.at(-1)).toBe("later")
  // The end does not wait.
  source.push("last").end()
  await clock.advance(0)
  expect([client.ending, client.seen.at(-1)]).toEqual(["clean", "last"])
})

test("createAnswers does not wait for minInterval if much waits already, or if it is cancelled", async () => {
  const { answers, clock, store } = await answersInTime({ minInterval: 10_000 })
  const source = new TestSource().push("first")
  const answer = await answers.start("42", source.make)
  await clock.advance(0)
  source.push(...large(2_500, 2_500))
  await clock.advance(0)
  expect(store.appendsOf("42").map(({ count }) => count)).toEqual([1])
  await answer.cancel()
  expect(await answer.ended).toMatchObject({ status: "cancelled" })
  await clock.advance(20_000)
  expect(clock.pendingTimers).toBe(0)
})

test("createAnswers takes appendInterval of the store", async () => {
  const { clock, world } = await answersInTime()
  const { answers, store } = await world.node()
  Object.assign(store, { appendInterval: 500 })
  const { answers: slow } = await world.node({ store })
  const source = new TestSource().push("a")
  await slow.start("42", source.make)
  await clock.advance(0)
  source.push("b")
  await clock.advance(499)
  expect(store.appendsOf("42")).toHaveLength(1)
  await clock.advance(1)
  expect(store.appendsOf("42")).toHaveLength(2)
  expect(answers.stats().running).toBe(0)
})

test("createAnswers renews the lease of a silent answer, also with an interval that is longer than it", async () => {
  for (const minInterval of [0, 100_000]) {
    const { answers, clock, store, world } = await answersInTime({ minInterval })
    const source = new TestSource().push("a")
    const answer = await answers.start("42", source.make)
    await clock.advance(0)
    source.push("b")
    await clock.advance(world.lease * 10)
    expect(await answers.state("42")).toMatchObject({ status: "running" })
    const count = store.appendsOf("42").length
    expect([count >= 20, count <= 45]).toEqual([true, true])
    source.end()
    expect(await answer.ended).toMatchObject({ status: "done" })
  }
})

test("createAnswers sets no timer that overflows with an endless lease", async () => {
  const { answers, clock } = await answersInTime({ lease: Infinity, ttl: Infinity })
  const source = new TestSource().push("a")
  const answer = await answers.start("42", source.make)
  await clock.advance(3_600_000)
  source.end()
  expect(await answer.ended).toMatchObject({ status: "done" })
})
