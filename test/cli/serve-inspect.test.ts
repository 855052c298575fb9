import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SseRetryError } from "steadystream"
import { subscribe } from "steadystream/client"
import { readChatCompletions } from "steadystream/openai"
import { formatRecording, type RecordingEntry } from "steadystream/testing"
import { afterAll, beforeAll, expect, test, vi } from "vitest"
import { type RunningCommand, runCommand, startCommand } from "../support/command.ts"

const folder = mkdtempSync(join(tmpdir(), "steadystream-serve-"))
let serve: RunningCommand
let url: string
beforeAll(async () => {
  serve = startCommand(["serve"])
  url = await serve.line()
})
afterAll(async () => {
  serve.child.kill("SIGINT")
  const { code, notes } = await serve.ended
  rmSync(folder, { recursive: true })
  expect(code).toBe(130)
  expect(notes).toContain("  GET /words ")
})

const FAST = { initialDelay: 1, maxDelay: 2, minServerDelay: 1 }

test.each(["words", "flaky"])("serve sends the words of /%s once each, then its end mark", async (path) => {
  const words: string[] = []
  const events = subscribe(url + path, { until: "[DONE]", retry: FAST })
  for await (const { data, id } of events) {
    words.push(data)
    expect(id).toBe(String(words.length))
  }
  expect(words.join(" ")).toBe(
    "A stream of events is plain text , one word after the other , until it says that it is done .",
  )
  expect(events.retries > 0).toBe(path === "flaky")
})

test("serve answers /down with 503 until a client has no more retries", async () => {
  const events = subscribe(`${url}down`, { retry: { ...FAST, maxRetries: 1 } })
  await expect(events[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(SseRetryError)
})

test.each([
  ["any", null],
  ["cut", "finish_reason"],
])('serve answers as the model "%s"', async (model, missing) => {
  const body = JSON.stringify({ model, stream_options: { include_usage: true } })
  const stream = readChatCompletions(fetch(`${url}v1/chat/completions`, { method: "POST", body }))
  if (missing === null) expect(await stream.collect()).toMatchObject({ model, usage: { completion_tokens: 22 } })
  else await expect(stream.collect()).rejects.toMatchObject({ code: "truncated", missing })
})

test("serve publishes on its channel", async () => {
  const events = subscribe(`${url}channel`)
  const reader = events[Symbol.asyncIterator]()
  const first = reader.next()
  await vi.waitUntil(() => events.state === "open")
  expect((await fetch(`${url}channel`, { method: "POST", body: "hello" })).status).toBe(204)
  expect((await first).value).toMatchObject({ data: "hello" })
  await reader.return()
})

test("serve lists its scenarios at / and at unknown paths", async () => {
  const answers = await Promise.all(["", "other"].map((path) => fetch(url + path)))
  expect(answers.map(({ status }) => status)).toEqual([200, 404])
  expect(await answers[1]!.text()).toContain("GET /words")
})

const bytes = (text: string) => new TextEncoder().encode(text)
const ENTRIES: readonly RecordingEntry[] = [
  { type: "request", at: 0, request: 0, method: "GET", url: "http://host/a?b=REDACTED", headers: {} },
  { type: "response", at: 10, request: 0, status: 200, headers: { "content-type": "text/event-stream" } },
  { type: "state", at: 10, state: "open" },
  { type: "chunk", at: 20, request: 0, bytes: bytes("id: 1\nevent: x\u001B\ndata: hello\n\ndata: sec") },
  { type: "chunk", at: 50, request: 0, bytes: bytes("ond\n\n") },
  { type: "error", at: 60, request: 0, name: "TypeError", code: "ECONNRESET" },
  { type: "retry", at: 60, attempt: 1, delay: 30, name: "SseConnectionError", code: "connection" },
  { type: "request", at: 90, request: 1, method: "GET", url: "http://host/a", headers: {} },
  { type: "response", at: 95, request: 1, status: 204, headers: {} },
  { type: "end", at: 100, request: 1 },
  { type: "failure", at: 100, name: "SseRetryError", code: "retries-exhausted" },
]

test("inspect shows a recording as a timeline", async () => {
  const path = join(folder, "a.jsonl")
  writeFileSync(path, formatRecording({ version: 1, entries: ENTRIES }))
  const { code, output, notes } = await runCommand(["inspect", path, "--data"])
  expect({ code, notes }).toEqual({ code: 0, notes: "" })
  const dots = (place: number) => `${"·".repeat(place)}●${"·".repeat(23 - place)}`
  expect(output.split("\n")).toEqual([
    `      0 ms  ${dots(0)}  #0 GET http://host/a?b=REDACTED`,
    `     10 ms  ${dots(2)}  #0 200 text/event-stream`,
    `     10 ms  ${dots(2)}  open`,
    String.raw`     20 ms  ${dots(5)}  #0 38 B, 1 event: x\x1b #1`,
    `${" ".repeat(38)}hello`,
    `     50 ms  ${dots(12)}  #0 5 B, 1 event: message`,
    `${" ".repeat(38)}second`,
    `     60 ms  ${dots(14)}  #0 broke: TypeError ECONNRESET`,
    `     60 ms  ${dots(14)}  retry 1 in 30 ms: SseConnectionError connection`,
    `     90 ms  ${dots(21)}  #1 GET http://host/a`,
    `     95 ms  ${dots(22)}  #1 204 without a content type`,
    `    100 ms  ${dots(23)}  #1 end of the body`,
    `    100 ms  ${dots(23)}  failed: SseRetryError retries-exhausted`,
    "2 requests, 2 events, 43 B in 0.1 s, longest silence 30 ms",
    "",
  ])
})

test("inspect reads what record has written", async () => {
  const path = join(folder, "b.jsonl")
  expect((await runCommand(["record", `${url}flaky`, "-o", path, "--until", "[DONE]"])).code).toBe(0)
  expect(readFileSync(path, "utf8")).toContain('"error"')
  const { output } = await runCommand(["inspect", path])
  expect(output).toMatch(/\n5 requests, 23 events, \d+ B in \d+\.\d s, longest silence \d+ ms\n$/)
})
