import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { beforeAll, expect, test } from "vitest"
import type { Subject } from "../eventsource/behaviour.ts"
import { behaviours } from "../eventsource/behaviours/index.ts"
import { startScenarioServer } from "../support/scenario-server.ts"
import { buildProgram, root, systemNode } from "../support/runtime-program.ts"

const run = promisify(execFile)
let program: string
beforeAll(async () => {
  program = await buildProgram("test/eventsource/runtime-main.ts", "eventsource")
})

async function behave(subject: Subject, command: string, ...args: string[]): Promise<string> {
  const server = await startScenarioServer()
  try {
    const { stdout, stderr } = await run(command, [...args, program, ...server.origins, subject], {
      cwd: root,
      timeout: 60_000,
    })
    return stderr + stdout
  } finally {
    await server.close()
  }
}

const passed = `0 of ${behaviours.length} failed\n`

test.concurrent.each([
  ["ours in Node", process.execPath, []],
  ["ours in Bun", `${root}node_modules/.bin/bun`, []],
  ["ours in Deno", `${root}node_modules/.bin/deno`, ["run", "-A", "--quiet"]],
] as const)(
  "EventSource as built behaves, and allows the process to end: %s",
  { timeout: 120_000 },
  async (subject, command, args) => {
    expect(await behave(subject, command, ...args)).toBe(passed)
  },
)

test.skipIf(systemNode === undefined && process.env["CI"] !== "true")(
  "EventSource as built behaves on the machine's own Node (STEADYSTREAM_SYSTEM_NODE)",
  { timeout: 120_000 },
  async () => {
    expect(systemNode, "STEADYSTREAM_SYSTEM_NODE must be set under CI").toBeDefined()
    expect(await behave("ours in Node", systemNode!)).toBe(passed)
  },
)
