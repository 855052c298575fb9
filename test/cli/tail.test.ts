import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, onTestFinished, test } from "vitest"
import { runCommand, runHere, startCommand } from "../support/command.ts"
import { faultServerOfTest } from "../support/fault-server.ts"

const folder = mkdtempSync(join(tmpdir(), "steadystream-tail-"))
afterAll(() => rmSync(folder, { recursive: true }))

const WORDS = "id: 1\ndata: hello\n\nevent: more\nid: 2\ndata: two\ndata: lines\n\ndata: [DONE]\n\n"

test("tail writes the events on its output, and the states on its error output", async () => {
  const { url } = await faultServerOfTest({ body: WORDS })
  const { code, output, notes } = await runCommand(["tail", url, "--until", "[DONE]"])
  expect(output).toBe("message #1 hello\nmore #2 two\n  lines\n")
  expect(notes.split("\n").slice(0, 2)).toEqual(["connecting", "open: 200 text/event-stream"])
  expect(notes).toMatch(/^closed: 2 events, 74 B in \d+\.\d s$/m)
  expect(code).toBe(0)
})

test("tail --json writes one object a line, and --quiet reports nothing", async () => {
  const { url } = await faultServerOfTest({ body: WORDS })
  const { code, output, notes } = await runCommand(["tail", url, "--until=[DONE]", "--json", "-q"])
  const events = output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as object)
  expect(events).toEqual([
    { event: "message", data: "hello", id: "1", lastEventId: "1" },
    { event: "more", data: "two\nlines", id: "2", lastEventId: "2" },
  ])
  expect({ code, notes }).toEqual({ code: 0, notes: "" })
})

test("tail --raw writes the bytes of every connection unchanged", async () => {
  const body = "\uFEFF: c\r\nid: 1\rdata: a\n\nwhat\n"
  const { url } = await faultServerOfTest([{ body, end: "reset" }, { body: WORDS }])
  const { code, output } = await runCommand(["tail", url, "--until", "[DONE]", "--raw"])
  expect(output).toBe(body + WORDS)
  expect(code).toBe(0)
})

test("tail sends the method, the headers, the data and the last event ID", async () => {
  const server = await faultServerOfTest({ body: WORDS })
  writeFileSync(join(folder, "headers"), "authorization: Bearer key\nX-Two: 2\n")
  writeFileSync(join(folder, "body"), '{"a":1}')
  const flags = ["-H", "x-one: 1", "--header", `@${join(folder, "headers")}`, "-d", `@${join(folder, "body")}`]
  const { code } = await runCommand([
    "tail",
    server.url,
    ...flags,
    "-X",
    "put",
    "--last-event-id",
    "7",
    "--until",
    "[DONE]",
  ])
  expect(code).toBe(0)
  expect(server.requests[0]).toMatchObject({ method: "PUT", body: '{"a":1}' })
  expect(server.requests[0]!.headers).toMatchObject({
    authorization: "Bearer key",
    "x-one": "1",
    "x-two": "2",
    "content-type": "application/json",
    "last-event-id": "7",
  })
})

test("tail --data @- sends its input with POST, once", async () => {
  const server = await faultServerOfTest({ body: "data: a\n\n", end: "reset" })
  const { code, output } = await runCommand(["tail", server.url, "-d", "@-"], { input: "hello" })
  expect({ code, output }).toEqual({ code: 1, output: "message a\n" })
  expect(server.requests.map(({ method, body }) => [method, body])).toEqual([["POST", "hello"]])
})

test("tail retries as often as --retries says, also a POST, and reports each attempt", async () => {
  const server = await faultServerOfTest({
    status: 503,
    headers: { "content-type": "text/plain" },
    body: "down for now",
  })
  const { code, notes } = await runCommand(["tail", server.url, "-d", "{}", "--retries", "1"])
  expect(code).toBe(1)
  expect(server.requests).toHaveLength(2)
  expect(notes).toMatch(
    /^waiting: \d\.\d s before retry 1 of 1\. Cannot read event stream: the status must be 200, not 503$/m,
  )
  expect(notes).toContain("down for now\n")
})

test("tail --retries 0 ends at the end of the stream", async () => {
  const server = await faultServerOfTest({ body: "data: a\n\n" })
  const { code, output } = await runCommand(["tail", server.url, "--retries", "0"])
  expect({ code, output }).toEqual({ code: 0, output: "message a\n" })
  expect(server.requests).toHaveLength(1)
})

test("tail --timeout ends everything, and --idle fails an attempt", async () => {
  const server = await faultServerOfTest({ body: "data: a\n\n", end: "stall" })
  const total = await runCommand(["tail", server.url, "--timeout", "0.2"])
  expect(total.code).toBe(1)
  expect(total.notes).toContain('steadystream tail: Cannot read event stream: "--timeout" of 0.2 s has passed\n')
  const idle = await runCommand(["tail", server.url, "--idle", "0.2", "--retries", "0"])
  expect(idle.code).toBe(1)
  expect(idle.notes).toContain('"--idle" of 0.2 s has passed\n')
})

test("tail names flags where the library names options", async () => {
  const server = await faultServerOfTest({ body: "data: a\n\n" })
  const cut = await runHere(["tail", server.url, "--until", "END", "--retries", "0"])
  expect(cut.notes).toContain('it must not end before "--until"')
  const { child, said, ended } = startCommand(["tail", server.url])
  await said("retries before: 1")
  child.kill("SIGINT")
  const { notes } = await ended
  // The advice is shown once.
  expect(notes.match(/use "--until" or "--retries 0"/g)).toHaveLength(1)
  expect(notes.match(/the server closed the stream$/gm)!.length).toBeGreaterThan(0)
})

