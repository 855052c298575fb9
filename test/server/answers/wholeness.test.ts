import { encodeEvent, readEvents, defineEvents, text } from "steadystream"
import { readChatCompletions, readResponses, relay } from "steadystream/openai"
import { type AnswerState, createAnswers, type MakeAnswer } from "steadystream/server"
import { expect, test } from "vitest"
import { join, TestSource } from "../../support/answer-client.ts"
import { answersInTime, describeStores } from "../../support/answer-worlds.ts"
import { all, chat, DONE, events, eventStream, HELLO } from "../../support/streams.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

const typed = (data: Record<string, unknown> & { type: string }) =>
  encodeEvent({ event: data.type, data: JSON.stringify(data) })
const choice = (index: number, finish: string | null) => ({
  model: "m",
  choices: [{ index, delta: { content: "a" }, finish_reason: finish }],
})
const error = { error: { message: "boom", code: "overloaded" } }

/** What a reader says of the events that an answer has stored. */
async function isReadAsWhole(source: string, body: string): Promise<boolean> {
  const stream: AsyncIterable<unknown> = source.includes("response.") ? readResponses(body) : readChatCompletions(body)
  try {
    for await (const _ of stream);
    return true
  } catch {
    return false
  }
}

async function endOf(make: MakeAnswer): Promise<{ state: AnswerState; body: string; reports: unknown[] }> {
  const reports: unknown[] = []
  const answers = createAnswers({ onError: (reported) => reports.push(reported) })
  const state = await (await answers.start("42", make)).ended
  const response = await answers.respond(new Request("https://example.com/"), "42")
  return { state, body: await response.text(), reports }
}

const half = "data: [DONE]"
const cases: [what: string, source: string, status: string, detail: string | undefined][] = [
  ["is whole", HELLO + DONE, "done", undefined],
  ["has an error before its end mark", events(chat({ content: "a" }), error) + DONE, "failed", "provider"],
  ["has only an error and an end mark", events(error) + DONE, "failed", "provider"],
  ["has the finish reason error", events(chat({ content: "a" }, "error")) + DONE, "failed", "provider"],
  ["has an error of a choice", events({ ...choice(0, null), choices: [error] }) + DONE, "failed", "provider"],
  ["is cut with one of two choices", events(choice(0, "stop"), choice(1, null)), "failed", "incomplete"],
  ["has both of two choices", events(choice(0, "stop"), choice(1, "stop")), "done", undefined],
  ["has an empty finish reason", events(choice(0, "")), "failed", "incomplete"],
  ["begins with a ping and is cut", events({ type: "ping" }, chat({ content: "a" })), "failed", "incomplete"],
  ["begins with an empty object and is cut", events({}, chat({ content: "a" })), "failed", "incomplete"],
  ["lacks the blank line after its end mark", HELLO + half, "done", undefined],
  ["lacks the blank line after the line of its end mark", `${HELLO}${half}\n`, "done", undefined],
  ["lacks the blank line after its last chunk", HELLO.slice(0, -2), "done", undefined],
  ["is cut inside its last chunk", HELLO.slice(0, -20), "failed", "truncated"],
  ["has a line after its end", `${HELLO}${DONE}id: 5\n`, "done", undefined],
  ["has an error after its end mark", HELLO + DONE + events(error), "done", undefined],
  [
    "is a completed response that has failed",
    typed({ type: "response.created" }) + typed({ type: "response.completed", response: { status: "failed" } }),
    "failed",
    "provider",
  ],
  [
    "is a response with an error and an end mark",
    typed({ type: "response.created" }) + typed({ type: "error", message: "m" }) + DONE,
    "failed",
    "provider",
  ],
  [
    "is a response whose types are only in the field of the stream",
    "event: response.created\ndata: {}\n\nevent: response.output_text.delta\ndata: {}\n\n",
    "failed",
    "incomplete",
  ],
]

test.each(cases)("createAnswers takes an answer that %s as its readers do", async (_, source, status, detail) => {
  const { state, body } = await endOf(() => eventStream(source))
  expect([state.status, state.detail]).toEqual([status, detail])
  expect(await isReadAsWhole(source, body)).toBe(status === "done")
})

test("createAnswers ends an answer at the end mark of a provider that leaves the connection open", async () => {
  let isCancelled = false
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(HELLO + DONE)),
    cancel: () => void (isCancelled = true),
  })
  const { state } = await endOf(() => eventStream(body))
  expect([state.status, isCancelled]).toEqual(["done", true])
})

test("createAnswers takes nothing from an answer whose connection breaks after its end mark", async () => {
  const broken = async function* () {
    yield HELLO + DONE
    throw new Error("reset")
  }
  const { state, body, reports } = await endOf(broken)
  expect([state.status, body.includes("error"), reports]).toEqual(["done", false, [new Error("reset")]])
})

test("createAnswers writes its own end after an event of the type error, if the source fails later", async () => {
  const { state, body } = await endOf(async function* () {
    yield { data: "a" }
    yield { event: "error", data: "a tool failed, going on" }
    throw new Error("net")
  })
  expect(state.status).toBe("failed")
  const contract = defineEvents({ message: text(), error: text() })
  const reading = (async () => {
    for await (const _ of readEvents(body, { events: contract }));
  })()
  await expect(reading).rejects.toMatchObject({ name: "SseProviderError" })
})

