import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startFaultServer } from "steadystream/testing"
import { afterAll, expect, test, vi } from "vitest"
import { lintResponse } from "../../src/cli/lint/lint-response.ts"
import type { LintedResponse } from "../../src/cli/lint/linted-response.ts"
import { type RuleId, RULES } from "../../src/cli/lint/rules.ts"
import { runCommand } from "../support/command.ts"

vi.setConfig({ testTimeout: 30_000 })
const folder = mkdtempSync(join(tmpdir(), "steadystream-lint-"))
afterAll(() => rmSync(folder, { recursive: true }))

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
}

interface Case {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** The chunks, each 100 ms after the one before, or at its own time. */
  readonly body?: string | Uint8Array | readonly (string | readonly [at: number, text: string])[]
  readonly end?: LintedResponse["end"]
  readonly endAt?: number
  readonly until?: string
}

async function rulesOf({ status = 200, headers, body = "", end = "end", endAt, until }: Case) {
  const parts = typeof body === "string" || body instanceof Uint8Array ? [body] : body
  const chunks = parts.map((part, index) => {
    const [at, bytes] = Array.isArray(part) ? (part as [number, string]) : [100 * (index + 1), part as string]
    return { at, bytes: typeof bytes === "string" ? new TextEncoder().encode(bytes) : (bytes as Uint8Array) }
  })
  const kept = Object.entries({ ...HEADERS, ...headers }).filter((entry) => entry[1] !== undefined)
  const head = { at: 10, status, headers: Object.fromEntries(kept) as Record<string, string> }
  const found = await lintResponse({ head, chunks, end, endAt: endAt ?? chunks.at(-1)?.at ?? 10 }, until)
  return found.map(({ rule, line, byte }) => (line === undefined ? rule : `${rule} ${line}:${byte}`))
}

const chat = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const HI = chat({ content: "Hi" }, null)
const STOP = chat({}, "stop")
const COMPLETED = 'data: {"type":"response.completed","response":{"status":"completed"}}\n\n'

