import { SseProviderError } from "steadystream"
import { readChatCompletions, readResponses, relay } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { all, chat, DONE, events, rejection, STOP } from "../../support/streams.ts"
import { silenceReports } from "../../support/silence-reports.ts"

silenceReports()

const RESPONSES = { dialect: "responses" } as const

describe("errors in other shapes", () => {
  const shapes: [string, object, string][] = [
    [
      "base_resp",
      { choices: null, base_resp: { status_code: 1008, status_msg: "insufficient balance" } },
      "insufficient balance",
    ],
    ["success and errors", { success: false, errors: [{ code: 7003, message: "no such model" }] }, "no such model"],
    ["detail", { detail: "model is loading" }, "model is loading"],
    ["a flat code and message", { code: "InvalidParameter", message: "bad tools" }, "bad tools"],
    ["a detail that is a list", { detail: [{ loc: ["body"], msg: "field required" }] }, "field required"],
  ]
  const open: [string, (body: string) => Promise<unknown>][] = [
    ["readChatCompletions()", (body) => readChatCompletions(body).collect()],
    ["readResponses()", (body) => readResponses(body).collect()],
    [
      "relay()",
      async (body) => {
        const answer = relay(body)
        await new Response(answer.toReadableStream()).text()
        throw (await answer.ended).error
      },
    ],
  ]
  test.each(
    open.flatMap(([name, read]) => shapes.map(([what, json, words]) => [name, what, json, words, read] as const)),
  )("%s throws an error in the shape of %s as SseProviderError", async (_name, _what, json, words, read) => {
    const error = await rejection(read(events(json)))
    expect(error).toBeInstanceOf(SseProviderError)
    expect(error.error.message).toContain(words)
  })
  test("readChatCompletions() reports a payload without choices if nothing else came", async () => {
    const odd = { request_id: "r", output: { finish: "quota used up" } }
    const error = await rejection(readChatCompletions(events(odd)).collect())
    expect(error).toBeInstanceOf(SseProviderError)
    expect(error.error.raw).toEqual(odd)
  })
})

describe("the words of a provider in the middle of an answer", () => {
  const words = [{ detail: "It broke" }, { message: "It broke" }, { code: "E7", message: "It broke" }]
  const ends = [
    ["[DONE]", DONE],
    ["the end of the body", ""],
  ] as const
  test.each(words.flatMap((json) => ends.map(([what, end]) => [json, what, end] as const)))(
    "readChatCompletions() throws %j before %s if no finish reason came",
    async (json, _, end) => {
      const chunks = readChatCompletions(events(chat({ content: "Hel" }), json) + end, { completion: "lenient" })
      const error = await rejection(chunks.collect())
      expect(error).toBeInstanceOf(SseProviderError)
      expect(error.error).toMatchObject({ message: "It broke", raw: json })
      expect(error).toMatchObject({ partial: { choices: [{ content: "Hel" }] }, retryable: false })
    },
  )
  test("readResponses() throws them if no terminal event came", async () => {
    const delta = { type: "response.output_text.delta", output_index: 0, delta: "Hel" }
    const error = await rejection(readResponses(events(delta, words[0]) + DONE).collect())
    expect(error.error.message).toBe("It broke")
  })
  test("relay() ends without an end mark, with an error event", async () => {
    const body = await relay(events(chat({ content: "Hel" }), words[0]) + DONE)
      .toResponse()
      .text()
    expect(body).toContain('data: {"error":')
    expect(body).not.toContain("[DONE]")
  })
  test("readChatCompletions() takes them as no error if the answer has its finish reason", async () => {
    const chunks = readChatCompletions(events(chat({ content: "Hi" }), { message: "Still busy" }) + STOP + DONE)
    expect((await chunks.collect()).choices[0]!.content).toBe("Hi")
  })
  test('readChatCompletions() returns them as a chunk if onProviderError is "yield"', async () => {
    const body = events(chat({ content: "Hel" }), words[0]) + DONE
    expect(await all(readChatCompletions(body, { onProviderError: "yield" }))).toHaveLength(2)
  })
})

