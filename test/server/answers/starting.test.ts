import { expect, test, vi } from "vitest"
import { createAnswers, type MakeAnswer } from "steadystream/server"
import { connect, join, TestSource } from "../../support/answer-client.ts"
import { answersInTime, describeStores } from "../../support/answer-worlds.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

const wrong = (value: unknown): never => value as never

describeStores("createAnswers", (open) => {
  test("createAnswers produces an answer without any reader, and its end says where it began and ended", async () => {
    const world = await open()
    const { answers, store } = await world.node()
    const source = new TestSource().push("a", "b").end()
    const answer = await answers.start("42", source.make)
    expect([answer.id, answer.isProducer]).toEqual(["42", true])
    const state = await answer.ended
    expect(state).toEqual(await answers.state("42"))
    const { events } = await store.read("answer:42", "start")
    expect(events.map(({ text }) => text)).toEqual(["data: a\n\n", "data: b\n\n"])
    expect(state).toEqual({
      status: "done",
      first: (await store.read("answer:42", "start", { maxEvents: 1 })).state.first,
      last: events[1]!.cursor,
    })
  })

  test("createAnswers makes the second start of an ID a reader, on any node, also after the end", async () => {
    const world = await open()
    const [one, two] = [await world.node(), await world.node()]
    const source = new TestSource().push("a")
    const make = vi.fn<MakeAnswer>(source.make)
    const started = await Promise.all([one.answers.start("42", make), two.answers.start("42", make)])
    expect(started.map(({ isProducer }) => isProducer).toSorted((a, b) => Number(a) - Number(b))).toEqual([false, true])
    const again = await two.answers.start("42", make)
    source.end()
    const ends = await Promise.all([...started, again].map(({ ended }) => ended))
    const late = await one.answers.start("42", make)
    expect(late.isProducer).toBe(false)
    const state = await one.answers.state("42")
    expect([...ends, await late.ended]).toEqual(Array.from({ length: 4 }, () => state))
    expect(make).toHaveBeenCalledTimes(1)
    expect((await join(two.answers, "42")).seen).toEqual([])
    for (const { answers } of [one, two]) {
      const response = await late.respond(new Request("http://x/"))
      expect(await response.text()).toContain("data: a\n")
      expect(answers.stats().running).toBe(0)
    }
  })

  test("createAnswers keeps the answers of two IDs apart", async () => {
    const world = await open()
    const { answers } = await world.node()
    for (const id of ["a", "b"]) await (await answers.start(id, new TestSource().push(id).end().make)).ended
    for (const id of ["a", "b"]) {
      const client = await join(answers, id)
      await world.until(() => client.ending !== "open")
      expect(client.seen).toEqual([id])
    }
  })

  test("createAnswers cancels an answer whose source is not made yet, and uses nothing of what comes later", async () => {
    const world = await open()
    const { answers, errors } = await world.node()
    let settle: (source: TestSource) => void = () => {}
    let signal: AbortSignal | undefined
    const answer = await answers.start("42", (given) => {
      signal = given
      return new Promise<TestSource>((resolve) => (settle = resolve))
    })
    expect(await answer.cancel("enough")).toBe(true)
    expect(await answer.ended).toMatchObject({ status: "cancelled", detail: "enough" })
    expect([signal!.aborted, (signal!.reason as Error).name]).toEqual([true, "AbortError"])
    const late = new TestSource().push("late").end()
    settle(late)
    await world.pass(10)
    expect([late.taken, errors]).toEqual([0, []])
    expect(await answer.cancel()).toBe(false)
    expect(await answers.state("42")).toMatchObject({ status: "cancelled", detail: "enough" })
  })

  const failures: [what: string, make: () => unknown, detail: string, reported: unknown][] = [
    ["throws", () => raise(), "failed", expect.objectContaining({ message: "of make" })],
    ["rejects", async () => raise(), "failed", expect.objectContaining({ message: "of make" })],
    ["rejects with undefined", () => Promise.reject(), "failed", undefined],
    ["returns nothing", () => undefined, "failed", expect.any(TypeError)],
    ["returns text", () => "data: a\n\n", "failed", expect.any(TypeError)],
    ["returns an event", () => ({ data: "a" }), "failed", expect.any(TypeError)],
    ["returns a number", () => 5, "failed", expect.any(TypeError)],
  ]
  test.each(failures)(
    "createAnswers stores a failed answer if make %s, and reports it",
    async (_, make, detail, reported) => {
      const world = await open()
      const { answers, errors } = await world.node()
      const answer = await answers.start("42", make as MakeAnswer)
      expect(await answer.ended).toMatchObject({ status: "failed", detail })
      expect(errors).toEqual([reported])
      const client = await join(answers, "42")
      await world.until(() => client.ending !== "open")
      expect(client.seen).toEqual([`steadystream.end {"status":"failed","detail":"${detail}"}`])
    },
  )
})

function raise(): never {
  throw new Error("of make")
}

test("createAnswers refuses arguments of start that are not valid, and claims nothing", async () => {
  const { answers } = await answersInTime()
  const make = () => []
  await expect(answers.start("", make)).rejects.toThrow("Cannot use answer: its ID must be a string that is not empty")
  await expect(answers.start(wrong(7), make)).rejects.toThrow(TypeError)
  await expect(answers.start("42", wrong(undefined))).rejects.toThrow("make must be a function")
  await expect(answers.start("42", make, wrong({ takeover: true }))).rejects.toThrow('did you mean "takeOver"?')
  await expect(answers.start("42", make, wrong({ takeOver: 1 }))).rejects.toThrow('"takeOver" must be a boolean')
  for (const call of ["cancel", "state"] as const) await expect(answers[call]("")).rejects.toThrow(TypeError)
  await expect(answers.cancel("42", wrong(5))).rejects.toThrow("the reason must be a string")
  expect(await answers.state("42")).toBe(undefined)
  expect(await answers.cancel("42")).toBe(false)
  expect(await connect(answers, "42")).toBe(404)
})

test.each([
  [{ lease: 0 }, '"lease" must be a number from 1'],
  [{ ttl: Number.NaN }, '"ttl" must be a number from 1'],
  [{ limit: -1 }, '"limit" must be a number from 1'],
  [{ abandonAfter: "5" }, '"abandonAfter" must be a number from 0'],
  [{ minInterval: -1 }, '"minInterval" must be a number from 0'],
  [{ onLost: "x" }, '"onLost" must be a function'],
  [{ waitUntil: {} }, '"waitUntil" must be a function'],
  [{ store: {} }, '"store" must be a store'],
  [{ maxDuration: 5 }, '"maxDuration" is unknown'],
])("createAnswers refuses %j", (options, message) => {
  expect(() => createAnswers(wrong(options))).toThrow(message)
})

test("createAnswers needs no options", async () => {
  const answers = createAnswers()
  const answer = await answers.start("42", () => [{ data: "a" }])
  expect(await (await answer.respond(new Request("http://x/"))).text()).toMatch(/\nid: \w+-1\ndata: a\n\n$/)
  await answers.closeAll()
})
