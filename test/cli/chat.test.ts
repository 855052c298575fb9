import type { FaultScript } from "steadystream/testing"
import { expect, test } from "vitest"
import { runCommand, runHere, startCommand } from "../support/command.ts"
import { faultServerOfTest } from "../support/fault-server.ts"

async function serve(script: FaultScript, path = "v1/chat/completions") {
  const server = await faultServerOfTest(script)
  return { server, url: server.url + path }
}

const chunk = (choice: object, more: object = {}) =>
  `data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, ...choice }], ...more })}\n\n`
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, prompt_tokens_details: { cached_tokens: 1 } }
const HI = chunk({ delta: { role: "assistant", content: "Hi" }, finish_reason: null })
const CALL = chunk({ delta: { tool_calls: [{ index: 0, id: "c", function: { name: "look", arguments: '{"a":1}' } }] } })
const END = chunk({ delta: { content: " there" }, finish_reason: "stop" }, { usage })
const DONE = "data: [DONE]\n\n"
const TIMES = /^headers \d+ ms, first content (?:\d+ ms|none), total \d+ ms$/m

test("chat writes the text on its output, then the outcome, the times and the usage", async () => {
  const { server, url } = await serve({ body: [HI, END, DONE] })
  const { code, output, notes } = await runCommand([
    "chat",
    url,
    "--data",
    '{"model":"m"}',
    "-H",
    "authorization: Bearer k",
  ])
  expect({ code, output }).toEqual({ code: 0, output: "Hi there" })
  expect(notes).toMatch(/^done: finish reason stop, 2 chunks, \d+ B\n/)
  expect(notes).toMatch(TIMES)
  expect(notes).toMatch(/^usage: prompt_tokens 3, completion_tokens 2, total_tokens 5$/m)
  expect(server.requests[0]).toMatchObject({ method: "POST", body: '{"stream":true,"model":"m"}' })
  expect(server.requests[0]!.headers).toMatchObject({
    authorization: "Bearer k",
    "content-type": "application/json",
    accept: "text/event-stream",
  })
})

test("chat writes the text as it arrives", async () => {
  const { url } = await serve({ body: HI, end: "stall" })
  const { child, ended, said } = startCommand(["chat", url, "-d", "{}"])
  await said("Hi")
  child.kill("SIGINT")
  const { code, notes } = await ended
  expect(code).toBe(130)
  expect(notes).toMatch(/^cancelled: finish reason unknown, 1 chunk, /)
})

test("chat fails with the exit code 1 if the answer is cut, and says so", async () => {
  const { url } = await serve({ body: HI })
  const { code, output, notes } = await runCommand(["chat", url, "-d", "{}"])
  expect({ code, output }).toEqual({ code: 1, output: "Hi" })
  expect(notes).toMatch(/^error: finish reason unknown, 1 chunk, \d+ B, the text is not whole\n/)
  expect(notes).toContain(
    "steadystream chat: Cannot read chat completions: the stream ended before the answer was complete",
  )
})

test("chat --json writes the whole answer, and tool calls are reported", async () => {
  const { url } = await serve({ body: [HI, CALL, END, DONE] })
  const { code, output, notes } = await runCommand(["chat", url, "-d", "{}", "--json"])
  expect(code).toBe(0)
  expect(JSON.parse(output)).toMatchObject({ choices: [{ content: "Hi there", finishReason: "stop" }], usage })
  expect(notes).toContain('tool call: look({"a":1})\n')
})

test("chat follows no redirect, and shows the body of a refusal without its key", async () => {
  const target = await serve({ body: HI })
  const { url } = await serve([
    { status: 307, headers: { location: target.url } },
    { status: 400, headers: { "content-type": "application/json" }, body: '{"error":"no model for sk-secret"}' },
  ])
  const flags = ["-d", "{}", "-H", "authorization: Bearer sk-secret"]
  expect((await runCommand(["chat", url, ...flags])).code).toBe(1)
  expect(target.server.requests).toEqual([])
  const { code, notes } = await runCommand(["chat", url, ...flags])
  expect(code).toBe(1)
  expect(notes).toContain('{"error":"no model for REDACTED"}\n')
  expect(notes).not.toContain("sk-secret")
})

test("chat shows what the provider says in its stream, without the key", async () => {
  const error = {
    message: "Slow down, \u001B[1mkey sk-secret",
    type: "requests",
    code: "rate_limit_exceeded",
    status: 429,
  }
  const { url } = await serve({ body: [HI, `data: ${JSON.stringify({ error })}\n\n`] })
  const { code, output, notes } = await runHere(["chat", url, "-d", "{}", "-H", "authorization: Bearer sk-secret"])
  expect({ code, output }).toEqual({ code: 1, output: "Hi" })
  expect(notes).toContain(
    String.raw`the provider says: Slow down, \x1b[1mkey REDACTED - rate_limit_exceeded, requests, 429` + "\n",
  )
  expect(notes).toContain('the provider reported an error "rate_limit_exceeded"\n')
})

test("chat names flags where the library names options", async () => {
  const { url } = await serve({ body: HI, end: "stall" })
  for (const flag of ["--timeout", "--idle"]) {
    const { code, notes } = await runHere(["chat", url, "-d", "{}", flag, "0.3"])
    expect(code).toBe(1)
    expect(notes).toContain(`"${flag}" of 0.3 s has passed\n`)
  }
})

const RESPONSE =
  'data: {"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":0,"delta":"Hi"}\n\n' +
  'data: {"type":"response.completed","response":{"id":"r","status":"completed","usage":{"input_tokens":1}}}\n\n'
const COMPLETION = `data: {"object":"text_completion","choices":[{"index":0,"text":"Hi","finish_reason":"stop"}]}\n\n${DONE}`

test.each([
  ["v1/responses", [], RESPONSE, "terminal: finish reason completed, "],
  ["v1/completions", [], COMPLETION, "done: finish reason stop, "],
  ["other", ["--dialect", "responses"], RESPONSE, "terminal: finish reason completed, "],
])("chat reads the dialect of the URL %s with the flags %j", async (path, flags, body, end) => {
  const { url } = await serve({ body }, path)
  const { code, output, notes } = await runCommand(["chat", url, "-d", "{}", ...flags])
  expect({ code, output }).toEqual({ code: 0, output: "Hi" })
  expect(notes.startsWith(end)).toBe(true)
})
