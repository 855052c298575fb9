import { expect, test, vi } from "vitest"
import type { AnswerState } from "steadystream/server"
import { connect, join, TestSource } from "../../support/answer-client.ts"
import { answersInTime, describeStores } from "../../support/answer-worlds.ts"
import { settleTasks } from "../../support/channel-client.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

describeStores("closeAll()", (open) => {
  test("closeAll() waits for the answers of this node, whose readers get all of them", async () => {
    const world = await open()
    const { answers } = await world.node()
    const source = new TestSource().push("a")
    const answer = await answers.start("42", source.make)
    const client = await join(answers, "42")
    let isClosed = false
    const closed = answers.closeAll().then(() => (isClosed = true))
    await expect(answers.start("43", source.make)).rejects.toMatchObject({ code: "session-closed" })
    expect(await connect(answers, "42")).toBe(503)
    await world.pass(20)
    expect([isClosed, client.ending]).toEqual([false, "open"])
    source.push("b").end()
    await world.until(() => client.ending === "clean")
    await closed
    expect([client.seen, await answer.ended]).toEqual([["a", "b"], expect.objectContaining({ status: "done" })])
    expect(source.signal!.aborted).toBe(false)
  })

  test("closeAll() ends answers that take longer as lost, with what they have sent, and readers of other nodes go on", async () => {
    const world = await open()
    const [one, two] = [await world.node(), await world.node()]
    const source = new TestSource().push("a")
    const answer = await one.answers.start("42", source.make)
    const clients = await Promise.all([one, two].map(({ answers }) => join(answers, "42")))
    // A reader of an answer of another node is asked to come back.
    const elsewhere = new TestSource().push("x")
    const other = await two.answers.start("43", elsewhere.make)
    const visitor = await join(one.answers, "43")
    const { ended } = await one.answers.start("43", elsewhere.make)
    await world.until(() => [...clients, visitor].every(({ seen }) => seen.length === 1))
    let isClosed = false
    void one.answers.closeAll({ within: world.lease / 5, retry: 1_234 }).then(() => (isClosed = true))
    source.push("b")
    await world.pass(world.lease / 4)
    await world.until(() => isClosed)
    const end = 'steadystream.end {"status":"lost","detail":"shutdown"}'
    await world.until(() => clients.every(({ ending }) => ending === "clean"))
    for (const { seen } of clients) expect(seen).toEqual(["a", "b", end])
    expect(await answer.ended).toMatchObject({ status: "lost", detail: "shutdown" })
    expect((source.signal!.reason as Error).name).toBe("AbortError")
    expect([visitor.seen, visitor.ending]).toEqual([["x"], "clean"])
    expect(visitor.text).toContain("retry: 1234\n\n")
    // It runs elsewhere.
    expect(await ended).toMatchObject({ status: "running" })
    elsewhere.end()
    expect(await other.ended).toMatchObject({ status: "done" })
    expect(await one.answers.state("43")).toEqual(await other.ended)
  })
})

test("closeAll() does not wait for a source that ignores its signal, or is never made", async () => {
  const { answers, clock } = await answersInTime()
  const deaf = new TestSource().push("a")
  await answers.start("42", deaf.make)
  await answers.start("43", () => new Promise<never>(() => {}))
  await answers.start("44", () => async () => new Promise<never>(() => {}))
  let isClosed = false
  const closed = answers.closeAll({ within: 1_000 }).then(() => (isClosed = true))
  await clock.advance(999)
  expect(isClosed).toBe(false)
  await clock.advance(1)
  await closed
  expect(clock.pendingTimers).toBe(0)
  for (const id of ["42", "43", "44"]) expect(await answers.state(id)).toMatchObject({ status: "lost" })
})

test("closeAll() does not wait longer than a second more for a store that does not answer", async () => {
  for (const fault of ["isDown", "isHeld"] as const) {
    const { answers, clock, store, world } = await answersInTime()
    const source = new TestSource().push("a")
    const answer = await answers.start("42", source.make)
    await world.until(() => answers.stats().stored === 1)
    store[fault] = true
    source.push("b")
    let isClosed = false
    void answers.closeAll({ within: 500 }).then(() => (isClosed = true))
    await clock.advance(1_499)
    expect(isClosed).toBe(false)
    await clock.advance(1)
    expect(isClosed).toBe(true)
    expect(["lost", "running"]).toContain((await answer.ended).status)
    store[fault] = false
    store.release()
    await clock.advance(2_000)
    expect(clock.pendingTimers).toBe(0)
  }
})

test("closeAll() ends a lease that it gets too late", async () => {
  const { answers, store } = await answersInTime()
  const claim = store.claim.bind(store)
  let goOn: () => void = () => {}
  vi.spyOn(store, "claim").mockImplementation(async (...args) => {
    await new Promise<void>((resolve) => (goOn = resolve))
    return claim(...args)
  })
  const make = vi.fn<() => never[]>(() => [])
  const started = answers.start("42", make)
  await settleTasks()
  await answers.closeAll({ within: 0 })
  goOn()
  await expect(started).rejects.toMatchObject({ code: "session-closed" })
  expect(make).not.toHaveBeenCalled()
  expect(await answers.state("42")).toMatchObject({ status: "lost", detail: "shutdown" })
})

