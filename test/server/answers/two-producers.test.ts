import { createAnswers, type EventStore, memoryStore } from "steadystream/server"
import { expect, test, vi } from "vitest"
import { connect, join, TestSource } from "../../support/answer-client.ts"
import { answersInTime, describeStores } from "../../support/answer-worlds.ts"
import { settleTasks } from "../../support/channel-client.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

/** Holds the reply to the first call of a method of a store that fits, until the test releases it. */
function holdOnce(store: EventStore, name: "claim" | "read", fits: (log: string) => boolean) {
  const method = store[name].bind(store) as (...args: unknown[]) => Promise<unknown>
  const held: { release: (() => void) | undefined } = { release: undefined }
  const spied = async (...args: unknown[]) => {
    const isHeld = held.release === undefined && fits(args[0] as string)
    if (!isHeld) return method(...args)
    const release = new Promise<void>((resolve) => (held.release = resolve))
    const result = await method(...args)
    await release
    return result
  }
  vi.spyOn(store, name).mockImplementation(spied as never)
  return held
}

describeStores("two producers of an answer", (open) => {
  test("a producer whose answer was taken over does not cancel it, and aborts at its first event", async () => {
    const world = await open()
    const abandonAfter = world.lease / 4
    const [one, two] = [await world.node({ abandonAfter }), await world.node({ abandonAfter })]
    const [silent, next] = [new TestSource().push("a"), new TestSource().push("b")]
    await one.answers.start("42", silent.make)
    await world.until(() => one.answers.stats().stored === 1)
    await two.answers.start("42", next.make, { takeOver: true })
    await world.until(() => silent.signal!.aborted)
    const client = await join(two.answers, "42")
    for (let round = 0; round < 8; round++) await world.pass(abandonAfter / 2)
    expect(await two.answers.state("42")).toMatchObject({ status: "running" })
    next.push("c").end()
    await world.until(() => client.ending === "clean")
    expect(client.seen).toEqual(["a", "b", "c"])
  })

  test("start() with takeOver fails above a limit that what is stored has exceeded", async () => {
    const world = await open()
    const one = await world.node()
    const source = new TestSource().push("x".repeat(40))
    await one.answers.start("42", source.make)
    await world.until(() => one.answers.stats().stored === 1)
    const two = await world.node({ limit: 30 })
    const answer = await two.answers.start("42", new TestSource().push("next").make, { takeOver: true })
    expect(await answer.ended).toMatchObject({ status: "failed", detail: "limit" })
  })
})

test("start() goes on with the later of two claims, if the reply to the earlier one comes last", async () => {
  const { answers, store, world } = await answersInTime()
  const held = holdOnce(store, "claim", () => true)
  const [early, late] = [new TestSource().push("early"), new TestSource().push("late")]
  const first = answers.start("42", early.make)
  await world.until(() => held.release !== undefined)
  const second = await answers.start("42", late.make, { takeOver: true })
  held.release!()
  expect((await first).isProducer).toBe(false)
  await settleTasks(5)
  expect([late.signal!.aborted, early.signal]).toEqual([false, undefined])
  late.end()
  expect(await second.ended).toMatchObject({ status: "done" })
  expect(await (await first).ended).toMatchObject({ status: "done" })
})

test("abandonAfter counts a reader whose request came before the take-over", async () => {
  const { answers, clock, world } = await answersInTime({ abandonAfter: 1_000 })
  await answers.start("42", new TestSource().push("a").make)
  await world.until(() => answers.stats().stored === 1)
  await answers.cancel("42")
  const response = await answers.respond(new Request("https://example.com/"), "42")
  const source = new TestSource().push("b")
  await answers.start("42", source.make, { takeOver: true })
  const reader = response.body!.getReader()
  const reading = (async () => {
    while (!(await reader.read()).done);
  })()
  for (let round = 0; round < 8; round++) await clock.advance(500)
  expect(await answers.state("42")).toMatchObject({ status: "running" })
  source.end()
  await clock.advance(100)
  await reading
})

