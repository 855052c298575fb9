import { expect, test } from "vitest"
import { readEvents } from "steadystream"
import type { Answers } from "steadystream/server"
import { connect, join, TestSource } from "../../support/answer-client.ts"
import { answersInTime, describeStores, type World } from "../../support/answer-worlds.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

const ALL = ["a", "b", "c", "d"]

/** An answer with the events a to d, of which some are stored at once. */
async function answerOf(world: World, stored = ALL.length) {
  const { answers, store } = await world.node()
  const source = new TestSource().push(...ALL.slice(0, stored))
  const answer = await answers.start("42", source.make)
  await world.until(() => answers.stats().stored === stored)
  const page = await store.read("answer:42", "start")
  return { answers, answer, source, store, cursors: [page.state.first, ...page.events.map(({ cursor }) => cursor)] }
}

const request = (cursor = "", url = "http://x/", init: RequestInit = {}) =>
  new Request(url, { headers: { "last-event-id": cursor }, ...init })

async function dataOf(response: Response): Promise<string[]> {
  return (await Array.fromAsync(readEvents(response))).map(({ event, data }) => (event === "message" ? data : event))
}

describeStores("respond()", (open) => {
  test("respond() sends a running answer from its first event, and ends it with the answer", async () => {
    const world = await open()
    const { answers, source } = await answerOf(world, 2)
    const client = await join(answers, "42")
    await world.until(() => client.seen.length === 2)
    source.push("c", "d").end()
    await world.until(() => client.ending === "clean")
    expect(client.seen).toEqual(ALL)
    expect(new Set(client.ids).size).toBe(4)
  })

  test("respond() goes on after each cursor, while the answer runs and after its end", async () => {
    const world = await open()
    const { answers, source, cursors } = await answerOf(world)
    const running = await Promise.all(cursors.map((cursor) => join(answers, "42", { cursor })))
    source.end()
    await world.until(() => running.every(({ ending }) => ending === "clean"))
    for (const [at, client] of running.entries()) {
      expect(client.seen).toEqual(ALL.slice(at))
      expect(client.ids).toEqual(cursors.slice(at + 1))
    }
    for (const [at, cursor] of cursors.entries()) {
      const response = await answers.respond(request(cursor), "42")
      expect(response.status).toBe(at === ALL.length ? 204 : 200)
      if (at < ALL.length) expect(await dataOf(response)).toEqual(ALL.slice(at))
      else expect(response.body).toBe(null)
    }
  })

  test.each([
    ["is no cursor", () => "nonsense", "unknown"],
    ["is a word of the store", () => "end", "unknown"],
    ["is of another log", () => "other-2", "epoch"],
    ["is in the future", (last: string) => last.replace(/\d+$/, "9"), "future"],
    ["is forged with an end", (last: string) => `${last.replace(/\d+$/, "9")}.end`, "future"],
    ["is only an end", () => ".end", undefined],
  ])("respond() answers a cursor that %s by one gap and the whole answer", async (_, cursorOf, reason) => {
    const world = await open()
    const { answers, source, cursors } = await answerOf(world)
    const { answers: other } = await world.node()
    const secret = await other.start("43", new TestSource().push("secret").make)
    const clients = await Promise.all(
      [answers, other].map((node) => join(node, "42", { cursor: cursorOf(cursors.at(-1)!) })),
    )
    await world.until(() => clients.every(({ seen }) => seen.length >= 4))
    source.end()
    await world.until(() => clients.every(({ ending }) => ending === "clean"))
    for (const client of clients) {
      const { events } = client.read
      const [gap] = events
      expect(client.seen.slice(-4)).toEqual(ALL)
      expect(client.seen.length).toBe(reason === undefined ? 4 : 5)
      if (reason !== undefined) {
        expect([gap!.event, JSON.parse(gap!.data)]).toEqual([
          "steadystream.gap",
          expect.objectContaining({ reason, resumesAt: cursors[0] }),
        ])
      }
    }
    await secret.cancel()
  })

  test("respond() answers 404 for an unknown ID, whatever the cursor, and creates nothing", async () => {
    const world = await open()
    const { answers, store, cursors } = await answerOf(world)
    for (const cursor of ["", cursors[2]!, "nonsense"]) expect(await connect(answers, "43", { cursor })).toBe(404)
    expect((await answers.respond(request(), "43")).status).toBe(404)
    expect((await store.read("answer:43", "start")).state.status).toBe("open")
  })

  test("respond() sends an answer without an event, and then answers 204", async () => {
    const world = await open()
    const { answers } = await world.node()
    await (
      await answers.start("42", () => [])
    ).ended
    const client = await join(answers, "42")
    await world.until(() => client.ending === "clean")
    expect([client.seen, client.cursor]).toEqual([[], expect.stringMatching(/-0$/)])
    expect(await connect(answers, "42", { cursor: client.cursor })).toBe(204)
  })
})

/** Answers with one that is done. */
async function doneAnswer() {
  const { answers, clock } = await answersInTime({ maxSessions: 2 })
  await (
    await answers.start("42", () => ALL.map((data) => ({ data })))
  ).ended
  return { answers, clock }
}

test("respond() with ended: 204 sends no whole answer that has ended, but the rest of one", async () => {
  const { answers } = await doneAnswer()
  expect(await connect(answers, "42", { ended: 204 })).toBe(204)
  const client = await join(answers, "42", { ended: 200 })
  expect(client.seen).toEqual([])
  const rest = await answers.respond(request("other-1"), "42", { ended: 204 })
  expect(await dataOf(rest)).toEqual(["steadystream.gap", ...ALL])
  const running = await answers.start("43", new TestSource().push("x").make)
  const response = await running.respond(request(), { ended: 204 })
  expect(response.status).toBe(200)
  await response.body!.cancel()
  await running.cancel()
})

