/* Stored answers of `createAnswers`, read by a chunk reader over a subscription whose connections are cut. No sockets. */
import { expect, test } from "vitest"
import { SseProviderError } from "steadystream"
import { subscribe } from "steadystream/client"
import { chatCompletionChunks, readChatCompletions, readChunks, readResponses, relay } from "steadystream/openai"
import { chunkResponse, encodeChunks, responseEvents } from "steadystream/openai"
import { type Answers, createAnswers, memoryStore } from "steadystream/server"
import { IdleClock } from "../support/idle-clock.ts"
import { silenceReports } from "../support/silence-reports.ts"
import { all, rejection } from "../openai/reading/scripted-source.ts"

silenceReports()

const clock = new IdleClock()
const WORDS = ["One", " two", " thr", "ee ", "✓", " and", " four."]
const TEXT = WORDS.join("")

/** Passes `body` on and breaks it after `length` bytes. */
function cut(body: ReadableStream<Uint8Array>, length: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = length
  const breaker = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>({
    transform(piece, controller) {
      controller.enqueue(piece.slice(0, left))
      left -= piece.length
      if (left <= 0) controller.error(new TypeError("terminated"))
    },
  })
  return body.pipeThrough(breaker)
}

/** Subscribes to an answer; the n-th connection breaks after the n-th number of bytes. */
function follow(answers: Answers, id: string, ...lengths: number[]) {
  const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { status, headers, body } = await answers.respond(new Request(url, { ...init, signal: null }), id)
    const length = lengths.shift()
    return new Response(body && (length === undefined ? body : cut(body, length)), { status, headers })
  }
  return subscribe("https://example.com/answer", { fetch, clock, until: "[DONE]", retry: { initialDelay: 0 } })
}

const whole = (signal: AbortSignal) =>
  relay(async () => chunkResponse(chatCompletionChunks(WORDS, { id: "1", created: 1, model: "m" })), { signal })

test("readChatCompletions() reads a stored answer as a whole, whatever byte its connection is cut at", async () => {
  const answers = createAnswers()
  const { ended } = await answers.start("a", whole)
  await ended
  const expected = readChatCompletions(follow(answers, "a"), { clock })
  const chunks = await all(expected)
  expect(expected.snapshot.choices[0]?.content).toBe(TEXT)
  const { length } = await (await answers.respond(new Request("https://example.com/"), "a")).text()
  for (let at = 1; at <= length; at += 3) {
    const stream = readChatCompletions(follow(answers, "a", at, (at * 7) % length || 1), { clock })
    expect(await all(stream)).toEqual(chunks)
    expect(stream.snapshot).toEqual(expected.snapshot)
    expect((await stream.ended).reason).toBe("done")
  }
  await answers.closeAll()
})

test("readResponses() reads a stored answer across a cut, and ends at its terminal event", async () => {
  const answers = createAnswers()
  const answer = await answers.start("a", () =>
    encodeChunks(responseEvents(WORDS, { id: "1", model: "m" }), { dialect: "responses" }),
  )
  await answer.ended
  const stream = readResponses(follow(answers, "a", 900), { clock })
  expect((await stream.collect()).text).toBe(TEXT)
  expect((await stream.ended).reason).toBe("terminal")
  await answers.closeAll()
})

/** A source that ends in the given way after two words. */
async function* partial(end: () => Promise<unknown>): AsyncGenerator<string> {
  yield "One"
  yield " two"
  await end()
}

const chat = (end: () => Promise<unknown>) => () => encodeChunks(chatCompletionChunks(partial(end)))
const forever = <T>() => new Promise<T>(() => {})

test.each([
  ["failed", async () => Promise.reject(new Error("secret")), async () => {}],
  ["cancelled", forever, (answers: Answers) => answers.cancel("a")],
  ["lost", forever, (answers: Answers) => answers.closeAll({ within: 0 })],
] as const)("readChatCompletions() fails with the text so far if a stored answer is %s", async (status, end, act) => {
  const store = memoryStore()
  const answers = createAnswers({ store, onError: () => {} })
  const answer = await answers.start("a", chat(end))
  const other = createAnswers({ store })
  const stream = readChatCompletions(follow(other, "a", 300), { clock })
  const iterator = stream.textDeltas()
  await iterator.next()
  await iterator.next()
  await act(answers)
  const error = await rejection(iterator.next())
  expect(error).toBeInstanceOf(SseProviderError)
  expect(error.partial.choices[0]?.content).toBe("One two")
  expect(await stream.ended).toMatchObject({ reason: "error", sawDone: false })
  expect((await answer.ended).status).toBe(status)
  if (status !== "failed") expect(error.error).toMatchObject({ code: status })
  await other.closeAll()
  await answers.closeAll()
})

test("readChatCompletions() fails if an answer was cancelled before its first event", async () => {
  const answers = createAnswers()
  const answer = await answers.start("a", () => ({ [Symbol.asyncIterator]: () => ({ next: () => forever<never>() }) }))
  await answer.cancel()
  const error = await rejection(readChatCompletions(follow(answers, "a"), { clock }).collect())
  expect(error).toMatchObject({ name: "SseProviderError", error: { code: "cancelled" }, chunks: 0 })
  await answers.closeAll()
})

test("readChunks() fails at the end event of an answer in no dialect of OpenAI", async () => {
  const answers = createAnswers({ onError: () => {} })
  const answer = await answers.start("a", async function* () {
    yield { data: '{"n":1}' }
    throw new Error("secret")
  })
  await answer.ended
  const count = { value: 0, push: () => void count.value++, missing: () => null }
  const stream = readChunks(follow(answers, "a", 30), { name: "numbers", accumulate: () => count }, { clock })
  expect(await rejection(stream.collect())).toMatchObject({
    name: "SseProviderError",
    error: { code: "failed" },
    chunks: 1,
  })
  await answers.closeAll()
})
