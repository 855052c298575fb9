import { inspect } from "node:util"
import { describe, expect, test } from "vitest"
import { SseError, SseMalformedError, SseProviderError } from "steadystream"
import { isChunkStreamError, readChatCompletions } from "steadystream/openai"
import type { ChunkStreamError, MalformedPayload } from "steadystream/openai"
import { all, chat, DONE, events, HELLO, rejection, settle } from "./scripted-source.ts"

describe("readChatCompletions() throws the provider's error in one shape", () => {
  const said = events(chat({ content: "Hi" }))
  test.each<[string, string, object]>([
    [
      "data with an error, then the end",
      events({ error: { message: "no", type: "server_error", param: "p", code: "c" } }),
      { message: "no", type: "server_error", param: "p", code: "c", status: null },
    ],
    [
      "data with an error, then [DONE]",
      events({ error: { message: "no", code: 503 } }) + DONE,
      { message: "no", code: "503", status: 503 },
    ],
    ["event: error", 'event: error\ndata: {"error":{"message":"no","type":"t"}}\n\n', { message: "no", type: "t" }],
    ["event: error with a text", "event: error\ndata: no\n\n", { message: "no", type: null }],
    ["an error without a type", events({ error: { message: "no" }, message: "outer" }), { message: "no", type: null }],
    [
      "a chunk with the finish reason error and an error beside its choices",
      events({ ...chat({ content: "" }, "error"), error: { code: 502, message: "no" } }),
      { message: "no", code: "502", status: 502 },
    ],
    [
      "an error in a choice",
      events({ choices: [{ index: 0, delta: {}, error: { code: 500, message: "no" } }] }),
      { message: "no", status: 500 },
    ],
    ["an error that is a text", events({ error: "no" }), { message: "no", type: null, code: null }],
    [
      "an object that says that it is an error",
      events({ object: "error", message: "no", type: "BadRequestError", code: 400 }),
      { message: "no", code: "400", status: 400 },
    ],
    [
      "a field error",
      'error: {"code":500,"message":"no","type":"server_error"}\n\n' + DONE,
      { message: "no", type: "server_error" },
    ],
    ["an error field that is not JSON", "error: no\n\n" + DONE, { message: "no" }],
    ["a line that is bare JSON", '{"error":{"message":"no","type":"t"}}\n\n' + DONE, { message: "no", type: "t" }],
    ["the finish reason abort, then [DONE]", events(chat({}, "abort")) + DONE, { code: "abort" }],
    ["the finish reason error", events(chat({}, "error")), { code: "error" }],
    [
      "an event of the type response.error",
      'event: response.error\ndata: {"message":"no","code":"c"}\n\n',
      { message: "no", code: "c" },
    ],
    [
      "Anthropic's error",
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"no"}}\n\n',
      { message: "no", type: "overloaded_error" },
    ],
  ])("readChatCompletions() reads %s", async (_, failing, expected) => {
    const stream = readChatCompletions(said + failing)
    const error = await rejection(all(stream))
    expect(error).toBeInstanceOf(SseProviderError)
    expect(error.error).toMatchObject(expected)
    expect(error).toMatchObject({ code: "provider", chunks: 1, retryable: false })
    expect(error.partial.choices[0]?.content).toBe("Hi")
    expect(await stream.ended).toMatchObject({ reason: "error", error, chunks: 1 })
  })

  test("readChatCompletions() reports truncation for an empty chunk and then the end", async () => {
    const empty = {
      id: "c",
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta: { content: "" }, finish_reason: null }],
    }
    expect(await rejection(all(readChatCompletions(events(empty))))).toMatchObject({ missing: "finish_reason" })
  })
})

const retryable = async (error: object, before = "") =>
  (await rejection(all(readChatCompletions(before + events({ error }))))).retryable

test("SseProviderError is retryable if no chunk was yielded and the provider asks the caller to retry later", async () => {
  expect(await retryable({ code: 429 })).toBe(true)
  expect(await retryable({ code: 409 })).toBe(true)
  expect(await retryable({ status: 503 })).toBe(true)
  expect(await retryable({ type: "overloaded_error" })).toBe(true)
  expect(await retryable({ code: "rate_limit_exceeded" })).toBe(true)
  expect(await retryable({ code: "insufficient_quota" })).toBe(false)
  expect(await retryable({ code: 400 })).toBe(false)
  expect(await retryable({ code: 429 }, HELLO)).toBe(false)
})

