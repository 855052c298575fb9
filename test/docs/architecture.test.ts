import { globSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import { expect, test } from "vitest"

const lines = readFileSync("ARCHITECTURE.md", "utf8").split("\n")

/** The files of each table "File in `folder`", by their paths. */
function namedFiles(): string[] {
  const named: string[] = []
  let folder = ""
  for (const line of lines) {
    folder = /^\| File in `(src\/[\w/]*)`/.exec(line)?.[1] ?? (line.startsWith("|") ? folder : "")
    const [, files = ""] = line.split("|")
    if (folder !== "") named.push(...[...files.matchAll(/`([\w-]+\.ts)`/g)].map(([, file]) => folder + file!))
  }
  return named.toSorted()
}

test("ARCHITECTURE.md names every file of src once, and no other file", () => {
  const isSurface = (file: string) => file.endsWith("/index.ts") && dirname(file) !== "src"
  const files = globSync("src/**/*.ts").map((file) => file.replaceAll("\\", "/"))
  expect(namedFiles()).toEqual(files.filter((file) => !isSurface(file)).toSorted())
})

test("ARCHITECTURE.md has the table of states that the code has", async () => {
  const { TRANSITIONS } = await import("../../src/reconnection/state.ts")
  const rows = lines
    .filter((line) => /^\| (?:State|`(?:connecting|open|waiting|closed)`) /.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")))
  const [, , ...happenings] = rows[0]!.slice(0, -1)
  const table = rows
    .slice(1)
    .map(([, state, ...cells]) => [state, happenings.map((name, at) => [name, cells[at]]).filter(([, to]) => to)])
  const inCode = Object.entries(TRANSITIONS).map(([state, moves]) => [
    state,
    happenings.filter((name) => name in moves).map((name) => [name, moves[name as keyof typeof moves]]),
  ])
  expect(table).toEqual(inCode)
})

test("ARCHITECTURE.md lists the imports that dependency-cruiser allows", () => {
  const { forbidden } = createRequire(import.meta.url)("../../tools/import-rules.cjs") as {
    forbidden: readonly { comment?: string }[]
  }
  const shared = new Set(["event.ts", "errors.ts", "internal"])
  const allowed = forbidden.flatMap(({ comment = "" }) => {
    const [, part, others = ""] = /^src\/(\w+)\/ may import only itself(?: and (.*))?$/.exec(comment) ?? []
    const parts = others.split(", ").filter((name) => name !== "" && !shared.has(name))
    return part === undefined ? [] : [`${part}: ${parts.join(", ")}`]
  })
  const start = lines.findIndex((line) => /^\| Part +\| may import/.test(line))
  const rows = lines.slice(start + 2, lines.indexOf("", start)).map((line) => line.split("|").slice(1, 3))
  const listed = rows.map((cells) => cells.map((cell) => cell.trim().replaceAll(/[`/]/g, "")).join(": "))
  expect(allowed.length).toBeGreaterThan(5)
  expect(listed).toEqual(allowed)
})
