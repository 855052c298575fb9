import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseRecording } from "steadystream/testing"
import { afterAll, expect, test, vi } from "vitest"
import { runCommand, runHere, startCommand } from "../support/command.ts"
import { faultServerOfTest } from "../support/fault-server.ts"

const folder = mkdtempSync(join(tmpdir(), "steadystream-record-"))
afterAll(() => rmSync(folder, { recursive: true }))
const entriesOf = (path: string) => parseRecording(readFileSync(path, "utf8")).entries

const SECRET = "sk-very-secret"

test("record writes the wire, the attempts and the states, without secrets", async () => {
  const server = await faultServerOfTest([
    { body: ["id: 1\ndata: a\n\n", "data: lo"], pieceDelay: 20, end: "reset" },
    { body: "data: b\n\ndata: END\n\n" },
  ])
  const path = join(folder, "one.jsonl")
  const flags = ["-o", path, "--until", "END", "-H", `authorization: Bearer ${SECRET}`]
  const { code, output, notes } = await runCommand(["record", `${server.url}?key=${SECRET}`, ...flags])
  expect({ code, output }).toEqual({ code: 0, output: "" })
  expect(notes).toMatch(/^recorded: \d+ entries, 2 events, 43 B in \d+\.\d s$/m)
  expect(readFileSync(path, "utf8") + notes).not.toContain(SECRET)
  const entries = entriesOf(path)
  expect(entries.map((entry) => (entry.type === "state" ? entry.state : entry.type))).toEqual(
    expect.arrayContaining([
      "request",
      "response",
      "open",
      "chunk",
      "error",
      "retry",
      "waiting",
      "connecting",
      "closed",
    ]),
  )
  expect(entries.map(({ at }) => at)).toEqual(entries.map(({ at }) => at).toSorted((left, right) => left - right))
  expect(entries.find(({ type }) => type === "retry")).toMatchObject({
    attempt: 1,
    name: "SseConnectionError",
    code: "connection",
  })
})

test.each(["SIGINT", "SIGTERM"] as const)("record keeps a whole recording on %s", async (signal) => {
  const server = await faultServerOfTest({ body: "data: a\n\n", end: "stall" })
  const path = join(folder, `${signal}.jsonl`)
  const { child, ended, said } = startCommand(["record", server.url, "--output", path])
  await said("open: 200")
  await vi.waitUntil(() => readFileSync(path, "utf8").includes('"chunk"'))
  child.kill(signal)
  expect((await ended).code).toBe(signal === "SIGINT" ? 130 : 143)
  expect(readFileSync(path, "utf8")).toMatch(/\n$/)
  const types = entriesOf(path).map((entry) => (entry.type === "state" ? entry.state : entry.type))
  expect(types.slice(0, 4)).toEqual(["request", "response", "open", "chunk"])
  expect(types.slice(4)).toContain("closed")
})

test("record keeps what came before it is killed", async () => {
  const server = await faultServerOfTest({ body: "data: a\n\n", end: "stall" })
  const path = join(folder, "killed.jsonl")
  const { child, ended } = startCommand(["record", server.url, "--output", path])
  await server.received(1)
  await vi.waitUntil(() => readFileSync(path, "utf8").includes('"chunk"'))
  child.kill("SIGKILL")
  await ended
  expect(entriesOf(path).filter(({ type }) => type === "chunk")).toHaveLength(1)
})

test("record fails if the file cannot be written, and makes no request", async () => {
  const server = await faultServerOfTest({ body: "data: a\n\n" })
  const { code, notes } = await runCommand(["record", server.url, "-o", join(folder, "missing", "a.jsonl")])
  expect({ code, notes }).toEqual({
    code: 1,
    notes: `steadystream record: Cannot open "${join(folder, "missing", "a.jsonl")}": there is no such file or folder (ENOENT)\n`,
  })
  expect(server.requests).toEqual([])
})

test("record --retries 0 of a replay is the recording, byte for byte", async () => {
  const body = ["data: a\n\nda", "ta: b\r", "\n\r\n", "data: \uFFFDc\n\n"]
  const server = await faultServerOfTest({ body, pieceDelay: 30 })
  const [first, second] = [join(folder, "first.jsonl"), join(folder, "second.jsonl")]
  await runCommand(["record", server.url, "-o", first, "--retries", "0"])
  const replay = startCommand(["replay", first, "--speed", "2"])
  const url = await replay.line()
  expect((await runCommand(["record", `${url}any/path`, "-o", second, "--retries", "0"])).code).toBe(0)
  replay.child.kill("SIGINT")
  expect((await replay.ended).code).toBe(130)
  // How the network cuts the body is not known.
  const bytesOf = (path: string) => {
    const chunks = entriesOf(path).flatMap((entry) => (entry.type === "chunk" ? [entry.bytes] : []))
    return Buffer.concat(chunks).toString()
  }
  expect(bytesOf(first)).toBe(body.join(""))
  expect(bytesOf(second)).toBe(body.join(""))
})