/** A response with the fault of each rule, and what is found in it; one without the fault. */
const CASES: Readonly<Record<RuleId, readonly [faulty: Case, found: readonly string[], good: Case]>> = {
  "framing/byte-order-mark": [
    { body: "data: a\n\n\uFEFFdata: b\n\n" },
    ["framing/byte-order-mark 3:9"],
    { body: "\uFEFFdata: \uFEFFb\n\n" },
  ],
  "framing/invalid-utf8": [
    { body: Uint8Array.from([...Buffer.from("data: "), 0xff, 10, 10]) },
    ["framing/invalid-utf8 1:0"],
    { body: "data: \uFFFDä😀\n\n" },
  ],
  "framing/bare-cr": [
    { body: "data: a\rdata: b\n\n" },
    ["framing/bare-cr 1:0"],
    { body: "data: a\r\n\r\ndata: b\n\n" },
  ],
  "framing/unknown-field": [
    { body: 'data: a\nfoo: b\n{"c":1}\n Data: d\n\n' },
    ["framing/unknown-field 2:8", "framing/unknown-field 3:15", "framing/unknown-field 4:23"],
    { body: ": foo\ndata: a\ndata\nid\nevent\nretry: 1\n\n" },
  ],
  "framing/retry": [
    { body: "retry: 1s\n\nretry: -1\n\n" },
    ["framing/retry 1:0", "framing/retry 3:11"],
    { body: "retry: 10\n\n" },
  ],
  "framing/no-data": [
    { body: "event: done\n\n" },
    ["framing/no-data 1:0"],
    { body: "event: done\ndata:\n\n: c\n\nid: 1\n\nretry: 1\n\n" },
  ],
  "framing/unfinished-event": [
    { body: "data: a\n\ndata: b\n" },
    ["framing/unfinished-event 3:9"],
    { body: "data: a\n\n: b" },
  ],
  "framing/nul-in-id": [{ body: "id: a\0b\ndata: a\n\n" }, ["framing/nul-in-id 1:0"], { body: "id: a\ndata: \0\n\n" }],
  "headers/status": [
    { status: 503, headers: { "content-type": "text/html" } },
    ["headers/status"],
    { status: 204, headers: { "content-type": undefined } },
  ],
  "headers/content-type": [
    { headers: { "content-type": "text/event-streams" } },
    ["headers/content-type"],
    { headers: { "content-type": "Text/Event-Stream;charset=x" } },
  ],
  "headers/no-transform": [
    { headers: { "cache-control": "no-cache" } },
    ["headers/no-transform"],
    { headers: { "cache-control": "no-cache, No-Transform" } },
  ],
  "headers/content-length": [{ headers: { "content-length": "0" } }, ["headers/content-length"], {}],
  "headers/content-encoding": [
    { headers: { "content-encoding": "gzip" } },
    ["headers/content-encoding"],
    { headers: { "content-encoding": "identity" } },
  ],
  "headers/x-accel-buffering": [{ headers: { "x-accel-buffering": undefined } }, ["headers/x-accel-buffering"], {}],
  "arrival/buffered": [
    {
      body: [
        [2_000, "data: a\n\n".repeat(4)],
        [2_005, "data: a\n\n".repeat(4)],
      ],
    },
    ["arrival/buffered"],
    {
      body: [
        [100, "data: a\n\n".repeat(4)],
        [2_005, "data: a\n\n".repeat(4)],
      ],
    },
  ],
  "arrival/silence": [
    {
      body: [
        [100, "data: a\n\n"],
        [30_200, "data: a\n\n"],
      ],
    },
    ["arrival/silence"],
    {
      body: [
        [100, "data: a\n\n"],
        [15_000, ":\n\n"],
        [30_200, "data: a\n\n"],
      ],
    },
  ],
  "end/broken": [{ body: "data: a\n\nda", end: "error" }, ["end/broken"], { body: "data: a\n\nda", end: "cancel" }],
  "end/no-mark": [{ body: "data: a\n\n", until: "END" }, ["end/no-mark"], { body: "data: END\n\n", until: "END" }],
  "end/incomplete-answer": [{ body: HI }, ["end/incomplete-answer"], { body: HI, end: "cancel" }],
  "end/no-done": [{ body: HI + STOP }, ["end/no-done"], { body: `${HI + STOP}data: [DONE]\n\n` }],
  "end/malformed-json": [
    { body: `${HI}data: {"choices"\n\n${STOP}data: [DONE]\n\n` },
    ["end/malformed-json"],
    { body: `data: {"type":"response.created"}\n\n${COMPLETED}` },
  ],
  "end/provider-error": [
    { body: `${HI}data: {"error":{"message":"secret"}}\n\n` },
    ["end/provider-error"],
    { body: 'data: {"error":{"message":"of no known API"}}\n\n' },
  ],
  "ids/unsendable": [
    { body: "id: a\u0001\ndata: a\n\nid: b \ndata: b\n\n" },
    ["ids/unsendable 1:0", "ids/unsendable 4:16"],
    { body: "id: a b\ndata: a\n\n" },
  ],
  "ids/not-latin1": [{ body: "id: 😀\ndata: a\n\n" }, ["ids/not-latin1 1:0"], { body: "id: ä\ndata: a\n\n" }],
  "ids/duplicate": [
    { body: "id: 1\ndata: a\n\nid: 2\ndata: a\n\nid: 1\ndata: a\n\n" },
    ["ids/duplicate 7:30"],
    { body: "id: 1\ndata: a\n\nid: 2\ndata: a\n\n" },
  ],
  "ids/missing": [
    { body: "id: 1\ndata: a\n\ndata: b\n\ndata: END\n\n" },
    ["ids/missing 4:15"],
    { body: "id: 1\ndata: a\n\ndata: END\n\n" },
  ],
}

test.each(Object.entries(CASES))(
  "lint finds %s, and nothing without the fault",
  async (rule, [faulty, found, good]) => {
    expect(await rulesOf(faulty)).toEqual(found)
    expect(found.every((one) => one.startsWith(rule))).toBe(true)
    expect(await rulesOf(good)).toEqual([])
  },
)

test("lint finds a buffer that passes on blocks", async () => {
  const block = `data: ${"x".repeat(2_048 - 8)}\n\n`
  const blocks = [0, 1, 2, 3, 4].map((at) => [at * 100 + 100, block] as const)
  expect(await rulesOf({ body: [...blocks, [900, "data: a\n\n"]] })).toEqual(["arrival/buffered"])
  expect(await rulesOf({ body: [...blocks, [700, "data: a\n\n"], [900, "data: a\n\n"]] })).toEqual([])
})

