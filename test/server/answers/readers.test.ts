/* `abandonAfter`: an answer is cancelled if no client of any node reads it. */
import { expect, test, vi } from "vitest"
import { join, TestSource } from "../../support/answer-client.ts"
import { answersInTime, describeStores } from "../../support/answer-worlds.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

const ABANDONED = { status: "cancelled", detail: "abandoned" }

describeStores("abandonAfter", (open) => {
  test("abandonAfter cancels an answer that no client reads", async () => {
    const world = await open()
    const abandonAfter = world.lease / 2
    const { answers, errors } = await world.node({ abandonAfter })
    const source = new TestSource().push("a")
    const begin = world.now()
    const answer = await answers.start("42", source.make)
    await world.pass(abandonAfter * 0.8)
    const state = await answers.state("42")
    if (world.now() - begin < abandonAfter) expect(state).toMatchObject({ status: "running" })
    await world.pass(abandonAfter)
    expect(await answer.ended).toMatchObject(ABANDONED)
    expect([source.signal!.aborted, errors]).toEqual([true, []])
  })

  test.each(["one", "two"] as const)("abandonAfter begins when the last reader of node %s leaves", async (reading) => {
    const world = await open()
    const abandonAfter = world.lease / 2
    const [one, two] = [await world.node({ abandonAfter }), await world.node({ abandonAfter })]
    const answer = await one.answers.start("42", new TestSource().push("a").make)
    const clients = await Promise.all([1, 2].map(() => join({ one, two }[reading].answers, "42")))
    await world.pass(abandonAfter)
    clients[0]!.leave()
    await world.pass(abandonAfter * 2.2)
    expect(await one.answers.state("42")).toMatchObject({ status: "running" })
    const leaving = world.now()
    clients[1]!.leave()
    await world.pass(abandonAfter * 0.7)
    const state = await one.answers.state("42")
    if (world.now() - leaving < abandonAfter) expect(state).toMatchObject({ status: "running" })
    await world.pass(abandonAfter * 0.7)
    expect(await answer.ended).toMatchObject(ABANDONED)
  })

  test("abandonAfter keeps an answer whose reader on another node shows only in the store", async () => {
    const world = await open()
    const abandonAfter = world.lease / 2
    const [one, two] = [await world.node({ abandonAfter }), await world.node({ abandonAfter })]
    one.store.isDeaf = true
    const answer = await one.answers.start("42", new TestSource().push("a").make)
    const client = await join(two.answers, "42")
    await world.pass(abandonAfter * 3)
    expect(await one.answers.state("42")).toMatchObject({ status: "running" })
    client.leave()
    await world.pass(abandonAfter * 3)
    one.store.isDeaf = false
    expect(await answer.ended).toMatchObject(ABANDONED)
  })
})

test("abandonAfter stores no report of readers on the node of the producer", async () => {
  const { answers, clock, store } = await answersInTime({ abandonAfter: 30_000 })
  await answers.start("42", new TestSource().push("a").make)
  for (let n = 0; n < 50; n++) await join(answers, "42")
  await clock.advance(60_000)
  expect(store.appends.filter(({ log }) => log === "readers:42")).toEqual([])
})

test("abandonAfter reports the readers of other nodes seldom, and not those of answers that have ended", async () => {
  const { world, answers, clock } = await answersInTime({ abandonAfter: 30_000 })
  const { answers: other, store } = await world.node({ abandonAfter: 30_000 })
  const source = new TestSource().push("a")
  await answers.start("42", source.make)
  for (let n = 0; n < 50; n++) await join(other, "42")
  await clock.advance(60_000)
  const reports = () => store.appends.filter(({ log }) => log === "readers:42").length
  expect([reports() >= 6, reports() <= 8]).toEqual([true, true])
  source.end()
  await clock.advance(10)
  const before = reports()
  for (let n = 0; n < 50; n++) await join(other, "42")
  await clock.advance(60_000)
  expect(reports()).toBe(before)
})

test.each([500, 1_500])("abandonAfter of %i ms keeps an answer that another node reads", async (abandonAfter) => {
  const { world, answers, clock } = await answersInTime({ abandonAfter })
  const { answers: other } = await world.node({ abandonAfter })
  await answers.start("42", new TestSource().push("a").make)
  const client = await join(other, "42")
  await clock.advance(20_000)
  expect(await answers.state("42")).toMatchObject({ status: "running" })
  client.leave()
  await clock.advance(abandonAfter * 1.2 + 1)
  expect(await answers.state("42")).toMatchObject(ABANDONED)
})

test("abandonAfter cancels nothing while the store cannot say whether there are readers", async () => {
  const { answers, clock, store } = await answersInTime({ abandonAfter: 5_000 })
  const answer = await answers.start("42", new TestSource().push("a").make)
  vi.spyOn(store, "read").mockRejectedValue(new Error("down"))
  await clock.advance(20_000)
  vi.restoreAllMocks()
  expect(await answers.state("42")).toMatchObject({ status: "running" })
  await clock.advance(2_000)
  expect(await answer.ended).toMatchObject(ABANDONED)
})

test("abandonAfter is off without the option, and watches nothing", async () => {
  const { answers, clock, store } = await answersInTime()
  await answers.start("42", new TestSource().push("a").make)
  const client = await join(answers, "42")
  client.leave()
  await clock.advance(3_600_000)
  expect(await answers.state("42")).toMatchObject({ status: "running" })
  expect([store.appends.some(({ log }) => log === "readers:42"), store.watches]).toEqual([false, 1])
})

test("abandonAfter follows an answer once that the same node takes over", async () => {
  const { answers, clock, store } = await answersInTime({ abandonAfter: 60_000 })
  await answers.start("42", new TestSource().make)
  for (let n = 0; n < 5; n++) await answers.start("42", new TestSource().make, { takeOver: true })
  expect(store.watches).toBe(2)
  await answers.cancel("42")
  await clock.advance(10_000)
  expect(store.watches).toBe(0)
})
