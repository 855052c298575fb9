import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import { findChromium } from "../support/chromium.ts"

const example = (name: string) => fileURLToPath(new URL(`../../examples/order-status/${name}`, import.meta.url))

describe("examples/order-status under vitest", async () => {
  await import("../../examples/order-status/follow-order.test.ts")
})

describe("examples/order-status with msw", async () => {
  await import("../../examples/order-status/msw.test.ts")
})

test("examples/order-status passes its tests under node:test", async () => {
  const file = example("follow-order-node.test.ts")
  const { stdout } = await promisify(execFile)(process.execPath, ["--test", "--test-reporter=tap", file])
  expect(stdout).toMatch(/^# pass 1$/m)
})

const chromium = findChromium()
describe.skipIf(chromium === undefined)("examples/order-status with Playwright", async () => {
  if (chromium === undefined) return
  process.env["CHROMIUM"] = chromium
  await import("../../examples/order-status/order-page.test.ts")
})
