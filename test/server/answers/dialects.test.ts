import { expect, test } from "vitest"
import { encodeEvent } from "steadystream"
import {
  encodeError,
  readChatCompletions,
  readCompletions,
  readResponses,
  relay,
  type RelayOptions,
} from "steadystream/openai"
import type { MakeAnswer } from "steadystream/server"
import { type AnswerClient, connect, join, TestSource } from "../../support/answer-client.ts"
import { answersInTime, describeStores } from "../../support/answer-worlds.ts"
import { chat, DONE, eventStream, events } from "../../support/streams.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

interface Dialect {
  readonly name: NonNullable<RelayOptions["dialect"]>
  /** The texts of an answer that is not whole yet, and of its rest. */
  readonly begin: string
  readonly rest: string
  readonly read: (source: Response) => AsyncIterable<unknown>
}

const completion = (text: string, finish: string | null = null) => ({
  id: "cmpl-1",
  object: "text_completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, text, finish_reason: finish, logprobs: null }],
})
const typed = (data: Record<string, unknown> & { type: string }) =>
  encodeEvent({ event: data.type, data: JSON.stringify(data) })
const response = (status: string) => ({ id: "resp_1", object: "response", status, output: [] })

const dialects: readonly Dialect[] = [
  {
    name: "chat",
    begin: events(chat({ role: "assistant", content: "Hel" })),
    rest: events(chat({ content: "lo" }), chat({}, "stop")) + DONE,
    read: (source) => readChatCompletions(source),
  },
  {
    name: "completions",
    begin: events(completion("Hel")),
    rest: events(completion("lo", "stop")) + DONE,
    read: (source) => readCompletions(source),
  },
  {
    name: "responses",
    begin:
      typed({ type: "response.created", sequence_number: 0, response: response("in_progress") }) +
      typed({
        type: "response.output_text.delta",
        sequence_number: 1,
        output_index: 0,
        content_index: 0,
        delta: "Hel",
      }),
    rest: typed({ type: "response.completed", sequence_number: 2, response: response("completed") }),
    read: (source) => readResponses(source),
  },
]

/** The texts of the events of a client, without their IDs. */
const textsOf = (client: AnswerClient) => client.text.replaceAll(/^id: .*\n\n?|^:.*\n\n/gm, "")

/** The error that a reader of a dialect throws at the answer of a client, without its message. */
async function failureOf({ read }: Dialect, client: AnswerClient): Promise<unknown> {
  try {
    for await (const _ of read(eventStream(client.text)));
    return undefined
  } catch (error) {
    return (error as { error?: { code: unknown } }).error?.code ?? error
  }
}

/** An error as this package writes it. */
const errorText = ({ name }: Dialect, message: string, code: string) =>
  encodeError({ message, code }, { dialect: name, sequenceNumber: 2 })

/** What follows an error in the Responses dialect. */
const tail = ({ name }: Dialect, message: string, code: string) =>
  name === "responses"
    ? typed({
        type: "response.failed",
        sequence_number: 3,
        response: { object: "response", output: [], status: "failed", error: { code, message } },
      })
    : ""