test("replay fails at a file that is no recording", async () => {
  const path = join(folder, "no.jsonl")
  writeFileSync(path, "data: a\n\n")
  const { code, notes } = await runCommand(["replay", path])
  expect({ code, notes }).toEqual({
    code: 1,
    notes: "steadystream replay: Cannot read recording: line 1 must be a JSON object\n",
  })
})

test("record keeps the old content of its file until a response arrives", async () => {
  const path = join(folder, "old.jsonl")
  writeFileSync(path, "old\n")
  const refused = await runHere(["record", "http://127.0.0.1:1/", "-o", path, "--retries", "0"])
  expect(refused.code).toBe(1)
  expect(refused.notes).toContain("No response has arrived, so the file still has its old content.\n")
  expect(readFileSync(path, "utf8")).toBe("old\n")
  const server = await faultServerOfTest({ body: "data: a\n\n" })
  const replaced = await runHere(["record", server.url, "-o", path, "--retries", "0"])
  expect(replaced.code).toBe(0)
  expect(entriesOf(path).map(({ type }) => type)).toEqual(
    expect.arrayContaining(["request", "response", "chunk", "end", "state"]),
  )
})

test("record keeps the old content of its file if it is killed before a response", async () => {
  const server = await faultServerOfTest(() => "stall")
  const path = join(folder, "old-killed.jsonl")
  writeFileSync(path, "old\n")
  const { child, ended } = startCommand(["record", server.url, "--output", path])
  await server.received(1)
  child.kill("SIGKILL")
  await ended
  expect(readFileSync(path, "utf8")).toBe("old\n")
})

test("record of a failed connection is written to a new file, and lint finds it", async () => {
  const path = join(folder, "failed.jsonl")
  expect((await runHere(["record", "http://127.0.0.1:1/", "-o", path, "--retries", "0"])).code).toBe(1)
  expect(entriesOf(path).map(({ type }) => type)).toEqual(["request", "error", "state", "failure"])
  const { code, output } = await runHere(["lint", path])
  expect(code).toBe(1)
  expect(output).toMatch(/^error arrival\/no-response\n/)
})

test.runIf(existsSync("/dev/full"))("record says which file is full", async () => {
  const server = await faultServerOfTest({ body: "data: a\n\n" })
  const { code, notes } = await runHere(["record", server.url, "-o", "/dev/full"])
  expect({ code, notes }).toEqual({
    code: 1,
    notes: 'steadystream record: Cannot write "/dev/full": the disk is full (ENOSPC)\n',
  })
})

test("record --output - writes the recording to its output, whole after a signal", async () => {
  const server = await faultServerOfTest({ body: "data: a\n\n", end: "stall" })
  const { child, ended, said } = startCommand(["record", server.url, "-o", "-"])
  await said('"chunk"')
  child.kill("SIGINT")
  const { code, output } = await ended
  expect(code).toBe(130)
  const types = parseRecording(output).entries.map((entry) => (entry.type === "state" ? entry.state : entry.type))
  expect(types).toEqual(expect.arrayContaining(["request", "response", "chunk", "cancel", "closed"]))
})

test("record --output - ends quietly when the reader of its output leaves", async () => {
  const server = await faultServerOfTest({ body: "data: a\n\n".repeat(200_000), end: "stall" })
  const { child, ended, said } = startCommand(["record", server.url, "-q", "-o", "-"])
  await said('"chunk"')
  child.stdout!.destroy()
  expect(await ended).toMatchObject({ code: 0, notes: "" })
})

test("record --redact replaces what matches, also over chunks, in URLs and in headers", async () => {
  const server = await faultServerOfTest({
    headers: { server: "key-123" },
    body: ["data: a key", "-4", "5 b\ndata: \u00E4key-6\n", "\ndata: name Zo\u00EB, key-7"],
    pieceDelay: 30,
  })
  const path = join(folder, "redacted.jsonl")
  const flags = ["--redact", String.raw`key-\d+`, "--redact", "Zo\u00EB", "--retries", "0"]
  expect((await runHere(["record", `${server.url}key-8`, "-o", path, ...flags])).code).toBe(0)
  const entries = entriesOf(path)
  const bodies = entries.flatMap((entry) => (entry.type === "chunk" ? [entry.bytes] : []))
  expect(Buffer.concat(bodies).toString()).toBe("data: a *** b\ndata: \u00E4***\n\ndata: name ***, ***")
  expect(readFileSync(path, "utf8")).not.toMatch(/key|Zo/)
  expect(entries).toContainEqual(expect.objectContaining({ type: "request", url: `${server.url}***` }))
})

test("record --max-bytes ends the recording at this size, and says so", async () => {
  const server = await faultServerOfTest({
    body: ["data: a\n\n", "data: b\n\n".repeat(400)],
    pieceDelay: 30,
    end: "stall",
  })
  const path = join(folder, "limited.jsonl")
  const { code, notes } = await runHere(["record", server.url, "-o", path, "--max-bytes", "2000"])
  expect(code).toBe(1)
  expect(notes).toContain('steadystream record: Cannot record more than 2000 bytes: "--max-bytes" sets the limit\n')
  expect(entriesOf(path).at(-1)!.type).toBe("limit")
  await server.allClosed()
})
