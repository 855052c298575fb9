import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test, vi } from "vitest"
import { runCommand, runHere, startCommand } from "../support/command.ts"
import { faultServerOfTest } from "../support/fault-server.ts"

const folder = mkdtempSync(join(tmpdir(), "steadystream-command-"))
const fifo = join(folder, "fifo")
beforeAll(() => {
  if (process.platform === "linux") execFileSync("mkfifo", [fifo])
})
afterAll(() => rmSync(folder, { recursive: true }))

const SECRET = "sk-secret-key"

/** A wrong command line, and the first line of the error output. */
const WRONG: readonly (readonly [args: readonly string[], message: string])[] = [
  [["tial"], 'steadystream: "tial" is not a command, did you mean "tail"?'],
  [["frobnicate"], 'steadystream: "frobnicate" is not a command'],
  [[`https://host/?key=${SECRET}`], "steadystream: the first operand is not a command"],
  [["tail"], "steadystream tail: URL is missing"],
  [["tail", "http://a/", "b", SECRET], "steadystream tail: there are 2 operands too many"],
  [["tail", "http://a/", `--hedaer=${SECRET}`], 'steadystream tail: "--hedaer" is not known, did you mean "--header"?'],
  [["tail", "http://a/", "--zzz"], 'steadystream tail: "--zzz" is not known'],
  [["tail", "http://a/", "-z"], 'steadystream tail: "-z" is not known'],
  [["tail", "http://a/", "--header"], 'steadystream tail: "--header" must have a value: NAME:VALUE'],
  ...["--json", "-q", "-5", "--"].map((next): (typeof WRONG)[number] => [
    ["tail", "http://a/", "--until", next],
    'steadystream tail: "--until" must have a value: TEXT (write "--until=…" if it begins with a hyphen)',
  ]),
  [
    ["record", "http://a/", "-o", "-q"],
    'steadystream record: "-o" must have a value: FILE (write "--output=…" if it begins with a hyphen)',
  ],
  [["help", "tial"], 'steadystream: "tial" is not a command, did you mean "tail"?'],
  [["help", "tail", "chat"], "steadystream: there is 1 operand too many"],
  ...["--header", "--method", "--data", "--last-event-id", "--for"].map((flag): (typeof WRONG)[number] => [
    ["lint", "package.json", flag, "a:b"],
    `steadystream lint: "${flag}" must only be used with a URL, not with a file`,
  ]),
  [
    ["record", "http://a/", "-o", `https://host/?key=${SECRET}`],
    'steadystream record: "--output" must be a file, or - for the output, and no URL or FIFO',
  ],
  ...["lint", "inspect", "replay"].map((name): (typeof WRONG)[number] => [
    [name, `ftp://host/?key=${SECRET}`],
    `steadystream ${name}: FILE must be a path, not a URL`,
  ]),
  [
    ["record", "http://a/", "-o", "x", "--redact", `${SECRET}(`],
    'steadystream record: "--redact" must be a regular expression of JavaScript, without slashes around it',
  ],
  [
    ["record", "http://a/", "-o", "x", "--redact", "a*"],
    'steadystream record: "--redact" must not match the empty text',
  ],
  [
    ["record", "http://a/", "-o", "x", "--max-bytes", "0"],
    'steadystream record: "--max-bytes" must be an integer, 1 or more',
  ],
  [["tail", "http://a/", "--json=yes"], 'steadystream tail: "--json" must have no value'],
  [["tail", "http://a/", "--json", "--raw"], 'steadystream tail: "--json" and "--raw" must not be used together'],
  [["tail", SECRET], "steadystream tail: URL must begin with http:// or https:// and be valid"],
  [["tail", `ftp://${SECRET}/`], "steadystream tail: URL must begin with http:// or https:// and be valid"],
  [
    ["tail", `http://user:${SECRET}@host/`],
    'steadystream tail: URL must hold no user and no password: send them with --header "authorization: …"',
  ],
  [
    ["tail", "http://a/", "-H", SECRET],
    'steadystream tail: "--header" must be NAME:VALUE, in the characters that a header may have',
  ],
  [
    ["tail", "http://a/", "-H", `x: ${SECRET}\u2026.`],
    'steadystream tail: "--header" must be NAME:VALUE, in the characters that a header may have',
  ],
  [["tail", "http://a/", "-H", "@/nowhere"], 'steadystream tail: "--header" must name a file that can be read: ENOENT'],
  [["tail", "http://a/", "--retries", "1.5"], 'steadystream tail: "--retries" must be an integer, 0 or more'],
  [["tail", "http://a/", "--retries", ""], 'steadystream tail: "--retries" must be an integer, 0 or more'],
  [["tail", "http://a/", "--timeout", "0"], 'steadystream tail: "--timeout" must be a number, from 0.001 to 2000000'],
  [
    ["tail", "http://a/", "--method", "head"],
    'steadystream tail: "--method" must be a method whose response has a body, such as POST',
  ],
  [["tail", "http://a/", "-X", "GET", "-d", "x"], 'steadystream tail: "--data" must not be sent with GET'],
  [["chat", "http://a/"], 'steadystream chat: "--data" must be the request as JSON'],
  [["chat", "http://a/", "-d", `"${SECRET}"`], 'steadystream chat: "--data" must be a JSON object'],
  [
    ["chat", "http://a/", "-d", "{}", "--dialect", "toString"],
    'steadystream chat: "--dialect" must be chat, completions or responses',
  ],
  [["record", "http://a/"], 'steadystream record: "--output" must name the file of the recording'],
  [["replay", "a", "--port", "65536"], 'steadystream replay: "--port" must be an integer, from 0 to 65535'],
]

