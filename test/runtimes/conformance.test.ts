import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { beforeAll, expect, test } from "vitest"
import { conformanceCases } from "../conformance/cases.ts"
import { buildProgram, root, systemNode } from "../support/runtime-program.ts"

const run = promisify(execFile)
let program: string
beforeAll(async () => {
  program = await buildProgram("test/runtimes/conformance-main.ts", "conformance")
})

async function conformance(node: string): Promise<string> {
  const { stdout } = await run(node, [program], { cwd: root })
  return stdout.trim()
}

test("steadystream as built passes the conformance cases on this Node", async () => {
  expect(await conformance(process.execPath)).toBe(`${conformanceCases.length} passed, 0 failed`)
})

test.skipIf(systemNode === undefined && process.env["CI"] !== "true")(
  "steadystream as built passes the conformance cases on the machine's own Node (STEADYSTREAM_SYSTEM_NODE)",
  async () => {
    expect(systemNode, "STEADYSTREAM_SYSTEM_NODE must be set under CI").toBeDefined()
    expect(await conformance(systemNode!)).toBe(`${conformanceCases.length} passed, 0 failed`)
  },
)
