import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { build } from "esbuild"
import { beforeAll, expect, test } from "vitest"
import { conformanceCases } from "../conformance/cases.ts"

const run = promisify(execFile)
const root = fileURLToPath(new URL("../..", import.meta.url))
// Below the root, so that `ssekit` is the package itself and with it what was built.
const bundle = `${root}.cache/conformance.mjs`

// `.ci/run` remembers the machine's own Node before npm puts the repository's first on PATH.
const systemNode = process.env["SSEKIT_SYSTEM_NODE"]

beforeAll(async () => {
  await build({
    entryPoints: [`${root}test/runtimes/conformance-main.ts`],
    outfile: bundle,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["ssekit"],
    logLevel: "silent",
  })
})

async function conformance(node: string): Promise<string> {
  const { stdout } = await run(node, [bundle], { cwd: root })
  return stdout.trim()
}

test("ssekit as built passes the conformance cases on this Node", async () => {
  expect(await conformance(process.execPath)).toBe(`${conformanceCases.length} passed, 0 failed`)
})

test.skipIf(systemNode === undefined && process.env["CI"] !== "true")(
  "ssekit as built passes the conformance cases on the machine's own Node (SSEKIT_SYSTEM_NODE)",
  async () => {
    expect(systemNode, "SSEKIT_SYSTEM_NODE must be set under CI").toBeDefined()
    expect(await conformance(systemNode!)).toBe(`${conformanceCases.length} passed, 0 failed`)
  },
)
