import { execFile } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import { silenceReports } from "../support/silence-reports.ts"

silenceReports()

const root = fileURLToPath(new URL("../..", import.meta.url))
const example = `${root}examples/chat-route/route.test.ts`

test("examples/chat-route passes its tests under node:test", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--test", "--test-reporter=tap", example])
  expect(stdout).toMatch(/^# pass 8$/m)
})

// Only the import of the runner differs, as the guide says.
const copy = `${root}.cache/recipes/route.test.ts`
mkdirSync(`${root}.cache/recipes`, { recursive: true })
const text = readFileSync(example, "utf8").replace('from "node:test"', 'from "vitest"')
writeFileSync(copy, text.replace('"./route.ts"', '"../../examples/chat-route/route.ts"'))

describe("examples/chat-route under vitest", async () => {
  await import(copy)
})
