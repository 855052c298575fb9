import { expect, test, vi } from "vitest"
import type { Answer, AnswersOptions } from "steadystream/server"
import { type AnswerClient, connect, join, TestSource } from "../../support/answer-client.ts"
import { type AnswerNode, describeStores, type World } from "../../support/answer-worlds.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

interface Running {
  readonly one: AnswerNode
  readonly two: AnswerNode
  readonly source: TestSource
  readonly answer: Answer
  /** Two clients on the node of the producer, and two on another one. */
  readonly clients: readonly AnswerClient[]
}

/** An answer with the events a and b, which clients of two nodes read. */
async function readOnTwoNodes(world: World, options: Partial<AnswersOptions> = {}): Promise<Running> {
  const [one, two] = [await world.node(options), await world.node(options)]
  const source = new TestSource().push("a", "b")
  const answer = await one.answers.start("42", source.make)
  const clients = await Promise.all([one, one, two, two].map(({ answers }) => join(answers, "42")))
  await world.until(() => clients.every(({ seen }) => seen.length === 2))
  return { one, two, source, answer, clients }
}

/** Checks that every client has the same events and ended cleanly, and returns the last text of one. */
async function endOf(world: World, { one, two, clients }: Running): Promise<string> {
  await world.until(() => clients.every(({ ending }) => ending !== "open"))
  expect(clients.map(({ ending }) => ending)).toEqual(clients.map(() => "clean"))
  for (const client of clients) {
    expect(client.read.events).toEqual(clients[0]!.read.events)
    expect(client.seen.slice(0, 2)).toEqual(["a", "b"])
  }
  // A client that comes after the end gets the same, with the same IDs.
  for (const { answers } of [one, two]) {
    const late = await join(answers, "42")
    await world.until(() => late.ending !== "open")
    expect(late.read.events).toEqual(clients[0]!.read.events)
    expect(await connect(answers, "42", { cursor: clients[0]!.cursor })).toBe(204)
  }
  return clients[0]!.seen.slice(2).join("\n")
}

const told = (status: string, detail?: string) => `steadystream.end ${JSON.stringify({ status, detail })}`

