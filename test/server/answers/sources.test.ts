import { Readable } from "node:stream"
import { defineEvents, text } from "steadystream"
import { relay } from "steadystream/openai"
import { createAnswers, eventStreamResponse, type MakeAnswer, type Session } from "steadystream/server"
import { expect, test } from "vitest"
import { z } from "zod"
import { join, TestSource } from "../../support/answer-client.ts"
import { answersInTime, describeStores } from "../../support/answer-worlds.ts"
import { chat, DONE, eventStream, events } from "../../support/streams.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

const TEXT = ":x\n\nretry: 5\n\nid: 1\ndata: a€😀\n\nevent: note\ndata: b\ndata: c\nid: 2\n\ndata\n\n"
/** What is kept of it. */
const KEPT = ["data: a€😀\n\n", "event: note\ndata: b\ndata: c\n\n", "data:\n\n"]

const bytes = (value: string) => new TextEncoder().encode(value)
const streamOf = <Item>(items: readonly Item[]) =>
  new ReadableStream<Item>({
    start(controller) {
      for (const item of items) controller.enqueue(item)
      controller.close()
    },
  })
async function* generate<Item>(items: readonly Item[]) {
  yield* items
}
const INITS = [
  { comment: "x" },
  { retry: 5 },
  { data: "a€😀", id: "1" },
  { event: "note", data: "b\nc", id: "2", comment: "y" },
  { data: "" },
]

const sources: [what: string, make: () => unknown][] = [
  ["an array of events", () => INITS],
  ["a generator of events", () => generate(INITS)],
  ["a stream of events", () => streamOf(INITS)],
  ["a promise of a generator", async () => generate(INITS)],
  ["text", () => generate([TEXT])],
  ["an array of text", () => [TEXT]],
  ["a stream of text", () => streamOf([TEXT])],
  ["a stream of bytes", () => new Response(TEXT).body],
  ["bytes that are cut at every place", () => streamOf([...bytes(TEXT)].map((byte) => Uint8Array.of(byte)))],
  ["text that is cut at every place", () => streamOf(TEXT.split(/(?:)/u))],
  ["lines that end with CRLF, cut everywhere", () => streamOf(TEXT.replaceAll("\n", "\r\n").split(/(?:)/u))],
  ["a stream of Node", () => Readable.from([Buffer.from(TEXT)])],
  ["a response", () => eventStream(TEXT)],
  ["a response of this package", () => eventStreamResponse(INITS)],
  ["events and text in turns", () => [INITS[0], INITS[2], "event: note\ndata: b\n", "data: c\n\n", INITS[4]]],
  [
    "an async function of a session",
    () => async (session: Session) => {
      for (const init of INITS) await session.send(init)
    },
  ],
  [
    "a function that does not await",
    () => async (session: Session) => {
      for (const init of INITS) void session.send(init)
    },
  ],
  ["a function that returns a generator", () => () => generate(INITS)],
  [
    "a function that closes its session later",
    () => (session: Session) => {
      void session.comment("x")
      setImmediate(() => {
        for (const init of INITS) void session.send(init)
        session.close()
      })
    },
  ],
]

describeStores("createAnswers", (open) => {
  test.each(sources)("createAnswers stores the events of %s without IDs, times and comments", async (_, make) => {
    const world = await open()
    const { answers, store, errors } = await world.node()
    const answer = await answers.start("42", make as MakeAnswer)
    expect(await answer.ended).toMatchObject({ status: "done" })
    const { events: stored } = await store.read("answer:42", "start")
    expect(stored.map((event) => event.text)).toEqual(KEPT)
    expect(errors).toEqual([])
  })

  test("createAnswers writes a chat answer that every cut of its bytes leaves the same", async () => {
    const world = await open()
    const { answers } = await world.node()
    const whole = bytes(events(chat({ content: "a€😀" }), chat({}, "stop")) + DONE)
    const texts = new Set<string>()
    for (let cut = 1; cut < whole.length; cut += 7) {
      const id = `${cut}`
      const pieces = [whole.slice(0, cut), whole.slice(cut)]
      expect(await (await answers.start(id, () => streamOf(pieces))).ended).toMatchObject({ status: "done" })
      const client = await join(answers, id)
      await world.until(() => client.ending === "clean")
      texts.add(client.seen.join("\n"))
    }
    expect(texts.size).toBe(1)
  })
})

/** The end of an answer, what readers get, and what was reported. */
async function endOf(make: unknown, options: Parameters<typeof answersInTime>[0] = {}) {
  const { answers, errors, world } = await answersInTime(options)
  const answer = await answers.start("42", make as MakeAnswer)
  let state: unknown
  void answer.ended.then((end) => (state = end))
  await world.until(() => state)
  const client = await join(answers, "42")
  await world.until(() => client.ending === "clean")
  return { state, seen: client.seen, errors }
}

const failed = (detail: string) => `steadystream.end {"status":"failed","detail":"${detail}"}`

