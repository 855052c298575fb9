import { afterAll, expect } from "vitest"

// A leak shows as a warning of the runtime before it shows anywhere else: the file that causes one fails.
const warnings: string[] = []
process.on("warning", (warning) => {
  if (/MaxListeners|TimeoutOverflow|TimeoutNegative|TimeoutNaN/.test(warning.name)) warnings.push(String(warning))
})

afterAll(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  expect(warnings, "warnings of the runtime").toEqual([])
})
