import { readFileSync } from "node:fs"
import { Writable } from "node:stream"
import { expect, test } from "vitest"
import { runCommandLine } from "../../src/cli/command-line.ts"
import { Terminal } from "../../src/cli/terminal.ts"
import { runCommand } from "../support/command.ts"

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
  [["tail", "http://a/", "--until", "--json"], 'steadystream tail: "--until" must have a value: TEXT'],
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

/** Runs the command line in this process. */
async function runHere(args: readonly string[]) {
  const texts = ["", ""]
  const streams = texts.map(
    (_, at) =>
      new Writable({
        write(chunk, _encoding, done) {
          texts[at] += String(chunk)
          done()
        },
      }) as NodeJS.WriteStream,
  )
  const terminal = new Terminal({ stdout: streams[0]!, stderr: streams[1]!, env: {}, once: () => undefined })
  const code = await runCommandLine(args, terminal)
  return { code, output: texts[0], notes: texts[1]! }
}

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
