import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { formatRecording, parseRecording, type RecordingEntry, startFaultServer } from "steadystream/testing"
import { afterAll, expect, test } from "vitest"
import { lintResponse } from "../../src/cli/lint/lint-response.ts"
import { type LintedResponse, recordedResponsesOf } from "../../src/cli/lint/linted-response.ts"
import { type RuleId, RULES } from "../../src/cli/lint/rules.ts"
import { runCommand, runHere, startCommand } from "../support/command.ts"
import { faultServerOfTest } from "../support/fault-server.ts"

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
  readonly isRetried?: boolean
}

async function rulesOf({
  status = 200,
  headers,
  body = "data: a\n\n",
  end = "end",
  endAt,
  until,
  isRetried = false,
}: Case) {
  const parts = typeof body === "string" || body instanceof Uint8Array ? [body] : body
  const chunks = parts.map((part, index) => {
    const [at, bytes] = Array.isArray(part) ? (part as [number, string]) : [100 * (index + 1), part as string]
    return { at, bytes: typeof bytes === "string" ? new TextEncoder().encode(bytes) : (bytes as Uint8Array) }
  })
  const kept = Object.entries({ ...HEADERS, ...headers }).filter((entry) => entry[1] !== undefined)
  const head = { at: 10, status, headers: Object.fromEntries(kept) as Record<string, string> }
  const found = await lintResponse(
    {
      number: 0,
      hasArrived: true,
      isRetried,
      isFollowed: false,
      head,
      chunks,
      end,
      endAt: endAt ?? chunks.at(-1)?.at ?? 10,
    },
    until,
  )
  return found.map(({ rule, line, byte }) => (line === undefined ? rule : `${rule} ${line}:${byte}`))
}

const chat = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const HI = chat({ content: "Hi" }, null)
const STOP = chat({}, "stop")
const COMPLETED = 'data: {"type":"response.completed","response":{"status":"completed"}}\n\n'

/** A response with the fault of each rule, and what is found in it; one without the fault. */
const CASES: Readonly<
  Record<Exclude<RuleId, "arrival/no-response">, readonly [faulty: Case, found: readonly string[], good: Case]>
> = {
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
    { status: 204, headers: { "content-type": undefined }, body: "" },
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
  "arrival/no-body": [{ body: "", end: "cancel" }, ["arrival/no-body"], { body: ":" }],
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
  "end/broken-and-retried": [
    { body: "data: a\n\nda", end: "error", isRetried: true, until: "END" },
    ["end/broken-and-retried"],
    { body: HI, isRetried: true, until: "END" },
  ],
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

test("lint reads every response of a recording, and warns of one that broke and was retried", async () => {
  const server = await startFaultServer([
    { headers: HEADERS, body: "id: 1\ndata: a\n\n", end: "reset" },
    { headers: HEADERS, body: "id: 2\ndata: b\n\ndata: END\n\n" },
  ])
  const path = join(folder, "a.jsonl")
  expect((await runCommand(["record", server.url, "-o", path, "--until", "END"])).code).toBe(0)
  await server.close()
  const { code, output } = await runCommand(["lint", path])
  expect(code).toBe(1)
  expect(output).toMatch(/^warning end\/broken-and-retried, response 0\n/)
  expect(output).toContain("\n0 errors, 1 warning, 0 info\n")
  expect((await runCommand(["lint", path, "--until", "END"])).output).toBe(output)
})

test("lint of a recording reports no redirect that was followed", async () => {
  const server = await startFaultServer([
    { status: 302, headers: { location: "/moved?key=1" } },
    { headers: HEADERS, body: "data: a\n\ndata: END\n\n" },
  ])
  const path = join(folder, "redirect.jsonl")
  expect((await runCommand(["record", server.url, "-o", path, "--until", "END"])).code).toBe(0)
  await server.close()
  expect(await runHere(["lint", path])).toEqual({ code: 0, output: "0 errors, 0 warnings, 0 info\n", notes: "" })
  const entries = parseRecording(readFileSync(path)).entries.filter((entry) => "request" in entry)
  const first = entries.filter(({ request }) => request === 0)
  const second = entries.find(({ request }) => request === 1)!
  writeFileSync(path, formatRecording({ version: 1, entries: first }))
  expect((await runHere(["lint", path])).output).toMatch(/^error headers\/status\n {2}The status is 302\./)
  writeFileSync(path, formatRecording({ version: 1, entries: [...first, second] }))
  expect((await runHere(["lint", path])).output).toContain("No response arrived, so nothing could be checked.")
})

const REQUEST = { type: "request", at: 0, request: 0, method: "GET", url: "http://a/", headers: {} } as const
const HEAD = { type: "response", at: 1, request: 0, status: 200, headers: HEADERS } as const
const REFUSED = { type: "error", at: 2, request: 0, name: "TypeError", code: "ECONNREFUSED" } as const

test.each<readonly [string, readonly RecordingEntry[], readonly string[]]>([
  ["without an entry", [], ["arrival/no-response No response arrived, so nothing could be checked."]],
  [
    "with states alone",
    [{ type: "state", at: 0, state: "closed" }],
    ["arrival/no-response No response arrived, so nothing could be checked."],
  ],
  ["of a request without an end", [REQUEST], ["arrival/no-response No response arrived, so nothing could be checked."]],
  [
    "of a request that was stopped",
    [REQUEST, { type: "cancel", at: 1, request: 0 }],
    ["arrival/no-response No response arrived, so nothing could be checked."],
  ],
  [
    "of a failed connection",
    [REQUEST, REFUSED],
    ["arrival/no-response The request failed before a response arrived (ECONNREFUSED)."],
  ],
  [
    "of a failed connection with a code of its own",
    [REQUEST, { ...REFUSED, code: "a\u001B b" }],
    ["arrival/no-response The request failed before a response arrived."],
  ],
  [
    "of a head alone",
    [REQUEST, HEAD],
    ["arrival/no-body Nothing of the body arrived before the reader stopped, so only the headers were checked."],
  ],
  [
    "of a head and an empty chunk",
    [REQUEST, HEAD, { type: "chunk", at: 2, request: 0, bytes: new Uint8Array(0) }],
    ["arrival/no-body Nothing of the body arrived before the reader stopped, so only the headers were checked."],
  ],
  [
    "of an empty body",
    [REQUEST, HEAD, { type: "end", at: 2, request: 0 }],
    ["arrival/no-body The body is empty, so a reader gets no event and reconnects."],
  ],
  [
    "of a body that broke at once",
    [REQUEST, HEAD, REFUSED],
    ["end/broken The connection broke before the end of the body."],
  ],
  [
    "that was stopped while it reconnected",
    [
      REQUEST,
      HEAD,
      { type: "chunk", at: 2, request: 0, bytes: new TextEncoder().encode("data: a\n\n") },
      { ...REQUEST, request: 1 },
    ],
    [],
  ],
])("lint of a recording %s says so", async (_, entries, found) => {
  const path = join(folder, "recording.jsonl")
  writeFileSync(path, formatRecording({ version: 1, entries }))
  const { code, output, notes } = await runHere(["lint", path, "--json"])
  const findings = output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { rule: RuleId; message: string; link: string; response: number })
  expect(findings.map(({ rule, message }) => `${rule} ${message}`)).toEqual(found)
  expect({ code, notes }).toEqual({ code: found.length === 0 ? 0 : 1, notes: "" })
  for (const finding of findings) expect(finding).toMatchObject({ ...RULES[finding.rule], response: 0 })
})