describeStores("createAnswers", (open) => {
  test("createAnswers ends a whole answer without an event of its own", async () => {
    const world = await open()
    const running = await readOnTwoNodes(world)
    running.source.end()
    expect(await endOf(world, running)).toBe("")
    expect(await running.answer.ended).toMatchObject({ status: "done" })
    expect(running.source.signal!.aborted).toBe(false)
  })

  test("createAnswers stores the error event of a source that fails, in the step of the end, and reports the error", async () => {
    const world = await open()
    const running = await readOnTwoNodes(world)
    const error = new Error("secret")
    running.source.push("c").fail(error)
    expect(await endOf(world, running)).toBe(`c\n${told("failed", "failed")}`)
    const state = await running.answer.ended
    expect(state).toMatchObject({ status: "failed", detail: "failed", last: running.clients[0]!.cursor })
    expect([running.one.errors, running.two.errors]).toEqual([[error], []])
    expect(running.one.store.appendsOf("42").map(({ end }) => end?.status)).toEqual([undefined, "failed"])
    expect(running.source.signal!.aborted).toBe(false)
  })

  test.each(["one", "two"] as const)(
    "createAnswers ends a cancelled answer for every reader, if node %s cancels",
    async (node) => {
      const world = await open()
      const running = await readOnTwoNodes(world)
      const last = running.clients[0]!.cursor
      expect(await running[node].answers.cancel("42", "enough")).toBe(true)
      expect(await running[node].answers.cancel("42", "again")).toBe(false)
      expect(await endOf(world, running)).toBe(told("cancelled", "enough"))
      await world.until(() => running.source.signal!.aborted)
      expect((running.source.signal!.reason as Error).name).toBe("AbortError")
      expect(running.clients[0]!.cursor).toBe(`${last}.end`)
      // What comes after it is not stored.
      running.source.push("late").end()
      expect(await running.answer.ended).toMatchObject({ status: "cancelled", detail: "enough", last })
      for (const { answers } of [running.one, running.two]) {
        // A client that has all events, but not the end.
        const client = await join(answers, "42", { cursor: last })
        await world.until(() => client.ending === "clean")
        expect([client.seen, client.ids]).toEqual([[told("cancelled", "enough")], [`${last}.end`]])
      }
      expect([running.one.errors, running.two.errors]).toEqual([[], []])
    },
  )

  test("createAnswers ends an answer whose producer is gone as lost, within its lease and a second, and calls onLost once", async () => {
    const world = await open()
    const onLost = vi.fn<(id: string) => void>()
    const begin = world.now()
    const running = await readOnTwoNodes(world, { onLost })
    const { one, clients } = running
    one.store.isDown = true
    one.store.isDeaf = true
    const [, , ...others] = clients
    await world.pass(world.lease * 0.9)
    const endings = others.map(({ ending }) => ending)
    if (world.now() - begin < world.lease) expect(endings).toEqual(["open", "open"])
    await world.pass(world.lease * 0.1 + 1_000)
    await world.until(() => others.every(({ ending }) => ending === "clean"))
    expect(others.map(({ seen }) => seen)).toEqual(others.map(() => ["a", "b", told("lost")]))
    expect(onLost.mock.calls).toEqual([["42"]])
    one.store.isDown = false
    one.store.isDeaf = false
    running.source.push("late").end()
    await world.pass(world.lease + 1_000)
    expect(await endOf(world, running)).toBe(told("lost"))
    expect(await running.answer.ended).toMatchObject({ status: "lost" })
    // Once for each node.
    expect(onLost.mock.calls).toEqual([["42"], ["42"]])
    expect(running.source.signal!.aborted).toBe(true)
  })

  test("createAnswers fails an answer above its limit, and stops its source", async () => {
    const world = await open()
    const limited = { limit: 60 }
    const running = await readOnTwoNodes(world, limited)
    running.source.push("c", "x".repeat(60), "d")
    expect(await endOf(world, running)).toBe(`c\n${told("failed", "limit")}`)
    expect(await running.answer.ended).toMatchObject({ status: "failed", detail: "limit" })
    expect(running.one.errors).toEqual([expect.objectContaining({ name: "SseStoreError", code: "limit" })])
    expect([running.source.isLeft, running.source.taken]).toEqual([true, 4])
    expect(running.source.signal!.aborted).toBe(true)
  })

  test("createAnswers counts the limit in bytes of UTF-8", async () => {
    const world = await open()
    const { answers } = await world.node({ limit: 100 })
    const text = "€".repeat(31)
    const state = async (id: string, ...data: string[]) =>
      (await answers.start(id, new TestSource().push(...data).end().make)).ended
    // 31 characters of three bytes, and "data: " and two line ends around them.
    expect(await state("101", text)).toMatchObject({ status: "failed", detail: "limit" })
    expect(await state("98", text.slice(1))).toMatchObject({ status: "done" })
  })

  test("createAnswers sends the end to a client that is behind only after the last event", async () => {
    const world = await open()
    const [one, two] = [await world.node(), await world.node()]
    const source = new TestSource().push("a", "b", "c")
    await one.answers.start("42", source.make)
    await world.until(() => one.answers.stats().stored === 3)
    const clients = await Promise.all([one, two].map(({ answers }) => join(answers, "42", { room: 2 })))
    await one.answers.cancel("42")
    await world.pass(50)
    for (const client of clients) {
      expect(client.ending).toBe("open")
      client.take()
    }
    await world.until(() => clients.every(({ ending }) => ending === "clean"))
    for (const client of clients) expect(client.seen).toEqual(["a", "b", "c", told("cancelled")])
  })

  test("createAnswers resolves ended for a reader of another node, whatever the end", async () => {
    const world = await open()
    const { one, two, source, answer } = await readOnTwoNodes(world)
    const reader = await two.answers.start("42", () => [])
    source.fail(new Error("x"))
    expect(await reader.ended).toEqual(await answer.ended)
    expect(reader.ended).toBe(reader.ended)
    const cancelled = await one.answers.start("43", new TestSource().make)
    const other = await two.answers.start("43", () => [])
    const { ended } = other
    await other.cancel("from there")
    expect(await ended).toMatchObject({ status: "cancelled", detail: "from there" })
    expect(await cancelled.ended).toEqual(await ended)
  })

  test("createAnswers resolves ended and ends the sessions as lost, if the store has lost the answer", async () => {
    const world = await open()
    const { one, two, source, answer, clients } = await readOnTwoNodes(world)
    const { ended } = await two.answers.start("42", () => [])
    await two.store.drop("answer:42")
    expect(await ended).toMatchObject({ status: "lost" })
    await world.until(() => clients.every(({ ending }) => ending === "clean"))
    for (const { seen } of clients) expect(seen).toEqual(["a", "b", told("lost")])
    source.push("c").end()
    expect(await answer.ended).toMatchObject({ status: "lost" })
    for (const { answers } of [one, two]) expect(await connect(answers, "42")).toBe(404)
  })
})
