import { spawn } from "node:child_process"
import { once } from "node:events"
import { expect, test } from "vitest"

const SETUP = `
import { readChatCompletions } from ${JSON.stringify(new URL("../../src/openai/index.ts", import.meta.url).href)}
const bytes = (text) => new TextEncoder().encode(text)
const chunk = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\\n\\n'
const open = (text) => new ReadableStream({ start: (controller) => controller.enqueue(bytes(text)) })
const print = (value) => console.log(value)
`

/** Runs code in a separate process and returns its output after it has exited by itself. */
async function run(code: string): Promise<string> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", SETUP + code], { timeout: 50_000 })
  let output = ""
  child.stdout.on("data", (data) => (output += String(data)))
  const [exitCode, signal] = (await once(child, "close")) as [number | null, string | null]
  return `${output.trim()} ${exitCode ?? signal}`
}

test.each([
  ["[DONE]", "await readChatCompletions(open(chunk + 'data: [DONE]\\n\\n')).collect(); print('over')", "over 0"],
  [
    "[DONE], while the rest of the body is waited for",
    "await readChatCompletions(open(chunk + 'data: [DONE]\\n\\n'), { drain: { ms: 60_000, bytes: 9e9 } }).collect(); print('over')",
    "over 0",
  ],
  ["a break", "for await (const _ of readChatCompletions(open(chunk))) break; print('over')", "over 0"],
  [
    "an abort",
    "await readChatCompletions(open(chunk), { signal: AbortSignal.timeout(20) }).collect().catch((e) => print(e.name))",
    "TimeoutError 0",
  ],
  [
    "a deadline",
    "await readChatCompletions(open(chunk), { timeouts: { idle: 20 } }).collect().catch((e) => print(e.phase))",
    "idle 0",
  ],
  [
    "an error",
    'await readChatCompletions(open(\'data: {"error":"no"}\\n\\n\')).collect().catch((e) => print(e.code))',
    "provider 0",
  ],
  ["nothing at all", "readChatCompletions(open(chunk), { timeouts: { total: 60_000 } }); print('over')", "over 0"],
])("the openai readers allow the process to exit by itself after %s", async (_, code, output) => {
  expect(await run(code)).toBe(output)
})
