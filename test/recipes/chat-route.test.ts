import { execFile } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import { silenceReports } from "../support/silence-reports.ts"

silenceReports()

const root = fileURLToPath(new URL("../..", import.meta.url))

/** Writes a copy of an example for vitest. Only the import of the runner differs, as the guide says. */
function copyForVitest(path: string): string {
  const copy = `${root}.cache/recipes/${basename(path)}`
  mkdirSync(dirname(copy), { recursive: true })
  const text = readFileSync(path, "utf8").replace('from "node:test"', 'from "vitest"')
  writeFileSync(copy, text.replace('"./route.ts"', '"../../examples/chat-route/route.ts"'))
  return copy
}

describe.each([
  ["route.test.ts", 8],
  ["durable.test.ts", 5],
])("examples/chat-route/%s", async (name, count) => {
  const example = `${root}examples/chat-route/${name}`

  test("the example passes its tests under node:test", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["--test", "--test-reporter=tap", example])
    expect(stdout).toMatch(new RegExp(`^# pass ${count}$`, "m"))
  })

  await import(copyForVitest(example))
})
