import { expect, test, vi } from "vitest"
import type { StoredAnswer } from "steadystream/server"
import { connect, join, TestSource } from "../../support/answer-client.ts"
import { describeStores, type World } from "../../support/answer-worlds.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

const end = (status: string) => `steadystream.end ${JSON.stringify({ status })}`

/** Two nodes, the first of which produces an answer with the events a and b. */
async function started(world: World, options: Parameters<World["node"]>[0] = {}) {
  const [one, two] = [await world.node(options), await world.node(options)]
  const source = new TestSource().push("a", "b")
  const answer = await one.answers.start("42", source.make)
  await world.until(() => one.answers.stats().stored === 2)
  const { last } = (await one.answers.state("42"))!
  return { one, two, source, answer, last }
}

/** A source for a takeover, and what `make` got. */
function taking() {
  const source = new TestSource()
  const got: StoredAnswer[] = []
  const make = (signal: AbortSignal, stored: StoredAnswer) => {
    got.push(stored)
    return source.make(signal)
  }
  return { source, got, make }
}

describeStores("start() with takeOver", (open) => {
  test("start() with takeOver goes on after what is stored, and the earlier producer changes nothing", async () => {
    const world = await open()
    const { one, two, source, answer, last } = await started(world)
    const client = await join(one.answers, "42")
    const { source: next, got, make } = taking()
    const taken = await two.answers.start("42", make, { takeOver: true })
    expect(taken.isProducer).toBe(true)
    expect(got).toEqual([
      {
        position: last,
        events: [expect.objectContaining({ data: "a" }), expect.objectContaining({ data: "b", id: last })],
      },
    ])
    source.push("late")
    next.push("c").end()
    expect(await taken.ended).toMatchObject({ status: "done" })
    await world.until(() => client.ending === "clean")
    expect(client.seen).toEqual(["a", "b", "c"])
    await world.until(() => source.signal!.aborted)
    expect((source.signal!.reason as Error).name).toBe("AbortError")
    expect(await answer.ended).toEqual(await taken.ended)
    expect([one.errors, two.errors]).toEqual([[], []])
  })

  test("start() with takeOver on the same node stops the earlier producer at once", async () => {
    const world = await open()
    const { one, source, answer } = await started(world)
    const client = await join(one.answers, "42")
    const { source: next, make } = taking()
    const taken = await one.answers.start("42", make, { takeOver: true })
    expect(source.signal!.aborted).toBe(true)
    await world.until(() => one.answers.stats().running === 1)
    next.push("c").end()
    expect(await answer.ended).toEqual(await taken.ended)
    await world.until(() => client.ending === "clean")
    expect(client.seen).toEqual(["a", "b", "c"])
    expect(one.answers.stats()).toMatchObject({ running: 0, started: 2, ended: { done: 1, lost: 0 } })
  })

  test("start() with takeOver of an unknown ID starts an answer", async () => {
    const world = await open()
    const { answers } = await world.node()
    const { source, got, make } = taking()
    const answer = await answers.start("42", make, { takeOver: true })
    source.push("a").end()
    expect(await answer.ended).toMatchObject({ status: "done" })
    expect(got).toEqual([{ position: expect.stringMatching(/-0$/), events: [] }])
  })

  test.each(["cancelled", "lost", "done"] as const)(
    "start() with takeOver reopens an answer that is %s, and no reader ends at its earlier end",
    async (status) => {
      const world = await open()
      const { one, two, source } = await started(world)
      // Both nodes know the end, and keep their readers of the log.
      const before = await Promise.all([one, two].map(({ answers }) => join(answers, "42")))
      if (status === "done") source.end()
      else if (status === "cancelled") await one.answers.cancel("42")
      else {
        one.store.isDown = true
        await world.pass(world.lease + 1_000)
        one.store.isDown = false
        for (let tries = 0; tries < 50 && before.some(({ ending }) => ending === "open"); tries++) {
          await world.pass(world.lease / 50)
        }
      }
      await world.until(() => before.every(({ ending }) => ending === "clean"))
      const { cursor } = before[0]!
      // News of the takeover does not arrive.
      for (const { store } of [one, two]) store.isDeaf = true
      const { source: next, got, make } = taking()
      const taken = await one.answers.start("42", make, { takeOver: true })
      const cursors = ["", got[0]!.position, cursor]
      const joining = [one, two].flatMap(({ answers }) => cursors.map((from) => join(answers, "42", { cursor: from })))
      const clients = await Promise.all(joining)
      for (const { store } of [one, two]) store.isDeaf = false
      await world.until(() => clients[0]!.seen.length === 2)
      expect(clients.map(({ ending }) => ending)).toEqual(clients.map(() => "open"))
      next.push("c", "d").end()
      expect(await taken.ended).toMatchObject({ status: "done" })
      await world.until(() => clients.every(({ ending }) => ending === "clean"))
      for (const [at, { seen }] of clients.entries()) {
        expect(seen).toEqual(at % 3 === 0 ? ["a", "b", "c", "d"] : ["c", "d"])
      }
      expect(await connect(two.answers, "42", { cursor: clients[0]!.cursor })).toBe(204)
    },
  )

  test("start() with takeOver of more events than one page brings all of them, and readers get all", async () => {
    const world = await open()
    const { one, two, source } = await started(world)
    source.end()
    const client = await join(two.answers, "42")
    await world.until(() => client.ending === "clean")
    two.store.isDeaf = true
    const many = Array.from({ length: 350 }, (_, n) => `${n}`)
    const { source: next, make } = taking()
    await one.answers.start("42", make, { takeOver: true })
    next.push(...many)
    await world.until(() => one.answers.stats().stored === 352)
    const reader = await join(two.answers, "42", { cursor: client.cursor })
    two.store.isDeaf = false
    const { got, make: again, source: rest } = taking()
    const third = await one.answers.start("42", again, { takeOver: true })
    expect(got[0]!.events.map(({ data }) => data)).toEqual(["a", "b", ...many])
    rest.push("end").end()
    await third.ended
    await world.until(() => reader.ending === "clean")
    expect(reader.seen).toEqual([...many, "end"])
  })

  test("start() with takeOver in onLost continues for clients that come back, again and again", async () => {
    const world = await open()
    const losses: string[] = []
    const onLost = (id: string) => void losses.push(id)
    const { one, two, last } = await started(world, { onLost })
    const lose = async (node: typeof one) => {
      node.store.isDown = true
      await world.pass(world.lease + 1_000)
    }
    let client = await join(two.answers, "42", { cursor: last })
    await lose(one)
    await world.until(() => client.ending === "clean")
    expect([client.seen, losses]).toEqual([[end("lost")], ["42"]])
    const three = await world.node()
    await three.answers.start("42", taking().make, { takeOver: true })
    client = await join(two.answers, "42", { cursor: client.cursor })
    await lose(three)
    await world.until(() => client.ending === "clean")
    expect([client.seen, losses]).toEqual([[end("lost")], ["42", "42"]])
    one.store.isDown = false
    three.store.isDown = false
  })

  test("start() with takeOver rejects if what is stored cannot be read, and the answer does not seem to run", async () => {
    const world = await open()
    const { one, two } = await started(world)
    const read = vi.spyOn(two.store, "read").mockRejectedValueOnce(new Error("no page"))
    const { make, got } = taking()
    await expect(two.answers.start("42", make, { takeOver: true })).rejects.toThrow("no page")
    read.mockRestore()
    expect(got).toEqual([])
    expect(await one.answers.state("42")).toMatchObject({ status: "lost" })
    expect(await join(one.answers, "42")).toBeDefined()
  })
})
