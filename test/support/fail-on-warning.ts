import { afterAll, expect } from "vitest"

// The first sign of a leak is a warning of the runtime, so a file that causes one fails.
const warnings: string[] = []
process.on("warning", (warning) => {
  if (/MaxListeners|TimeoutOverflow|TimeoutNegative|TimeoutNaN/.test(warning.name)) warnings.push(String(warning))
})

afterAll(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  expect(warnings, "warnings of the runtime").toEqual([])
})
