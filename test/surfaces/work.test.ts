/* The work of every surface grows as its input does. It is counted, not timed. */
import { describe, expect, test } from "vitest"
import { countWork } from "./count-work.ts"
import { silenceReports } from "../support/silence-reports.ts"
import { readToEnd, sourceOf } from "./consumers.ts"
import { open, type Surface, surfaces } from "./surfaces.ts"

const items = ({ item }: Surface, count: number, size: number) =>
  Array.from({ length: count }, (_, at) => item(at, size))

silenceReports()

/** Sources with `size` times as much of the same. */
const growths: [string, (surface: Surface, size: number) => unknown[]][] = [
  ["more items", (surface, size) => items(surface, size, 5)],
  ["a larger item", (surface, size) => items(surface, 1, size * 20)],
]
const growthsOfText: typeof growths = [
  ["more items in one text", (surface, size) => [items(surface, size, 5).join("")]],
  [
    "a larger item in single characters",
    (surface, size) =>
      items(surface, 1, size * 5)
        .join("")
        .split(""),
  ],
  ["more lines of one event", (surface, size) => [`${items(surface, 1, 5).join("").trim()}\n`.repeat(size)]],
  ["more lines in no field", (_, size) => ['{"error":1,\n'.repeat(size)]],
  ["more comments in a line", (_, size) => [":".repeat(size * 20), "\n"]],
  ["more blank lines", (_, size) => ["\r\n".repeat(size)]],
]
const cases = surfaces.flatMap((surface) =>
  [...growths, ...(typeof surface.input[0] === "string" ? growthsOfText : [])].map(
    ([growth, make]) => [surface.name, growth, surface, make] as const,
  ),
)

describe("work", () => {
  test.each(cases)("%s does at most as much more work as there are %s", async (_, __, surface, make) => {
    const work = (size: number) => countWork(() => readToEnd(open(surface, sourceOf(make(surface, size)))))
    await work(1_000)
    const [once, twice] = [await work(2_000), await work(4_000)]
    expect(twice).toBeLessThan(2.3 * once + 1_000)
  })

  test("countWork() shows work that grows faster", async () => {
    const quadratic = (size: number) =>
      countWork(async () => {
        const text = "x\n".repeat(size)
        for (let start = 0; start < text.length; start += 2) text.indexOf("\r", start)
      })
    expect(await quadratic(800)).toBeGreaterThan(3.5 * (await quadratic(400)))
  })
})