test.each(WRONG)("steadystream %j ends with the exit code 2 and says why", async (args, message) => {
  const { code, output, notes } = await runHere(args)
  expect({ code, output, first: notes.split("\n")[0] }).toEqual({ code: 2, output: "", first: message })
  expect(notes).toMatch(/\nRun "steadystream(?: \w+)? --help" for the list of (?:commands|flags)\.\n$/)
  expect(notes).not.toContain(SECRET)
})

test("steadystream as a process has the exit code of its command", async () => {
  const { code, notes } = await runCommand(["tial"])
  expect({ code, notes }).toEqual({
    code: 2,
    notes:
      'steadystream: "tial" is not a command, did you mean "tail"?\nRun "steadystream --help" for the list of commands.\n',
  })
})

test("steadystream without a command shows the commands, and --version the version", async () => {
  const none = await runCommand([])
  expect(none).toEqual(await runCommand(["--help"]))
  expect(none).toMatchObject({ code: 0, notes: "" })
  expect(none.output).toContain("  tail URL ")
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string }
  expect(await runCommand(["--version"])).toEqual({ code: 0, output: `${version}\n`, notes: "" })
})

test("steadystream COMMAND --help shows the flags of the command", async () => {
  const { code, output } = await runCommand(["tail", "--help"])
  expect(code).toBe(0)
  expect(output).toMatch(/^Usage: steadystream tail URL \[FLAGS\]\n/)
  expect(output).toMatch(/^ {2}-H, --header NAME:VALUE +Adds a header/m)
})

test("steadystream help COMMAND shows what COMMAND --help shows", async () => {
  const help = await runHere(["tail", "--help"])
  expect(help).toMatchObject({ code: 0, notes: "" })
  expect(await runHere(["help", "tail"])).toEqual(help)
  expect(await runHere(["--help", "tail"])).toEqual(help)
})

test("steadystream takes a value that begins with a hyphen after an equals sign", async () => {
  const server = await faultServerOfTest({ body: "data: a\n\ndata: -q\n\n" })
  const { code, output } = await runCommand(["tail", server.url, "--until=-q"])
  expect({ code, output }).toEqual({ code: 0, output: "message a\n" })
})

test("steadystream says which file cannot be read, and why", async () => {
  for (const name of ["lint", "inspect", "replay"]) {
    const missing = await runHere([name, "no-such-file"])
    expect(missing.code).toBe(1)
    expect(missing.notes).toBe(
      `steadystream ${name}: Cannot open "no-such-file": there is no such file or folder (ENOENT)\n`,
    )
    expect((await runHere([name, "src"])).notes).toBe(
      `steadystream ${name}: Cannot read "src": it is a folder (EISDIR)\n`,
    )
  }
})

test("steadystream says which port is in use", async () => {
  const server = await faultServerOfTest({})
  const { port } = new URL(server.url)
  const { code, notes } = await runHere(["serve", "--port", port])
  expect({ code, notes }).toEqual({
    code: 1,
    notes: `steadystream serve: Cannot listen on port ${port}: it is in use (EADDRINUSE)\n`,
  })
})

test.each(["tail", "chat", "lint", "record"])(
  "steadystream %s says that a port is one of the bad ports",
  async (name) => {
    const flags = { tail: ["--retries", "0"], chat: ["-d", "{}"], record: ["--retries", "0", "-o", "-"] }[name] ?? []
    const { code, notes } = await runHere([name, "http://127.0.0.1:1/", ...flags])
    expect(code).toBe(1)
    expect(notes.match(/bad port/g)).toHaveLength(1)
  },
)

test.runIf(process.platform === "linux").each([
  ["inspect", ["FIFO"]],
  ["lint", ["FIFO"]],
  ["replay", ["FIFO"]],
  ["tail", ["http://127.0.0.1:1/", "-d", "@FIFO"]],
  ["chat", ["http://127.0.0.1:1/", "-d", "@FIFO"]],
  ["record", ["http://127.0.0.1:1/", "-o", "-", "-H", "@FIFO"]],
] as const)("steadystream %s ends at a signal while nothing writes to its FIFO", async (name, args) => {
  const { child, ended } = startCommand([name, ...args.map((arg) => arg.replace("FIFO", fifo))])
  // The process has begun to listen for signals when it has opened the FIFO.
  await vi.waitUntil(() => isOpenIn(child.pid!, fifo))
  child.kill("SIGTERM")
  expect(await ended).toMatchObject({ code: 143, output: "" })
})

function isOpenIn(pid: number, path: string): boolean {
  const open = `/proc/${pid}/fd`
  try {
    return readdirSync(open).some((name) => readlinkSync(join(open, name)) === path)
  } catch {
    // The process begins or ends.
    return false
  }
}

test("steadystream reads its input only once", async () => {
  const { code, notes } = await runCommand(["tail", "http://a/", "-H", "@-", "-d", "@-"], { input: "a: b" })
  expect(code).toBe(2)
  expect(notes).toMatch(/^steadystream tail: the input must be read only once\n/)
})

test.runIf(process.platform === "linux")("record refuses a FIFO, which would block it", async () => {
  const { code, notes } = await runCommand(["record", "http://127.0.0.1:1/", "-o", fifo])
  expect(code).toBe(2)
  expect(notes).toMatch(/^steadystream record: "--output" must be a file, or - for the output, and no URL or FIFO\n/)
})
