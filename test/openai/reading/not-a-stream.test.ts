import { expect, test } from "vitest"
import { SseNotAStreamError, SseProviderError, SseResponseError } from "steadystream"
import { ManualClock } from "steadystream/testing"
import { type ChunkStreamError, readChatCompletions } from "steadystream/openai"
import { all, bytesOf, DONE, HELLO, rejection, ScriptedSource } from "./scripted-source.ts"

const json = (body: unknown, init: { status?: number; headers?: Record<string, string> } = {}) =>
  new Response(JSON.stringify(body), { ...init, headers: { "content-type": "application/json", ...init.headers } })

const html = (body: string, init: ResponseInit = {}) =>
  new Response(body, { ...init, headers: { "content-type": "text/html; charset=utf-8" } })

test("readChatCompletions() throws the error of a JSON body with the status 200", async () => {
  const error = await rejection(all(readChatCompletions(json({ error: { message: "no", code: "c" } }))))
  expect(error).toBeInstanceOf(SseProviderError)
  expect(error).toMatchObject({ error: { message: "no", code: "c" }, chunks: 0 })
})

test("readChatCompletions() throws SseNotAStreamError for JSON and HTML with the status 200", async () => {
  const completion = { object: "chat.completion", choices: [] }
  const asJson = await rejection(all(readChatCompletions(json(completion))))
  expect(asJson).toBeInstanceOf(SseNotAStreamError)
  expect(asJson).toMatchObject({
    contentType: "application/json",
    preview: JSON.stringify(completion),
    json: completion,
  })
  const asHtml = await rejection(all(readChatCompletions(html("\n<!doctype html>\n<title>Log in</title>"))))
  expect(asHtml).toBeInstanceOf(SseNotAStreamError)
  expect(asHtml).toMatchObject({ contentType: "text/html; charset=utf-8", retryable: false, chunks: 0 })
})

test("readChatCompletions() stops at the first line of an HTML page while the connection stays open", async () => {
  const source = new ScriptedSource().write("<html>\n")
  expect(await rejection(all(readChatCompletions(source.stream)))).toBeInstanceOf(SseNotAStreamError)
  expect(source.cancellations).toHaveLength(1)
})

test("readChatCompletions() keeps at most 65,536 characters of a body that is not a stream", async () => {
  let pieces = 0
  async function* lines() {
    for (;;) {
      pieces++
      yield `{"n":${"1".repeat(1_000)}}\n`
    }
  }
  expect(await rejection(all(readChatCompletions(lines())))).toBeInstanceOf(SseNotAStreamError)
  expect(pieces).toBeLessThan(70)
})

test.each([
  [401, { error: { message: "Incorrect API key", type: "invalid_request_error", code: "invalid_api_key" } }, false],
  [404, { detail: "Not Found" }, false],
  [409, { error: { message: "conflict" } }, true],
  [429, [{ error: { code: 429, message: "Quota", status: "RESOURCE_EXHAUSTED" } }], true],
])("readChatCompletions() throws SseResponseError for the status %i", async (status, body, retryable) => {
  const response = json(body, { status, headers: { "request-id": "req_2", "retry-after": "20" } })
  const stream = readChatCompletions(response)
  const error = await rejection<ChunkStreamError & SseResponseError>(all(stream))
  expect(error).toBeInstanceOf(SseResponseError)
  expect(error).toMatchObject({
    code: "response",
    status,
    retryable,
    requestId: "req_2",
    retryAfter: 20_000,
    chunks: 0,
  })
  expect(error.body).toBe(JSON.stringify(body))
  expect(error.error?.message ?? null).toBe(JSON.stringify(body).match(/"message":"(.*?)"/)?.[1] ?? null)
  expect(stream.response).toMatchObject({ status, requestId: "req_2" })
})

test("readChatCompletions() throws SseResponseError for the status 500 with a page", async () => {
  const error = await rejection(all(readChatCompletions(html("<h1>Bad gateway</h1>", { status: 500 }))))
  expect(error).toMatchObject({ code: "response", status: 500, error: null, retryAfter: null, retryable: true })
})

test.each([
  [{ "retry-after-ms": "150", "retry-after": "9" }, 150],
  [{ "retry-after": "1.5" }, 1_500],
  [{ "retry-after": "Tue, 24 Nov 2026 06:00:30 GMT", date: "Tue, 24 Nov 2026 06:00:00 GMT" }, 30_000],
  [{ "retry-after": "Tue, 24 Nov 2026 05:00:00 GMT", date: "Tue, 24 Nov 2026 06:00:00 GMT" }, 0],
  [{ "retry-after": "soon" }, null],
  [{ "retry-after": "-5" }, null],
  [{ "retry-after-ms": "", "retry-after": "2" }, 2_000],
])("readChatCompletions() reads the retry delay from %j", async (headers, retryAfter) => {
  const error = await rejection(all(readChatCompletions(json({}, { status: 429, headers }))))
  expect(error.retryAfter).toBe(retryAfter)
})

test("readChatCompletions() waits at most two seconds for the body of a refused response", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(bytesOf('{"error":'))
  const reading = rejection(all(readChatCompletions(new Response(source.stream, { status: 500 }), { clock })))
  await clock.advance(2_000)
  expect(await reading).toMatchObject({ code: "response", body: '{"error":' })
  expect(clock.pendingTimers).toBe(0)
})

test("readChatCompletions() finds an error in a body without headers", async () => {
  for (const body of [
    '{"error":{"message":"no"}}',
    '{\n  "error": {\n    "message": "no"\n  }\n}\n',
    '\n[{"error":{"message":"no"}}]',
  ]) {
    const error = await rejection(all(readChatCompletions(body)))
    expect(error).toBeInstanceOf(SseProviderError)
    expect(error.error?.message).toBe("no")
  }
})

test("readChatCompletions() accepts an event stream with any content type", async () => {
  for (const type of ["application/json", "text/html", "text/plain", "application/octet-stream"]) {
    const response = new Response(HELLO + DONE, { headers: { "content-type": type } })
    expect(await all(readChatCompletions(response))).toHaveLength(4)
  }
})
