import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { fillSizes } from "../../tools/readme-sizes.ts"

const readme = readFileSync("README.md", "utf8")
const prose = readme.replaceAll(/^```[^]*?^```$/gm, "")

test("README has the sizes of .size-limit.json (`npm run readme` writes them)", () => {
  const limits = JSON.parse(readFileSync(".size-limit.json", "utf8")) as { path: string; limit: string }[]
  const spaces = (text: string) => text.replaceAll(/[ -]+/g, " ")
  expect(spaces(readme)).toBe(spaces(fillSizes(readme, limits)))
  expect(readme).toMatch(/`steadystream\/client` .* \d+(?:\.\d+)? kB/)
})

test("README lists every entry of package.json", () => {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, unknown> }
  const entries = Object.keys(exports).filter((path) => path !== "./package.json")
  const listed = [...prose.matchAll(/^\| `(steadystream(?:\/\w+)*)` /gm)].map(([, entry]) => entry)
  expect(listed).toEqual(entries.map((path) => path.replace(".", "steadystream")))
})

test("README links only to its own sections and to other hosts, so that it can be read on a package page", () => {
  const links = [...prose.matchAll(/\]\(([^)]*)\)/g)].map(([, target]) => target!)
  expect(links.length).toBeGreaterThan(0)
  expect(links.filter((target) => !/^(?:#|https:)/.test(target))).toEqual([])
})

test("README names two commands to try the demo, which package.json or npm provides", () => {
  const commands = [...readme.matchAll(/^npm (?!install steadystream)(\w+)/gm)].map(([, name]) => name)
  expect(commands).toEqual(["start", "cit"])
})
