/* A hook that throws or rejects is reported once, or thrown where that is documented, and harms nothing else. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { settle } from "../support/streams.ts"
import { failOnUnhandledRejections } from "../support/unhandled.ts"
import { readToEnd, sourceOf } from "./consumers.ts"
import { open, type Surface, surfaces } from "./surfaces.ts"

failOnUnhandledRejections()

const report = vi.fn<(error: unknown) => void>()
beforeEach(() => void vi.stubGlobal("reportError", report))
afterEach(() => {
  vi.unstubAllGlobals()
  report.mockClear()
})

const mine = new Error("of the hook")
/** How often the error of the hook was reported; a relay also reports the error of its source. */
const reports = () => report.mock.calls.flat().filter((error) => error === mine)
/** Only `onError` needs a source that fails. */
const source = ({ input }: Surface, hook: string) =>
  sourceOf(input, hook === "onError" ? new Error("of the source") : undefined)

/** Reads a surface with a hook that fails the first time; returns how often it was called, and what came. */
async function run(surface: Surface, hook: string, fail: () => unknown) {
  const called = vi.fn(() => (called.mock.calls.length === 1 ? fail() : undefined))
  const { items, error } = await readToEnd(open(surface, source(surface, hook), { [hook]: called }))
  await settle()
  return { items: items.map(asText), error, calls: called.mock.calls.length }
}

const asText = (item: unknown) => (item instanceof Uint8Array ? new TextDecoder().decode(item) : item)

const cases = surfaces.flatMap((surface) =>
  Object.entries(surface.hooks).map(([hook, thrown]) => [surface.name, hook, thrown, surface] as const),
)

describe("hooks of all surfaces", () => {
  test.each(cases)("%s reports once what an async %s rejects with", async (_, hook, _thrown, surface) => {
    const { items, error } = await run(surface, hook, () => undefined)
    report.mockClear()
    const failed = await run(surface, hook, () => Promise.reject(mine))
    expect(failed.calls).toBeGreaterThan(0)
    expect(reports()).toEqual([mine])
    expect(failed.items).toEqual(items)
    expect(String(failed.error)).toBe(String(error))
  })

  test.each(cases)("%s has a %s whose error is %s", async (_, hook, thrown, surface) => {
    const { items, error } = await run(surface, hook, () => undefined)
    report.mockClear()
    const failed = await run(surface, hook, () => {
      throw mine
    })
    expect(failed.calls).toBeGreaterThan(0)
    if (thrown === "thrown") expect([failed.error, reports()]).toEqual([mine, []])
    else {
      expect(reports()).toEqual([mine])
      expect(failed.items).toEqual(items)
      expect(String(failed.error)).toBe(String(error))
    }
  })
})