test("readChatCompletions() folds the chunk that carries an error and keeps it in the error", async () => {
  const chunk = {
    ...chat({ content: " wor" }, "error"),
    error: { code: 502, message: "no" },
    usage: { total_tokens: 3 },
  }
  const error = await rejection<ChunkStreamError & SseProviderError>(all(readChatCompletions(HELLO + events(chunk))))
  expect(error.partial).toMatchObject({
    usage: { total_tokens: 3 },
    choices: [{ content: "Hello wor", finishReason: "error" }],
  })
  expect(error.chunk).toEqual(chunk)
})

test("readChatCompletions() does not treat error: null as an error", async () => {
  expect(await all(readChatCompletions(events({ ...chat({ content: "Hi" }, "stop"), error: null })))).toHaveLength(1)
})

test("readChatCompletions() throws SseMalformedError for data that is not a JSON object", async () => {
  for (const data of ["secret}{", "[1]", "[DONE"]) {
    const error = await rejection<ChunkStreamError>(all(readChatCompletions(`${HELLO}data: ${data}\n\n`)))
    expect(error).toBeInstanceOf(SseMalformedError)
    expect(error).toMatchObject({ code: "malformed", index: 4, preview: data, chunks: 4 })
    expect(error.message).not.toContain("secret")
  }
})

test("readChatCompletions() skips malformed data if onMalformed says so", async () => {
  const body = `data: }{\n\n${HELLO}data: [1]\n\n${DONE}`
  expect(await all(readChatCompletions(body, { onMalformed: "skip" }))).toHaveLength(4)
  const seen: MalformedPayload[] = []
  const onMalformed = (payload: MalformedPayload) => {
    seen.push(payload)
    return payload.data === "[1]" ? ("throw" as const) : ("skip" as const)
  }
  expect(await rejection(all(readChatCompletions(body, { onMalformed })))).toBeInstanceOf(SseMalformedError)
  expect(seen.map(({ data, index }) => [data, index])).toEqual([
    ["}{", 0],
    ["[1]", 4],
  ])
  expect(seen[0]?.error).toBeInstanceOf(SyntaxError)
})

test("readChatCompletions() prints no payload in its errors", async () => {
  const secret = "s3cret"
  const sources = [
    events(chat({ content: secret }), { error: { message: secret, code: `${secret} code` } }),
    events(chat({ content: secret })),
    `data: ${secret}}{\n\n`,
    `<html>${secret}</html>`,
    `{"a":"${secret}"}`,
    new Response(secret, { status: 500 }),
    [events(chat({ content: secret })), events(chat({ content: "x".repeat(2_000) }))],
  ]
  for (const source of sources) {
    const error = await rejection(all(readChatCompletions(source, { limits: { maxEventSize: 1_000 } })))
    expect(SseError.is(error)).toBe(true)
    expect(isChunkStreamError(error)).toBe(true)
    expect(inspect(error, { depth: 9 })).not.toContain(secret)
    expect(JSON.stringify(error)).not.toContain(secret)
  }
})

const messageOf = async (error: object) => (await rejection(all(readChatCompletions(events({ error }))))).message

test("SseProviderError puts a code or type that is an identifier into its message", async () => {
  expect(await messageOf({ code: "rate_limit_exceeded", message: "m" })).toBe(
    'Cannot read chat completions: the provider reported an error "rate_limit_exceeded"',
  )
  expect(await messageOf({ code: "a b", type: "t" })).toMatch(/"t"$/)
  expect(await messageOf({})).toBe("Cannot read chat completions: the provider reported an error")
})

test("readChatCompletions() yields errors like chunks if onProviderError says so", async () => {
  const failing = { error: { message: "no" } }
  const stream = readChatCompletions(HELLO + events(failing) + DONE, { onProviderError: "yield" })
  expect(await all(stream)).toEqual([...(await all(readChatCompletions(HELLO))), failing])
  expect(await stream.ended).toMatchObject({ reason: "done", chunks: 5 })
  const cut = readChatCompletions(events(failing), { onProviderError: "yield" })
  expect(await rejection(all(cut))).toMatchObject({ code: "truncated", chunks: 1 })
})

test("readChatCompletions() throws a provider's error that follows a chunk in the same event", async () => {
  const stream = readChatCompletions(`${HELLO}{"error":{"message":"no"}}\n`)
  const seen: unknown[] = []
  const error = await rejection(
    (async () => {
      for await (const chunk of stream) seen.push(chunk)
    })(),
  )
  await settle()
  expect(error).toBeInstanceOf(SseProviderError)
  expect(seen).toHaveLength(4)
})
