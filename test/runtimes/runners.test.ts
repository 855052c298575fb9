import { expect, test } from "vitest"
import { checkReports, type Runner, runnersNamed } from "./runners/runner.ts"

const runners = ["node-20", "node-22", "bun"].map((name): Runner => ({
  name,
  isPinned: true,
  missing: () => undefined,
  run: async () => [],
}))

test("runnersNamed() returns the runners whose names begin as asked, in their order", () => {
  expect(runnersNamed(["bun", "node"], runners)).toEqual(runners)
  expect(runnersNamed(["node-22"], runners)).toEqual([runners[1]])
})

test("runnersNamed() refuses a name that chooses no runner", () => {
  expect(() => runnersNamed(["bun", "deno"], runners)).toThrow(
    'Cannot choose "deno": it must be the start of node-20, node-22, bun',
  )
})

test("checkReports() refuses a report without cases", () => {
  const report = { runtime: "Bun", version: "1", scope: "process" }
  const result = { feature: "parser", name: "one", outcome: "passed", milliseconds: 1 } as const
  expect(() => checkReports([{ ...report, results: [result] }])).not.toThrow()
  expect(() => checkReports([{ ...report, results: [] }])).toThrow("no case has run in the process")
})
