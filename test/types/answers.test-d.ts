import { assertType, expectTypeOf, test } from "vitest"
import { defineEvents, type SseEvent, text } from "steadystream"
import { relay } from "steadystream/openai"
import { sendAnswer } from "steadystream/node"
import {
  type Answer,
  type Answers,
  type AnswerState,
  createAnswers,
  memoryStore,
  type MakeAnswer,
  type Session,
} from "steadystream/server"
import { createServer } from "node:http"

const events = defineEvents({ note: text() })
const typed = createAnswers({ events })
const plain = createAnswers()

test("start() takes each kind of source", () => {
  expectTypeOf(plain.start("42", () => [{ data: "a" }])).toEqualTypeOf<Promise<Answer>>()
  void plain.start("42", () => new Response(""))
  void plain.start("42", () => new Response("").body!)
  void plain.start("42", async () => new Response(""))
  void plain.start("42", () => new ReadableStream<string>())
  void plain.start("42", (signal) => relay(new Response(""), { signal }))
  void plain.start("42", () => async (session: Session) => session.send({ data: "a" }))
  void plain.start("42", async function* (signal, { position, events: stored }) {
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
    expectTypeOf(position).toEqualTypeOf<string>()
    expectTypeOf(stored).toEqualTypeOf<readonly SseEvent[]>()
    yield "data: a\n\n"
  })
  // @ts-expect-error -- why: text is no source
  void plain.start("42", () => "data: a\n\n")
  // @ts-expect-error -- why: an option is misspelled
  void plain.start("42", () => [], { takeover: true })
})

test("start() checks events by the contract", () => {
  void typed.start("42", () => [{ event: "note", data: "a" }])
  // @ts-expect-error -- why: the contract has no such event
  void typed.start("42", () => [{ event: "other", data: "a" }])
  assertType<MakeAnswer>(() => [{ data: "a" }])
})

test("an answer has the types of its state and end", () => {
  expectTypeOf<Answer["ended"]>().toEqualTypeOf<Promise<AnswerState>>()
  expectTypeOf(plain.state("42")).toEqualTypeOf<Promise<AnswerState | undefined>>()
  expectTypeOf(plain.cancel("42", "why")).toEqualTypeOf<Promise<boolean>>()
  expectTypeOf<AnswerState["status"]>().toEqualTypeOf<"running" | "done" | "failed" | "cancelled" | "lost">()
})

test("createAnswers() infers the contract, which can be annotated, and checks its options", () => {
  assertType<Answers>(createAnswers({ store: memoryStore(), lease: 5, onLost: (id) => void id.length }))
  // @ts-expect-error -- why: an option is unknown
  createAnswers({ maxDuration: 5 })
  // @ts-expect-error -- why: a contract is needed
  createAnswers({ events: {} })
})

test("sendAnswer() takes answers with and without a contract, and the requests of Node", () => {
  createServer((req, res) => {
    void sendAnswer(plain, req, res, "42", { ended: 204 })
    void sendAnswer(typed, req, res, "42")
    // @ts-expect-error -- why: only two statuses are possible
    void sendAnswer(plain, req, res, "42", { ended: 410 })
  })
})
