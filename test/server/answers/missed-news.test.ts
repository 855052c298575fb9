import { expect, test, vi } from "vitest"
import { join, TestSource } from "../../support/answer-client.ts"
import { answersInTime } from "../../support/answer-worlds.ts"
import { settleTasks } from "../../support/channel-client.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

test("a reader whose node has missed several pages and the end gets all of them before the end", async () => {
  const { answers, clock, world } = await answersInTime()
  const other = await world.node()
  const source = new TestSource().push("first")
  const answer = await answers.start("42", source.make)
  const client = await join(other.answers, "42")
  await world.until(() => client.seen.length === 1)
  other.store.isDeaf = true
  const many = Array.from({ length: 350 }, (_, at) => `${at}`)
  source.push(...many).end()
  await answer.ended
  await clock.advance(20_000)
  expect(client.ending).toBe("clean")
  expect(client.seen).toEqual(["first", ...many])
})

test("createAnswers stores what came while its lease was renewed", async () => {
  const { answers, clock, store, world } = await answersInTime()
  const source = new TestSource().push("a")
  await answers.start("42", source.make)
  await world.until(() => store.appendsOf("42").length === 1)
  store.isHeld = true
  await clock.advance(world.lease / 3)
  expect(store.appendsOf("42").map(({ count }) => count)).toEqual([1, 0])
  source.push("b")
  await settleTasks(5)
  store.release()
  await world.until(() => answers.stats().stored === 2)
})

test("createAnswers goes on with an answer that was taken over, if a read of the end before it comes late", async () => {
  const { answers, store, world } = await answersInTime()
  const { answers: other } = await world.node()
  await answers.start("42", new TestSource().push("a").make)
  const client = await join(answers, "42")
  await world.until(() => client.seen.length === 1)
  let release: (() => void) | undefined
  const read = store.read.bind(store)
  vi.spyOn(store, "read").mockImplementation(async (...args) => {
    const page = await read(...args)
    if (release === undefined && page.state.status === "cancelled") {
      await new Promise<void>((resolve) => (release = resolve))
    }
    return page
  })
  await other.cancel("42")
  await world.until(() => release !== undefined)
  const source = new TestSource()
  const answer = await answers.start("42", source.make, { takeOver: true })
  release!()
  await settleTasks(10)
  expect(source.signal!.aborted).toBe(false)
  source.push("b").end()
  expect(await answer.ended).toMatchObject({ status: "done" })
})

test("a reader that has not heard of a take-over gets what it stored, although the answer has the same end again", async () => {
  const { answers, world } = await answersInTime()
  const other = await world.node()
  await (
    await answers.start("42", () => [{ data: "a" }])
  ).ended
  const early = await join(other.answers, "42")
  await world.until(() => early.ending === "clean")
  other.store.isDeaf = true
  await (
    await answers.start("42", () => [{ data: "b" }], { takeOver: true })
  ).ended
  const late = await join(other.answers, "42")
  await world.until(() => late.ending === "clean")
  expect(late.seen).toEqual(["a", "b"])
})

test("closeAll() sends the end of an answer also to clients whose node has missed its news", async () => {
  const { answers, store, world } = await answersInTime()
  const source = new TestSource().push("a")
  await answers.start("42", source.make)
  const client = await join(answers, "42")
  await world.until(() => client.seen.length === 1)
  store.isDeaf = true
  const closed = answers.closeAll()
  source.push("b").end()
  await closed
  expect([client.seen, client.ending]).toEqual([["a", "b"], "clean"])
})

test("start() with takeOver on the same node counts the later producer as running, which cancel() stops at once", async () => {
  const { answers, store } = await answersInTime()
  const first = await answers.start("42", new TestSource().push("a").make)
  const source = new TestSource().push("b")
  await answers.start("42", source.make, { takeOver: true })
  await settleTasks(10)
  expect(answers.stats().running).toBe(1)
  store.isDeaf = true
  await answers.cancel("42")
  expect(source.signal!.aborted).toBe(true)
  expect(await first.ended).toMatchObject({ status: "cancelled" })
})

test("start() with takeOver counts what is stored for its limit", async () => {
  const { answers, world } = await answersInTime({ limit: 60 })
  await answers.start("42", new TestSource().push("x".repeat(30)).make)
  await world.until(() => answers.stats().stored === 1)
  const source = new TestSource().push("x".repeat(30))
  const answer = await answers.start("42", source.make, { takeOver: true })
  expect(await answer.ended).toMatchObject({ status: "failed", detail: "limit" })
})

test.each(["one", "two"] as const)(
  "onLost is called again, if an answer is lost again after node %s took it over",
  async (taker) => {
    const lost: string[] = []
    const one = await answersInTime({ onLost: (id) => lost.push(id) })
    const { world, clock } = one
    const [two, dead] = [await world.node(), await world.node()]
    const find = async () => {
      const client = await join(one.answers, "42")
      await world.until(() => client.ending === "clean")
    }
    await dead.answers.start("42", new TestSource().push("a").make)
    await clock.advance(0)
    dead.store.isDown = true
    await clock.advance(world.lease + 1_000)
    await find()
    expect(lost).toEqual(["42"])
    const { answers, store } = { one, two }[taker]
    await answers.start("42", new TestSource().push("b").make, { takeOver: true })
    await world.until(() => answers.stats().stored === 1)
    if (taker === "two") (await join(one.answers, "42")).session.leave("gone")
    store.isDown = true
    await clock.advance(world.lease * 2)
    store.isDown = false
    await find()
    expect(lost).toEqual(["42", "42"])
  },
)

test("createAnswers uses a lease of 30 s, a ttl of an hour and 16 MiB by default", async () => {
  const { answers, store } = await answersInTime({ lease: undefined })
  const claim = vi.spyOn(store, "claim")
  const large = "x".repeat(4_194_304)
  // Each event has 7 bytes more: "data: ", and two line breaks for the block.
  const answer = await answers.start("42", () => [1, 2, 3, 4].map(() => ({ data: large.slice(8) })))
  expect(claim.mock.calls[0]![1]).toMatchObject({ ttl: 3_600_000, lease: 30_000 })
  expect(await answer.ended).toMatchObject({ status: "done" })
  const larger = await answers.start("43", () => [1, 2, 3, 4, 5].map(() => ({ data: large.slice(8) })))
  expect(await larger.ended).toMatchObject({ status: "failed", detail: "limit" })
})

test("createAnswers forgets an answer after its ttl", async () => {
  const { answers, clock } = await answersInTime({ ttl: 60_000 })
  await (
    await answers.start("42", () => [{ data: "a" }])
  ).ended
  await clock.advance(59_000)
  expect(await answers.state("42")).toMatchObject({ status: "done" })
  await clock.advance(1_000)
  expect(await answers.state("42")).toBe(undefined)
})

test("createAnswers sends a comment after keepAlive, and breaks a client that takes nothing for writeTimeout", async () => {
  const { answers, clock, world } = await answersInTime({ keepAlive: 2_000, writeTimeout: 4_000 })
  await answers.start("42", new TestSource().push("a").make)
  const client = await join(answers, "42")
  const stalled = await join(answers, "42", { room: 1 })
  await world.until(() => client.seen.length === 1)
  expect(client.text).not.toContain(": keep-alive")
  for (let round = 0; round < 6; round++) await clock.advance(1_000)
  expect(client.text).toContain(": keep-alive")
  expect([client.ending, stalled.ending]).toEqual(["open", "broken"])
})