test("lint reads each entry of a recording once, however many requests it has", () => {
  const requests = 500
  const entries = Array.from({ length: requests }, (_, request) => [
    { ...REQUEST, request },
    { ...HEAD, request },
    { type: "end", at: 2, request } as const,
  ]).flat()
  let reads = 0
  const counted = new Proxy(entries, {
    get: (target, name) => {
      if (typeof name === "string" && /^\d+$/.test(name)) reads++
      return Reflect.get(target, name) as unknown
    },
  })
  expect(recordedResponsesOf({ version: 1, entries: counted })).toHaveLength(requests)
  expect(reads).toBe(entries.length)
})

test("lint counts responses as the recording does, also if requests before them were stopped", async () => {
  const entries = [REQUEST, { ...REQUEST, request: 1 }, { ...HEAD, request: 1, status: 503 }]
  const path = join(folder, "second.jsonl")
  writeFileSync(path, formatRecording({ version: 1, entries }))
  expect((await runHere(["lint", path])).output).toMatch(/^error headers\/status, response 1\n/)
})

test("lint reports a server that does not answer in the time of --for", async () => {
  const server = await faultServerOfTest(() => "stall")
  const { code, output } = await runHere(["lint", server.url, "--for", "0.3"])
  expect(code).toBe(1)
  expect(output).toMatch(/^error arrival\/no-response\n {2}No response arrived/)
})

test("lint, inspect and replay read a recording from the input", async () => {
  const text = formatRecording({ version: 1, entries: [REQUEST, HEAD] })
  expect((await runCommand(["lint", "-"], { input: text })).output).toMatch(/^warning arrival\/no-body\n/)
  expect((await runCommand(["lint", "-"], { input: "foo\n\ndata: a\n\n" })).output).toContain("framing/unknown-field")
  expect((await runCommand(["inspect", "-"], { input: text })).output).toContain("#0 GET http://a/\n")
  const replay = startCommand(["replay", "-"], { input: text })
  expect(await replay.line()).toMatch(/^http:/)
  replay.child.kill("SIGINT")
  expect((await replay.ended).code).toBe(130)
})

test.each([
  ["an empty one", new Uint8Array(0), "it must not be empty", "warning arrival/no-body\n"],
  [
    "a compressed one",
    Uint8Array.of(0x1f, 0x8b, 8, 0),
    "it must not be compressed",
    "Cannot read stream: the file must not be compressed",
  ],
  [
    "one in UTF-16",
    new Uint8Array(Buffer.from("\uFEFF{}", "utf16le")),
    "it must be in UTF-8, not UTF-16",
    "Cannot read stream: the file must be in UTF-8, not UTF-16",
  ],
])("lint, inspect and replay say what is wrong with a file: %s", async (_, bytes, message, found) => {
  const path = join(folder, "wrong.jsonl")
  writeFileSync(path, bytes)
  for (const name of ["inspect", "replay"]) {
    expect(await runHere([name, path])).toEqual({
      code: 1,
      output: "",
      notes: `steadystream ${name}: Cannot read recording: ${message}\n`,
    })
  }
  const { code, output, notes } = await runHere(["lint", path])
  expect(code).toBe(1)
  expect(output + notes).toContain(found)
})
