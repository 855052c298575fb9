import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { build } from "esbuild"
import { beforeAll, expect, test } from "vitest"
import type { Subject } from "../eventsource/behaviour.ts"
import { behaviours } from "../eventsource/behaviours/index.ts"
import { startScenarioServer } from "../support/scenario-server.ts"

const run = promisify(execFile)
const root = fileURLToPath(new URL("../..", import.meta.url))
// Below the root, so that `ssekit` is the package itself and with it what was built.
const bundle = `${root}.cache/eventsource.mjs`

// `.ci/run` remembers the machine's own Node before npm puts the repository's first on PATH.
const systemNode = process.env["SSEKIT_SYSTEM_NODE"]

beforeAll(async () => {
  await build({
    entryPoints: [`${root}test/eventsource/runtime-main.ts`],
    outfile: bundle,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["ssekit"],
    logLevel: "silent",
  })
})

async function behave(subject: Subject, command: string, ...args: string[]): Promise<string> {
  const server = await startScenarioServer()
  try {
    const { stdout, stderr } = await run(command, [...args, bundle, ...server.origins, subject], {
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
  "EventSource as built behaves, and lets the process end: %s",
  { timeout: 120_000 },
  async (subject, command, args) => {
    expect(await behave(subject, command, ...args)).toBe(passed)
  },
)

test.skipIf(systemNode === undefined && process.env["CI"] !== "true")(
  "EventSource as built behaves on the machine's own Node (SSEKIT_SYSTEM_NODE)",
  { timeout: 120_000 },
  async () => {
    expect(systemNode, "SSEKIT_SYSTEM_NODE must be set under CI").toBeDefined()
    expect(await behave("ours in Node", systemNode!)).toBe(passed)
  },
)