test("closeAll() refuses options that are not valid before anything changes", async () => {
  const { answers } = await answersInTime()
  for (const options of [{ within: -1 }, { retry: -1 }, { retry: 0.5 }]) {
    await expect(answers.closeAll(options)).rejects.toThrow(RangeError)
  }
  await expect(answers.closeAll({ reply: 5 } as never)).rejects.toThrow('"reply" is unknown')
  const answer = await answers.start("42", () => [])
  expect(answer.isProducer).toBe(true)
  await answer.ended
  await answers.closeAll()
  await answers.closeAll()
})

test("closeAll() leaves cancel() and state() to the store, and starts no timer for ended", async () => {
  const { answers, clock, world } = await answersInTime()
  const { answers: other } = await world.node()
  const source = new TestSource().push("a")
  const produced = await other.start("42", source.make)
  const reader = await answers.start("42", source.make)
  await answers.closeAll()
  expect(await reader.ended).toMatchObject({ status: "running" })
  const timers = clock.pendingTimers
  expect(await answers.state("42")).toMatchObject({ status: "running" })
  expect(await answers.cancel("42")).toBe(true)
  expect(await produced.ended).toMatchObject({ status: "cancelled" })
  expect(clock.pendingTimers).toBeLessThanOrEqual(timers)
})

test("waitUntil does not wait for another node that takes the answer over", async () => {
  const promises: Promise<unknown>[] = []
  const { answers, world } = await answersInTime({ waitUntil: (promise) => void promises.push(promise) })
  const { answers: other } = await world.node()
  const answer = await answers.start("42", new TestSource().make)
  const source = new TestSource()
  const taken = await other.start("42", source.make, { takeOver: true })
  await world.pass(world.lease)
  expect(await promises[0]).toMatchObject({ status: "running" })
  expect(answers.stats().running).toBe(0)
  source.end()
  expect(await answer.ended).toEqual(await taken.ended)
})

const failing: [string, () => void][] = [
  ["throws", () => raise()],
  ["rejects", async () => raise()],
]

test("waitUntil gets a promise for each answer of this node, which resolves when this node is done with it", async () => {
  const promises: Promise<unknown>[] = []
  const { answers, world } = await answersInTime({ waitUntil: (promise) => void promises.push(promise) })
  const source = new TestSource().push("a")
  const answer = await answers.start("42", source.make)
  await answers.start("42", source.make)
  expect(promises).toHaveLength(1)
  let state: AnswerState | undefined
  void promises[0]!.then((end) => (state = end as AnswerState))
  await world.until(() => answers.stats().stored === 1)
  expect(state).toBe(undefined)
  source.fail(new Error("x"))
  await answer.ended
  await world.until(() => state)
  expect(state).toEqual(await answer.ended)
})

test.each(failing)("waitUntil that %s is reported, and the answer goes on", async (_, waitUntil) => {
  const { answers, errors } = await answersInTime({ waitUntil })
  const answer = await answers.start("42", () => [{ data: "a" }])
  expect(await answer.ended).toMatchObject({ status: "done" })
  expect(errors).toEqual([new Error("of the caller")])
})

test.each(failing)("onLost that %s is reported once, and every session ends", async (_, onLost) => {
  const { answers, clock, errors, store, world } = await answersInTime({ onLost })
  await store.claim("answer:42", { ttl: 60_000, lease: 1_000 })
  const clients = await Promise.all([1, 2].map(() => join(answers, "42")))
  await clock.advance(3_000)
  await world.until(() => clients.every(({ ending }) => ending === "clean"))
  expect(errors).toEqual([new Error("of the caller")])
})

function raise(): never {
  throw new Error("of the caller")
}

test("createAnswers keeps no session, reader, watch or timer after the end of its answers", async () => {
  const { answers, clock, store, world } = await answersInTime({ abandonAfter: 600_000, minInterval: 10 })
  const ends: ((source: TestSource, id: string) => unknown)[] = [
    (source) => source.end(),
    (source) => source.fail(new Error("x")),
    (_, id) => answers.cancel(id),
    (source, id) => answers.start(id, () => source.end() && [], { takeOver: true }),
  ]
  for (let n = 0; n < 40; n++) {
    const source = new TestSource().push("a", "b")
    const id = `${n}`
    const answer = await answers.start(id, source.make)
    void (await answers.start(id, source.make)).ended
    const options = [{}, { room: 1 }, {}]
    const [quick, slow, gone] = await Promise.all(options.map((client) => join(answers, id, client)))
    gone!.leave()
    await ends[n % ends.length]!(source, id)
    await clock.advance(100)
    slow!.take()
    await world.until(() => quick!.ending === "clean" && slow!.ending === "clean")
    expect((await answer.ended).status).not.toBe("running")
  }
  await clock.advance(10_000)
  expect(answers.stats()).toMatchObject({ running: 0, sessions: 0, started: 50 })
  expect([store.watches, clock.pendingTimers]).toEqual([0, 0])
})