test("respond() reads the cursor from the header, and otherwise from the query", async () => {
  const { answers } = await doneAnswer()
  const ids = (await Array.fromAsync(readEvents(await answers.respond(request(), "42")))).map(({ id }) => id!)
  const read = async (cursor: string, query: string) =>
    dataOf(await answers.respond(request(cursor, `http://x/?lastEventId=${query}`), "42"))
  expect(await read("", ids[1]!)).toEqual(["c", "d"])
  expect(await read(ids[2]!, ids[1]!)).toEqual(["d"])
})

test("respond() answers HEAD with the headers only", async () => {
  const { answers } = await doneAnswer()
  const response = await answers.respond(request("", "http://x/", { method: "HEAD" }), "42")
  expect([response.status, response.body]).toEqual([200, null])
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8")
  expect(answers.stats().sessions).toBe(0)
})

test("respond() answers HEAD with the status of GET, without a body", async () => {
  const { answers } = await doneAnswer()
  const events = await Array.fromAsync(readEvents(await answers.respond(request(), "42")))
  const head = (cursor: string, id: string) => answers.respond(request(cursor, "http://x/", { method: "HEAD" }), id)
  const unknown = await head("", "43")
  expect([unknown.status, unknown.body]).toEqual([404, null])
  const over = await head(events.at(-1)!.id!, "42")
  expect([over.status, over.body]).toEqual([204, null])
})

test("respond() answers 503 with a time to come back above maxSessions and after closeAll()", async () => {
  const { answers, clock } = await answersInTime({ maxSessions: 2 })
  const source = new TestSource()
  await answers.start("42", source.make)
  const clients = [await join(answers, "42"), await join(answers, "42")]
  const refused = await answers.respond(request(), "42")
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"])
  clients[0]!.leave()
  expect(answers.stats()).toMatchObject({ sessions: 1, running: 1, started: 1 })
  clients.push(await join(answers, "42"))
  const closed = answers.closeAll({ within: 10 })
  expect(await connect(answers, "42")).toBe(503)
  await clock.advance(1_000)
  await closed
  expect((await answers.respond(request(), "42")).status).toBe(503)
})

test("respond() breaks the connection when its signal or that of the request aborts, and the answer goes on", async () => {
  const { answers, world } = await answersInTime()
  const source = new TestSource().push("a")
  const answer = await answers.start("42", source.make)
  const stop = new AbortController()
  const reason = new Error("stop")
  const client = await join(answers, "42", { signal: stop.signal })
  const response = await answers.respond(request("", "http://x/", { signal: stop.signal }), "42")
  const body = response.text()
  await world.until(() => client.seen.length === 1)
  stop.abort(reason)
  expect([client.ending, client.error]).toEqual(["broken", reason])
  await expect(body).rejects.toBe(reason)
  const late = await join(answers, "42", { signal: stop.signal })
  expect([late.ending, late.text]).toEqual(["broken", ""])
  source.push("b").end()
  expect(await answer.ended).toMatchObject({ status: "done" })
})

test("respond() adds headers, and refuses options that are not valid", async () => {
  const { answers } = await doneAnswer()
  const headers = { "x-answer": "42", "cache-control": "private" }
  const response = await answers.respond(request(), "42", { headers })
  expect([response.headers.get("x-answer"), response.headers.get("cache-control")]).toEqual([
    "42",
    "private, no-transform",
  ])
  await response.body!.cancel()
  const refused = await answers.respond(request(), "43", { headers })
  expect([refused.status, refused.headers.get("x-answer")]).toEqual([404, "42"])
  const call = (options: object) => answers.respond(request(), "42", options)
  await expect(call({ ended: 410 })).rejects.toThrow('"ended" must be 200 or 204')
  await expect(call({ signal: {} })).rejects.toThrow('"signal" must be')
  await expect(call({ since: "start" })).rejects.toThrow('"since" is unknown')
  await expect(answers.respond(request(), "")).rejects.toThrow("its ID must be a string")
})

test("respond() and stats() count sessions, events and gaps of this node", async () => {
  const { answers } = await doneAnswer()
  for (const cursor of ["", "other-1"]) await dataOf(await answers.respond(request(cursor), "42"))
  expect(answers.stats()).toEqual({
    running: 0,
    started: 1,
    ended: { done: 1, failed: 0, cancelled: 0, lost: 0 },
    stored: 4,
    appends: 1,
    sessions: 0,
    behind: 0,
    delivered: 8,
    replayed: 8,
    gaps: { unknown: 0, epoch: 1, trimmed: 0, future: 0 },
    droppedSlow: 0,
    storeErrors: 0,
  })
})

test("respond() rejects if the store cannot be reached, and counts it", async () => {
  const { answers, store } = await answersInTime()
  store.isDown = true
  const calls: ((answers: Answers) => Promise<unknown>)[] = [
    (all) => all.respond(request(), "42"),
    (all) => all.start("42", () => []),
    (all) => all.cancel("42"),
    (all) => all.state("42"),
  ]
  for (const call of calls) await expect(call(answers)).rejects.toMatchObject({ code: "store-unavailable" })
  expect(answers.stats().storeErrors).toBe(4)
})