describeStores("createAnswers", (open) => {
  test.each(dialects)("createAnswers passes a whole answer of the dialect $name on unchanged", async (dialect) => {
    const world = await open()
    const { answers } = await world.node()
    const whole = dialect.begin + dialect.rest
    const makes: MakeAnswer[] = [
      () => eventStream(whole),
      (signal) => relay(eventStream(whole), { signal, dialect: dialect.name }),
      () => new Response(whole).body!,
    ]
    for (const [at, make] of makes.entries()) {
      expect(await (await answers.start(`${at}`, make)).ended).toMatchObject({ status: "done" })
      const client = await join(answers, `${at}`)
      await world.until(() => client.ending === "clean")
      expect(textsOf(client)).toBe(whole)
      expect(await failureOf(dialect, client)).toBe(undefined)
    }
  })

  test.each(dialects)(
    "createAnswers ends a cut answer of the dialect $name with its error and no end mark",
    async (dialect) => {
      const world = await open()
      const { answers, errors } = await world.node()
      const message = "The answer could not be completed"
      const broken = async function* () {
        yield dialect.begin
        throw new Error("secret")
      }
      const makes: [code: string, make: MakeAnswer][] = [
        ["incomplete", () => eventStream(dialect.begin)],
        ["failed", broken],
      ]
      for (const [code, make] of makes) {
        const answer = await answers.start(code, make)
        expect(await answer.ended).toMatchObject({ status: "failed", detail: code })
        const client = await join(answers, code)
        await world.until(() => client.ending === "clean")
        const end = errorText(dialect, message, code) + tail(dialect, message, code)
        expect(textsOf(client)).toBe(dialect.begin + end)
        expect(client.text).not.toMatch(/\[DONE\]|secret/)
        expect(await failureOf(dialect, client)).toBe(code)
        expect(await connect(answers, code, { cursor: client.cursor })).toBe(204)
      }
      expect(errors).toEqual([new Error("secret")])
    },
  )

  test.each(dialects)(
    "createAnswers stores the error that a relay of the dialect $name writes, once",
    async (dialect) => {
      const world = await open()
      const { answers } = await world.node()
      const relayed = () => relay(eventStream(dialect.begin), { dialect: dialect.name, onError: () => undefined })
      const answer = await answers.start("42", relayed)
      expect(await answer.ended).toMatchObject({ status: "failed", detail: "truncated" })
      const client = await join(answers, "42")
      await world.until(() => client.ending === "clean")
      const direct = await relayed().toResponse().text()
      expect(textsOf(client)).toBe(direct.replaceAll(/^:.*\n\n/gm, ""))
      expect(await failureOf(dialect, client)).toBe("truncated")
    },
  )

  test.each(dialects)(
    "createAnswers ends a cancelled answer of the dialect $name with its error on each node",
    async (dialect) => {
      const world = await open()
      const [one, two] = [await world.node(), await world.node()]
      const source = new TestSource().add({ value: dialect.begin })
      await one.answers.start("42", source.make)
      const clients = await Promise.all([one, two].map(({ answers }) => join(answers, "42")))
      await world.until(() => clients.every(({ seen }) => seen.length > 0))
      await world.until(() => clients.every(({ cursor }) => cursor === clients[0]!.cursor))
      const { cursor } = clients[0]!
      await two.answers.cancel("42")
      const late = await join(two.answers, "42", { cursor })
      await world.until(() => [...clients, late].every(({ ending }) => ending === "clean"))
      const message = "The answer was cancelled"
      const end = errorText(dialect, message, "cancelled") + tail(dialect, message, "cancelled")
      for (const client of clients) expect(textsOf(client)).toBe(dialect.begin + end)
      // Without the first event its dialect is known, too.
      expect(textsOf(late)).toBe(end)
      for (const client of clients) expect(await failureOf(dialect, client)).toBe("cancelled")
      expect(clients[0]!.cursor).toBe(`${cursor}.end`)
    },
  )

  test.each(dialects)("createAnswers ends a lost answer of the dialect $name with its error", async (dialect) => {
    const world = await open()
    const { answers, store } = await world.node()
    const { lease } = (await store.claim("answer:42", { ttl: 60_000, lease: world.lease })) as { lease: string }
    const texts = dialect.begin.split(/(?<=\n\n)/).map((text) => ({ text }))
    await store.append("answer:42", texts, { lease })
    const client = await join(answers, "42")
    await world.pass(world.lease + 1_000)
    await world.until(() => client.ending === "clean")
    expect(await failureOf(dialect, client)).toBe("lost")
    expect(client.text).not.toContain("[DONE]")
  })
})

const endOf = async (make: MakeAnswer) => {
  const { answers, errors, world } = await answersInTime()
  const state = await (await answers.start("42", make)).ended
  const client = await join(answers, "42")
  await world.until(() => client.ending === "clean")
  return { status: state.status, detail: state.detail, texts: textsOf(client), errors }
}

const cases: [what: string, source: string, status: string, detail: string | undefined][] = [
  ["is an error event of a provider", events({ error: { message: "m", code: "c" } }), "failed", "provider"],
  ["ends with an error event", events(chat({ content: "a" }), { error: { message: "m" } }), "failed", "provider"],
  [
    "ends with a failed response",
    typed({ type: "response.created" }) + typed({ type: "response.failed" }),
    "failed",
    "provider",
  ],
  [
    "ends with an untyped error",
    events({ type: "response.created" }, { type: "error", message: "m" }),
    "failed",
    "provider",
  ],
  ["ends at the token limit", events(chat({ content: "a" }), chat({}, "length")), "done", undefined],
  [
    "ends with an incomplete response",
    events({ type: "response.created" }, { type: "response.incomplete" }),
    "done",
    undefined,
  ],
  [
    "has spaces in its JSON",
    'data: {"object": "chat.completion.chunk", "choices": [{"finish_reason" : "stop"}]}\n\n',
    "done",
    undefined,
  ],
  ["quotes an end in its text", events(chat({ content: '"finish_reason":"stop"' })), "failed", "incomplete"],
  ["has no name of its object", events({ model: "m", choices: [{ delta: {} }] }), "failed", "incomplete"],
  ["is a quiz with choices", events({ choices: ["a", "b"] }), "done", undefined],
  ["has data with an error of its own", events({ step: 1 }, { error: "none" }), "done", undefined],
  ["is text", events("a", "b"), "done", undefined],
  ["is JSON that is no object", events("[1]", "null"), "done", undefined],
  ["looks like JSON", events('{"object":'), "done", undefined],
  ["ends with an event of the type error", "event: error\ndata: x\n\n", "failed", "provider"],
]
test.each(cases)("createAnswers takes an answer that %s as it is meant", async (_, source, status, detail) => {
  const end = await endOf(() => eventStream(source))
  expect([end.status, end.detail, end.errors]).toEqual([status, detail, []])
  // An error that readers understand is not followed by another one.
  if (detail !== "incomplete") expect(end.texts).toBe(source.replaceAll(/^event: message\n/gm, ""))
})
