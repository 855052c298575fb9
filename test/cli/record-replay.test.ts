import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseRecording } from "steadystream/testing"
import { afterAll, expect, test, vi } from "vitest"
import { runCommand, startCommand } from "../support/command.ts"
import { faultServerOfTest } from "../support/fault-server.ts"

vi.setConfig({ testTimeout: 30_000 })
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
  await vi.waitUntil(() => readFileSync(path, "utf8").includes('"chunk"'), { timeout: 10_000 })
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
  await vi.waitUntil(() => readFileSync(path, "utf8").includes('"chunk"'), { timeout: 10_000 })
  child.kill("SIGKILL")
  await ended
  expect(entriesOf(path).filter(({ type }) => type === "chunk")).toHaveLength(1)
})

test("record fails if the file cannot be written, and makes no request", async () => {
  const server = await faultServerOfTest({ body: "data: a\n\n" })
  const { code, notes } = await runCommand(["record", server.url, "-o", join(folder, "missing", "a.jsonl")])
  expect({ code, notes }).toEqual({ code: 1, notes: 'steadystream record: "open" failed: ENOENT\n' })
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
  expect((await runCommand(["replay", join(folder, "none")])).notes).toContain('"open" failed: ENOENT')
})