test("abandonAfter begins anew if a reader comes and leaves while the store is asked", async () => {
  const { answers, clock, store, world } = await answersInTime({ abandonAfter: 1_000 })
  await answers.start("42", new TestSource().push("a").make)
  await world.until(() => answers.stats().stored === 1)
  await clock.advance(500)
  const held = holdOnce(store, "read", (log) => log.includes("readers"))
  for (let round = 0; round < 20 && held.release === undefined; round++) await clock.advance(100)
  const client = await join(answers, "42")
  client.leave()
  held.release!()
  await settleTasks(10)
  expect(await answers.state("42")).toMatchObject({ status: "running" })
  await clock.advance(3_000)
  expect(await answers.state("42")).toMatchObject({ status: "cancelled", detail: "abandoned" })
})

test("abandonAfter keeps an answer whose reader comes while the store is asked", async () => {
  const { answers, clock, store, world } = await answersInTime({ abandonAfter: 1_000 })
  await answers.start("42", new TestSource().push("a").make)
  await world.until(() => answers.stats().stored === 1)
  const held = holdOnce(store, "read", (log) => log.includes("readers"))
  for (let round = 0; round < 20 && held.release === undefined; round++) await clock.advance(100)
  const client = await join(answers, "42")
  await world.until(() => client.seen.length === 1)
  held.release!()
  await settleTasks(10)
  expect(await answers.state("42")).toMatchObject({ status: "running" })
})

test("abandonAfter does not count a client that was accepted and found no room, or whose signal has aborted", async () => {
  const { answers, clock, world } = await answersInTime({ abandonAfter: 1_000, maxSessions: 1 })
  const other = await world.node({ abandonAfter: 1_000 })
  await answers.start("42", new TestSource().push("a").make)
  await connect(other.answers, "42", { signal: AbortSignal.abort() })
  expect(other.store.appends).toEqual([])
  const [first, second] = await Promise.all([join(answers, "42"), join(answers, "42")])
  await world.until(() => second.ending === "clean")
  first.session.leave("gone")
  await clock.advance(3_000)
  expect(await answers.state("42")).toMatchObject({ status: "cancelled", detail: "abandoned" })
})

test("createAnswers keeps a running answer that is silent for longer than its ttl", async () => {
  const { answers, clock } = await answersInTime({ ttl: 300 })
  const source = new TestSource().push("a")
  const answer = await answers.start("42", source.make)
  await clock.advance(25_000)
  await clock.advance(25_000)
  expect(await answers.state("42")).toMatchObject({ status: "running" })
  source.end()
  expect(await answer.ended).toMatchObject({ status: "done" })
})

test("createAnswers goes on if its store throws at once, and reports readers again", async () => {
  const { answers, clock, store, world } = await answersInTime({ abandonAfter: 3_000, lease: 9_000 })
  const other = await world.node({ abandonAfter: 3_000, lease: 9_000 })
  await answers.start("42", new TestSource().push("a").make)
  const append = vi.spyOn(other.store, "append").mockImplementation(() => {
    throw new Error("at once")
  })
  const client = await join(other.answers, "42")
  await clock.advance(2_000)
  append.mockRestore()
  for (let round = 0; round < 12; round++) await clock.advance(1_000)
  expect(await answers.state("42")).toMatchObject({ status: "running" })
  expect([client.ending, store.isDown]).toEqual(["open", false])
})

test("createAnswers takes a store whose watch reports at once and whose stop throws", async () => {
  const store = memoryStore()
  const watch = vi.spyOn(store, "watch").mockImplementation((_log, onNews) => {
    onNews(undefined)
    const stop = () => {
      throw new Error("cannot stop")
    }
    return { ready: Promise.resolve(), stop }
  })
  const answers = createAnswers({ store, abandonAfter: 60_000, onError: () => {} })
  const answer = await answers.start("42", () => [{ data: "a" }])
  expect(await answer.ended).toMatchObject({ status: "done" })
  expect(answers.stats().running).toBe(0)
  expect(watch).toHaveBeenCalled()
  await answers.closeAll({ within: 0 })
})

test("a slow reader gets the end of a whole answer that was dropped in the meantime", async () => {
  const { answers, store, world } = await answersInTime()
  const source = new TestSource().push("a", "b", "c").end()
  const answer = await answers.start("42", source.make)
  const client = await join(answers, "42", { room: 3 })
  await answer.ended
  await world.until(() => client.seen.length === 1)
  await store.drop("answer:42")
  await settleTasks(10)
  client.take()
  await world.until(() => client.ending === "clean")
  expect(client.seen).toEqual(["a", "b", "c"])
})