test("createAnswers keeps a character whose halves come in two pieces of text", async () => {
  const source = events(chat({ content: "a😀b" }, "stop")) + DONE
  const at = source.indexOf("😀") + 1
  const pieces = async function* () {
    yield source.slice(0, at)
    yield source.slice(at)
  }
  const { body } = await endOf(pieces)
  expect(body).toContain("a😀b")
  expect(
    (
      await endOf(async function* () {
        yield "data: \ud83d"
      })
    ).state.status,
  ).toBe("failed")
})

test("createAnswers fails if its source is a response that was read in part", async () => {
  const make = async () => {
    const response = eventStream(HELLO)
    const reader = response.body!.getReader()
    await reader.read()
    reader.releaseLock()
    return response
  }
  const { state, reports } = await endOf(make)
  expect(state.status).toBe("failed")
  expect(reports).toEqual([expect.objectContaining({ name: "TypeError" })])
})

const relays: [what: string, ended: unknown, status: string][] = [
  ["has no outcome", Promise.resolve(null), "done"],
  ["rejects", Promise.reject(new Error("x")), "failed"],
]
for (const [, ended] of relays) (ended as Promise<unknown>).catch(() => {})
test.each(relays)("createAnswers ends an answer whose relay %s", async (_, ended, status) => {
  const source = {
    async *[Symbol.asyncIterator]() {
      yield { data: "1" }
    },
    toReadableStream() {},
    ended,
  }
  expect((await endOf(() => source as never)).state.status).toBe(status)
})

test("createAnswers ends an answer whose source throws what cannot be looked at", async () => {
  const refuse = () => {
    throw new Error("refused")
  }
  const hostile = new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse, getOwnPropertyDescriptor: refuse })
  const { state } = await endOf(async function* () {
    yield { data: "1" }
    throw hostile
  })
  expect(state).toMatchObject({ status: "failed", detail: "failed" })
})

const dialects = ["chat", "completions", "responses"] as const
describeStores("createAnswers with a relay", (open) => {
  test.each(dialects)(
    "createAnswers ends an answer of the dialect %s that is cancelled before its first event with its error",
    async (dialect) => {
      const world = await open()
      const [one, two] = [await world.node(), await world.node()]
      const silent = () => eventStream(new ReadableStream({}))
      await one.answers.start("42", (signal) => relay(silent, { signal, dialect }))
      const early = await join(two.answers, "42")
      await world.until(() => one.store.appendsOf("42").length === 1)
      const client = await join(two.answers, "42")
      expect([one.answers.stats().stored, early.seen, client.seen]).toEqual([0, [], []])
      await one.answers.cancel("42", "stop")
      await world.until(() => [early, client].every(({ ending }) => ending === "clean"))
      for (const { text: body } of [early, client]) {
        const stream: AsyncIterable<unknown> = dialect === "responses" ? readResponses(body) : readChatCompletions(body)
        await expect(all(stream)).rejects.toMatchObject({ error: { code: "cancelled" } })
        expect(body).not.toContain("steadystream")
      }
    },
  )

  test("start() with takeOver passes make() only entries that are events", async () => {
    const world = await open()
    const { answers } = await world.node()
    await answers.start("42", (signal) => relay(() => eventStream(new ReadableStream({})), { signal }))
    await world.until(() => answers.stats().appends === 1)
    let stored: readonly unknown[] | undefined
    const make: MakeAnswer = (_signal, { events: found }) => {
      stored = found
      return eventStream(HELLO + DONE)
    }
    const answer = await answers.start("42", make, { takeOver: true })
    expect([(await answer.ended).status, stored]).toEqual(["done", []])
    const client = await join(answers, "42")
    await world.until(() => client.ending === "clean")
    expect(client.data).toHaveLength(4)
  })
})

test("createAnswers finds the dialect of an answer that begins with other events, on each node", async () => {
  const { answers, world } = await answersInTime()
  const other = await world.node()
  const source = new TestSource().push('{"type":"ping"}', JSON.stringify(chat({ content: "half" })))
  await answers.start("42", source.make)
  await world.until(() => answers.stats().stored === 2)
  const client = await join(other.answers, "42")
  await answers.cancel("42")
  await world.until(() => client.ending === "clean")
  expect(client.data.at(-1)).toContain('"code":"cancelled"')
  expect(client.data.at(-1)).not.toContain("status")
})

test("createAnswers looks for the dialect in the first events only", async () => {
  const { answers, world } = await answersInTime()
  const own = Array.from({ length: 16 }, (_, at) => `{"step":${at}}`)
  const source = new TestSource().push(...own, JSON.stringify(chat({ content: "quoted" })))
  await answers.start("42", source.make)
  await world.until(() => answers.stats().stored === 17)
  const client = await join(answers, "42")
  await answers.cancel("42")
  await world.until(() => client.ending === "clean")
  expect(client.seen.at(-1)).toBe('steadystream.end {"status":"cancelled"}')
  const done = await endOf(() => eventStream(events(...own, chat({ content: "quoted" }))))
  expect(done.state.status).toBe("done")
})
