import { afterEach, describe, expect, test, vi } from "vitest"
import { faultServerOfTest } from "../support/fault-server.ts"
import { findTmux, openTerminal, type TestTerminal } from "../support/tmux.ts"

const tmux = findTmux()
const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
function start(args: readonly string[], settings: readonly string[] = []): TestTerminal {
  const terminal = openTerminal(tmux!, args, settings)
  open.push(terminal)
  return terminal
}
const shows = (terminal: TestTerminal, text: string | RegExp) =>
  vi.waitUntil(() => (typeof text === "string" ? terminal.screen().includes(text) : text.test(terminal.screen())), {
    interval: 100,
  })

const CYAN = "\u001B[36m"

describe.skipIf(tmux === undefined)("the command line in a terminal (needs tmux)", () => {
  test("tail has colours, shows its progress, and ends with Ctrl-C", async () => {
    const server = await faultServerOfTest({ body: "id: 1\ndata: hello\n\n", end: "stall" })
    const terminal = start(["tail", server.url])
    await shows(terminal, "hello")
    // tmux writes the colours in its own way.
    expect(terminal.screen().split("message")[0]).toContain(CYAN)
    await shows(terminal, /1 event, 0\.\d\/s, 19 B, \d+ s/)
    terminal.press("C-c")
    await shows(terminal, "exit code 130")
    // The progress is erased, and the summary stands in its place.
    expect(terminal.screen()).toMatch(/closed: 1 event, 19 B in \d+\.\d s/)
    expect(terminal.screen()).not.toMatch(/0\.\d\/s/)
    await server.allClosed()
  })

  test("tail has no colours if NO_COLOR is set", async () => {
    const server = await faultServerOfTest({ body: "data: hello\n\n" })
    const terminal = start(["tail", server.url, "--retries", "0"], ["NO_COLOR=1"])
    await shows(terminal, "exit code 0")
    expect(terminal.screen()).toContain("message hello")
    expect(terminal.screen()).not.toContain("\u001B")
  })

  test("tail passes no command of the server on to the terminal", async () => {
    const server = await faultServerOfTest({ body: "data: \u001B[2J\u001B[31mred\u009B1A\n\n" })
    const terminal = start(["tail", server.url, "--retries", "0"], ["NO_COLOR=1"])
    await shows(terminal, "exit code 0")
    expect(terminal.screen()).toContain(String.raw`message \x1b[2J\x1b[31mred\x9b1A`)
  })

  test("chat ends the line of its text, and shows control characters", async () => {
    const chunk = { choices: [{ index: 0, delta: { content: "Hi\u001B]0;title\u0007" }, finish_reason: "stop" }] }
    const server = await faultServerOfTest({ body: `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n` })
    const terminal = start(["chat", server.url, "-d", "{}"], ["NO_COLOR=1"])
    await shows(terminal, "exit code 0")
    expect(terminal.screen()).toMatch(/^Hi\\x1b\]0;title\\x07\ndone: finish reason stop, 1 chunk, /)
  })

  test("serve runs until Ctrl-C", async () => {
    const terminal = start(["serve"], ["NO_COLOR=1"])
    await shows(terminal, "Ctrl-C ends the server.")
    terminal.press("C-c")
    await shows(terminal, "exit code 130")
    expect(terminal.screen()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\n {2}GET \/words /)
  })
})