test("lint counts the silence after the last chunk only if the body did not end", async () => {
  const body = [[100, "data: a\n\n"]] as const
  expect(await rulesOf({ body, end: "cancel", endAt: 31_000 })).toEqual(["arrival/silence"])
  expect(await rulesOf({ body, end: "end", endAt: 31_000 })).toEqual([])
})

test("lint reads the text of a stream from a file, and its links and severities are those of the rules", async () => {
  const path = join(folder, "a.sse")
  writeFileSync(path, "data: a\n\nfoo\ndata: b")
  const { code, output, notes } = await runCommand(["lint", path, "--json"])
  expect({ code, notes }).toEqual({ code: 1, notes: "" })
  const findings = output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { rule: RuleId })
  expect(findings.map(({ rule }) => rule)).toEqual(["framing/unknown-field", "framing/unfinished-event"])
  for (const finding of findings) expect(finding).toMatchObject(RULES[finding.rule])
  const human = await runCommand(["lint", path])
  expect(human.output).toBe(
    "warning framing/unknown-field, line 3, byte 9\n" +
      "  The line has no field name of the format, so it is ignored.\n" +
      `  ${RULES["framing/unknown-field"].link}\n` +
      "error framing/unfinished-event, line 3, byte 9\n" +
      "  The body ends without a blank line, so its last event is dropped.\n" +
      `  ${RULES["framing/unfinished-event"].link}\n` +
      "1 error, 1 warning, 0 info\n",
  )
})

test("lint shows the first five findings of a rule, and counts the others", async () => {
  const path = join(folder, "many.sse")
  writeFileSync(path, `${"foo\n".repeat(8)}\ndata: a\n\n`)
  const { output } = await runCommand(["lint", path])
  expect(output.match(/^warning framing\/unknown-field, line \d, byte \d+$/gm)).toHaveLength(5)
  expect(output).toMatch(/^framing\/unknown-field: 3 further findings\n0 errors, 8 warnings, 0 info\n$/m)
})

test("lint reads a response of a server, with the flags of the request, and ends with 0 if it is good", async () => {
  const good = { headers: HEADERS, body: "data: a\n\ndata: END\n\n" }
  const server = await startFaultServer([
    good,
    { ...good, headers: {}, end: "stall" },
    { status: 302, headers: { location: "/" } },
  ])
  const flags = ["-H", "x-one: 1", "-d", "{}", "--last-event-id", "7"]
  const first = await runCommand(["lint", server.url, "--until", "END", ...flags])
  expect(first).toEqual({ code: 0, output: "0 errors, 0 warnings, 0 info\n", notes: "" })
  expect(server.requests[0]).toMatchObject({ method: "POST", body: "{}" })
  expect(server.requests[0]!.headers).toMatchObject({ "x-one": "1", "last-event-id": "7" })
  const second = await runCommand(["lint", server.url, "--for", "0.5", "--json"])
  expect(second.output).toContain('"rule":"headers/no-transform"')
  const third = await runCommand(["lint", server.url])
  expect(third.output).toContain("The status is 302.")
  expect(server.requests).toHaveLength(3)
  await server.close()
  const { code, notes } = await runCommand(["lint", server.url])
  expect({ code, notes }).toEqual({ code: 1, notes: "steadystream lint: The connection failed (ECONNREFUSED)\n" })
})

test("lint reads every response of a recording, and fails at a broken one", async () => {
  const server = await startFaultServer([
    { headers: HEADERS, body: "id: 1\ndata: a\n\n", end: "reset" },
    { headers: HEADERS, body: "id: 2\ndata: b\n\ndata: END\n\n" },
  ])
  const path = join(folder, "a.jsonl")
  expect((await runCommand(["record", server.url, "-o", path, "--until", "END"])).code).toBe(0)
  await server.close()
  const { code, output } = await runCommand(["lint", path])
  expect(code).toBe(1)
  expect(output).toMatch(/^error end\/broken, response 0\n/)
  expect(output).toContain("\n1 error, 0 warnings, 0 info\n")
})