const broken: [what: string, make: () => unknown, detail: string, seen: string[], error: unknown][] = [
  [
    "is a stream of bytes that breaks",
    () => {
      let pulls = 0
      return new ReadableStream({
        pull(controller) {
          if (pulls++ === 0) controller.enqueue(bytes("data: a\n\ndata: b"))
          else controller.error(new Error("cut"))
        },
      })
    },
    "failed",
    ["a"],
    new Error("cut"),
  ],
  ["has an item that is no event", () => [{ data: "a" }, 5], "failed", ["a"], expect.any(TypeError)],
  ["has data that is no text", () => [{ data: { a: 1 } }], "failed", [], expect.any(TypeError)],
  [
    "is a response with an error",
    () => new Response("no", { status: 500 }),
    "response",
    [],
    expect.objectContaining({ code: "response" }),
  ],
  [
    "is a response that is no stream",
    () => Response.json({}),
    "content-type",
    [],
    expect.objectContaining({ code: "content-type" }),
  ],
  ["is a function that throws", () => () => raise(), "failed", [], new Error("of the source")],
  ["is an async function that throws", () => async () => raise(), "failed", [], new Error("of the source")],
  ["is a function that returns an event", () => () => ({ data: "a" }), "failed", [], expect.any(TypeError)],
  ["is a locked stream", () => lockedStream(), "failed", [], expect.any(TypeError)],
  [
    "throws null",
    async () => {
      throw null
    },
    "failed",
    [],
    null,
  ],
]
test.each(broken)("createAnswers fails an answer whose source %s", async (_, make, detail, seen, error) => {
  const end = await endOf(make)
  expect(end.state).toMatchObject({ status: "failed", detail })
  expect(end.seen).toEqual([...seen, failed(detail)])
  expect(end.errors).toEqual([error])
})

function raise(): never {
  throw new Error("of the source")
}

function lockedStream(): ReadableStream {
  const stream = streamOf(["data: a\n\n"])
  stream.getReader()
  return stream
}

test("createAnswers checks and encodes events with its contract, but not text", async () => {
  const contract = defineEvents({ note: z.object({ n: z.number() }), done: text() })
  const answers = createAnswers({ events: contract, onError: () => {} })
  const read = async (id: string) => (await answers.respond(new Request("http://x/"), id)).text()
  const good = await answers.start("good", async function* () {
    yield { event: "note", data: { n: 1 } }
    yield { event: "done", data: "ok" }
  })
  expect(await good.ended).toMatchObject({ status: "done" })
  expect(await read("good")).toMatch(/event: note\ndata: \{"n":1\}\n\nid: \S+\nevent: done\ndata: ok\n\n$/)
  const bad = await answers.start("bad", () => [{ event: "done", data: 5 } as never])
  expect(await bad.ended).toMatchObject({ status: "failed" })
  const raw = await answers.start("raw", () => streamOf(["event: other\ndata: 5\n\n"]))
  expect(await raw.ended).toMatchObject({ status: "done" })
  expect(await read("raw")).toContain("event: other\ndata: 5\n")
  await answers.closeAll()
})

test("createAnswers fails an answer of a function that sends far more than it awaits", async () => {
  const { state, errors } = await endOf(() => async (session: Session) => {
    for (let n = 0; n < 5_000; n++) void session.send({ data: `${n}` })
    await session.closed
  })
  expect(state).toMatchObject({ status: "failed", detail: "slow-consumer" })
  expect(errors).toEqual([expect.objectContaining({ code: "slow-consumer" })])
})

test("createAnswers fails an answer with an event that is too large for a parser", async () => {
  const { state, errors } = await endOf(() => streamOf(["data: a\n\n", `data: ${"x".repeat(17_000_000)}`, "\n\n"]), {
    limit: 100_000_000,
  })
  expect(state).toMatchObject({ status: "failed", detail: "limit" })
  expect(errors).toHaveLength(1)
})

test("createAnswers stops each kind of source when the answer is cancelled", async () => {
  const { answers, world, errors } = await answersInTime()
  const stopped: string[] = []
  const note = (what: string) => () => void stopped.push(what)
  const source = new TestSource().push("a")
  const silent = (what: string) => new ReadableStream({ cancel: note(what) })
  const makes: Record<string, MakeAnswer> = {
    iterable: source.make,
    stream: () => silent("stream"),
    response: () => new Response(silent("response"), { headers: { "content-type": "text/event-stream" } }),
    relay: () => relay(async () => new Response(silent("relay"), { headers: { "content-type": "text/event-stream" } })),
    function: () => (session) => session.signal.addEventListener("abort", note("function")),
    signal: (signal) => new Promise(() => signal.addEventListener("abort", note("signal"))),
  }
  for (const [id, make] of Object.entries(makes)) await answers.start(id, make)
  await world.until(() => source.taken === 1)
  for (const id of Object.keys(makes)) await answers.cancel(id)
  source.push("b")
  await world.until(() => source.isLeft && stopped.length === 5)
  expect(stopped.toSorted()).toEqual(["function", "relay", "response", "signal", "stream"])
  expect(errors).toEqual([])
  expect(answers.stats()).toMatchObject({ running: 0, ended: { cancelled: 6 } })
})

test("createAnswers reports nothing of a source that fails because it was stopped", async () => {
  const { answers, world, errors } = await answersInTime()
  const answer = await answers.start("42", async function* (signal: AbortSignal) {
    yield { data: "a" }
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))))
  })
  await world.until(() => answers.stats().stored === 1)
  await answer.cancel()
  expect(await answer.ended).toMatchObject({ status: "cancelled" })
  await world.pass(100)
  expect(errors).toEqual([])
})