test("tail says why the count of retries starts again", async () => {
  const server = await faultServerOfTest((_, index) =>
    index === 0 ? "reset" : { body: index < 3 ? "data: a\n\n" : "data: END\n\n" },
  )
  const { code, notes } = await runHere(["tail", server.url, "--until", "END", "--retries", "3"])
  expect(code).toBe(0)
  const retries = [...notes.matchAll(/retry (\d of 3.*?)\. Cannot/g)].map(([, text]) => text)
  expect(retries).toEqual([
    "1 of 3",
    "1 of 3 (events had arrived, so the count starts again; retries before: 1)",
    "1 of 3 (events had arrived, so the count starts again; retries before: 2)",
  ])
})

test.each(["@-", "@FILE"])("tail --data %s sends the bytes as they are", async (flag) => {
  const server = await startServer()
  const bytes = Buffer.from([0xef, 0xbb, 0xbf, 0xff, 0x00, 0x80, 0x0d, 0x0a])
  const path = join(folder, "bytes")
  writeFileSync(path, bytes)
  const { code } = await runCommand(["tail", server.url, "-d", flag.replace("FILE", path)], { input: bytes })
  expect(code).toBe(1)
  expect(Buffer.concat(server.chunks)).toEqual(bytes)
})

/** A server that keeps the bytes of the body of its request. */
async function startServer() {
  const chunks: Buffer[] = []
  const server = createServer((request, response) => {
    request.on("data", (chunk: Buffer) => void chunks.push(chunk))
    request.on("end", () => response.writeHead(503).end())
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, chunks }
}

test("tail masks a secret of four characters if its name says that it is one", async () => {
  const server = await faultServerOfTest({ status: 401, body: "no: abcd efgh ijkl" })
  const flags = ["-H", "x-api-key: abcd", "-H", "x-mode: efgh", "--retries", "0"]
  const { notes } = await runHere(["tail", `${server.url}?token=ijkl`, ...flags])
  expect(notes).toContain("no: REDACTED efgh REDACTED\n")
})

test("tail writes no control characters of the server to a terminal", async () => {
  const { url } = await faultServerOfTest({ body: "event: a\u001B]0;b\u0007\nid: c\u009B\ndata: \u001B[2J\u202Ed\n\n" })
  const { output } = await runCommand(["tail", url, "--retries", "0"])
  expect(output).toBe(String.raw`a\x1b]0;b\x07 #c\x9b \x1b[2J\u202ed` + "\n")
})

test("tail prints no secret of its request, whatever the server answers", async () => {
  const secret = "sk-very-secret"
  const server = await faultServerOfTest(({ headers }) => ({
    status: 401,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ error: `wrong key ${headers["authorization"]} ${secret}`, text: "why" }),
  }))
  const url = `${server.url}x?key=${secret}`
  const { code, output, notes } = await runCommand(["tail", url, "-H", `authorization: Bearer ${secret}`, "-d", secret])
  expect({ code, output }).toEqual({ code: 1, output: "" })
  expect(notes).toContain('"text":"why"')
  expect(notes).not.toContain(secret)
  await server.close()
  const refused = await runCommand(["tail", url, "--retries", "0"])
  expect(refused.notes).toContain("(ECONNREFUSED)")
  expect(refused.notes).not.toContain(secret)
})

test("tail sends its headers to no other origin at a redirect", async () => {
  const target = await faultServerOfTest({ body: WORDS })
  const { url } = await faultServerOfTest({ status: 307, headers: { location: target.url } })
  const { code } = await runCommand(["tail", url, "-H", "x-key: secret", "--until", "[DONE]"])
  expect(code).toBe(0)
  expect(target.requests[0]!.headers).not.toHaveProperty("x-key")
})

test("tail ends quietly when the reader of its output leaves", async () => {
  const server = await faultServerOfTest({ body: "data: a\n\n".repeat(200_000), end: "stall" })
  const { child, ended, said } = startCommand(["tail", server.url, "-q"])
  await said("message a")
  child.stdout!.destroy()
  expect(await ended).toMatchObject({ code: 0, notes: "" })
  await server.allClosed()
})

test("tail stops reading from the server while the reader of its output is slow", async () => {
  const event = `data: ${"x".repeat(2 ** 16 - 8)}\n\n`
  const size = 64 * 2 ** 20
  const server = await faultServerOfTest({ body: Array.from({ length: size / 2 ** 16 }, () => event), end: "stall" })
  const { child, ended } = startCommand(["tail", server.url, "-q"])
  child.stdout!.pause()
  await server.received(1)
  let taken = -1
  // The server sends no more when two looks see the same.
  while (taken !== server.bytesTaken || taken < 2 ** 20) {
    taken = server.bytesTaken
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  expect(taken).toBeLessThan(size * 0.75)
  child.kill("SIGINT")
  child.stdout!.resume()
  expect((await ended).code).toBe(130)
})

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("tail ends cleanly on %s with the exit code %i", async (signal, expected) => {
  const server = await faultServerOfTest({ body: "data: a\n\n", end: "stall" })
  const { child, ended, said } = startCommand(["tail", server.url])
  await said("message a")
  child.kill(signal)
  const { code, notes } = await ended
  expect(code).toBe(expected)
  expect(notes).toMatch(/closed: 1 event, 9 B in \d+\.\d s\n$/)
  await server.allClosed()
})