describe("response.failed", () => {
  const failed = {
    type: "response.failed",
    response: { id: "resp_1", status: "failed", error: { code: "server_error", message: "It broke" } },
  }
  const body = events({ type: "response.output_text.delta", output_index: 0, delta: "Hel" }, failed)
  test("readResponses() throws response.failed with the text so far", async () => {
    const chunks = readResponses(body)
    const error = await rejection(all(chunks))
    expect(error).toBeInstanceOf(SseProviderError)
    expect(error.error).toMatchObject({ code: "server_error", message: "It broke" })
    expect(error.partial.text).toBe("Hel")
    expect(chunks.snapshot.status).toBe("failed")
    expect(await chunks.ended).toMatchObject({ reason: "error", error })
  })
  test.each([
    ["collect()", (chunks: ReturnType<typeof readResponses>) => chunks.collect()],
    ["textDeltas()", (chunks: ReturnType<typeof readResponses>) => all(chunks.textDeltas())],
    ["toReadableStream()", (chunks: ReturnType<typeof readResponses>) => all(chunks.toReadableStream() as never)],
  ])("%s rejects if the response failed", async (_, consume) => {
    expect(await rejection(consume(readResponses(body)))).toBeInstanceOf(SseProviderError)
  })
  test("readResponses() throws a response.failed that has no error", async () => {
    const bare = { type: "response.failed", response: { id: "resp_1", status: "failed", error: null } }
    expect(await rejection(all(readResponses(events(bare))))).toBeInstanceOf(SseProviderError)
  })
  test('readResponses() returns response.failed as an event if onProviderError is "yield"', async () => {
    const chunks = readResponses(body, { onProviderError: "yield" })
    expect((await all(chunks)).map(({ type }) => type)).toEqual(["response.output_text.delta", "response.failed"])
  })
  test("relay() reports response.failed as an error", async () => {
    const seen: unknown[] = []
    const answer = relay(body, { ...RESPONSES, onError: (error) => void seen.push(error) })
    await new Response(answer.toReadableStream()).text()
    expect(await answer.ended).toMatchObject({ reason: "error" })
    expect(seen).toEqual([expect.any(SseProviderError)])
  })
  test.each([
    ["response.completed", "failed"],
    ["response.completed", "cancelled"],
    ["response.incomplete", "failed"],
  ])("readResponses() throws %s if its response has the status %s", async (type, status) => {
    const error = { code: "server_error", message: "It broke" }
    for (const reported of [error, null]) {
      const chunks = readResponses(events({ type, response: { id: "resp_1", status, error: reported } }))
      expect(await rejection(chunks.collect())).toBeInstanceOf(SseProviderError)
      expect(chunks.snapshot.status).toBe(status)
    }
  })
  test("readResponses() throws a whole response object that has failed", async () => {
    const object = { id: "resp_1", object: "response", status: "failed", error: null, output: [] }
    expect(await rejection(readResponses(events(object) + DONE).collect())).toBeInstanceOf(SseProviderError)
  })
  test("readResponses() takes response.completed with the status incomplete as response.incomplete", async () => {
    const chunks = readResponses(events({ type: "response.completed", response: { status: "incomplete" } }))
    expect((await chunks.collect()).status).toBe("incomplete")
    expect(await chunks.ended).toMatchObject({ reason: "terminal", error: undefined })
  })
  test("relay() reports response.completed with the status failed as an error, and does not forward it", async () => {
    const completed = { type: "response.completed", response: { id: "resp_1", status: "failed", error: null } }
    const sent = await relay(events(completed), RESPONSES).toResponse().text()
    expect(sent).toContain("event: error")
    expect(sent).not.toContain("response.completed")
  })
  test("readResponses() ends at response.incomplete without an error", async () => {
    const incomplete = {
      type: "response.incomplete",
      response: { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } },
    }
    const chunks = readResponses(events(incomplete))
    expect(await all(chunks)).toHaveLength(1)
    expect(await chunks.ended).toMatchObject({ reason: "terminal", error: undefined })
  })
})

describe("retryAfter", () => {
  const wait = async (headers: Record<string, string>) =>
    (await rejection(readChatCompletions(new Response("{}", { status: 429, headers })).collect())).retryAfter
  test.each(["Infinity", "", "-1", "soon 5", "NaN", "1e3", "0x10", " ", "5 soon"])(
    "retryAfter is null if the header retry-after is %j",
    async (value) => {
      expect(await wait({ "retry-after": value, date: "Sat, 28 Nov 2026 12:00:00 GMT" })).toBeNull()
    },
  )
  test.each(["Infinity", "", "-1", "soon 5", "1e99"])(
    "retryAfter is null if the header retry-after-ms is %j",
    async (value) => {
      expect(await wait({ "retry-after-ms": value })).toBeNull()
    },
  )
})
