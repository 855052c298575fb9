import { globSync, readFileSync } from "node:fs"
import { expect, test } from "vitest"

const rows = readFileSync("docs/spec.md", "utf8")
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .map((line) => line.split("|").map((cell) => cell.trim()))
const sources = (pattern: string) =>
  globSync(pattern)
    .map((file) => readFileSync(file, "utf8"))
    .join("\n")

test("docs/spec.md names only tests and cases that exist", () => {
  const tests = sources("test/**/*.ts")
  const named = rows.flatMap((cells) => [...(cells.at(-2) ?? "").matchAll(/(?<!guide )"([^"]+)"|`([^`]+)`/g)])
  // The table leaves out the text after "…".
  const names = named.map(([, name, title]) => (name ?? title!).split("…")[0]!.trim())
  const missing = names.filter((name) => !tests.includes(name))
  expect(named.length).toBeGreaterThan(40)
  expect(missing).toEqual([])
})

test("docs/spec.md names only functions that exist", () => {
  const code = sources("src/**/*.ts")
  const where = rows.map((cells) => cells[2] ?? "").filter((cell) => /^(?:`[\w.#]+`(?:, )?)+$/.test(cell))
  const parts = where.flatMap((cell) => cell.match(/#?\w+/g) ?? [])
  expect(parts.length).toBeGreaterThan(20)
  expect(parts.filter((name) => !code.includes(name))).toEqual([])
})
