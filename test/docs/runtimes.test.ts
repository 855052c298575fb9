import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { fillRuntimes, runtimesPage, withVersionsOf } from "../../tools/runtime-table.ts"
import type { RuntimeReport } from "../runtimes/runners/runner.ts"
import type { SuiteResult } from "../runtimes/suite/index.ts"
import { features } from "../runtimes/suite/features/index.ts"

const page = readFileSync("docs/runtimes.md", "utf8")
const readme = readFileSync("README.md", "utf8")

/** The rows of the table below a heading. */
function rowsBelow(text: string, heading: string): string[][] {
  const [, section = ""] = text.split(`\n## ${heading}\n`)
  const lines = section.split("\n## ")[0]!.split("\n")
  const cells = lines.filter((line) => line.startsWith("| ")).map((line) => line.split("|").map((cell) => cell.trim()))
  return cells.slice(1).filter(([, first]) => !/^-+$/.test(first!))
}

const versions = rowsBelow(page, "Versions").map(([, runtime, version]) => [runtime, version] as const)

test("docs/runtimes.md has each feature of the suite, with the number of its cases", () => {
  const expected = features.map(({ name, cases }) => [name, `${Object.keys(cases).length}`])
  expect(rowsBelow(page, "Features").map((row) => row.slice(1, 3))).toEqual(expected)
})

test("docs/runtimes.md has the versions of the lock files", () => {
  const versionIn = (file: string, name: string) => {
    const { packages } = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, { version: string }> }
    return packages[`node_modules/${name}`]!.version
  }
  const own = ["node-20", "node-22", "node-26"].map((name) => versionIn("tools/runtimes/package-lock.json", name))
  const { version } = JSON.parse(readFileSync("tools/node/package.json", "utf8")) as { version: string }
  const expected = [...own.slice(0, 2), version, own[2]].map((one) => ["Node", one])
  for (const name of ["Bun", "Deno", "workerd"]) {
    expected.push([name, versionIn("package-lock.json", name.toLowerCase())])
  }
  expect(versions.slice(0, expected.length)).toEqual(expected)
})

test("README has every runtime and version of docs/runtimes.md", () => {
  const rows = rowsBelow(readme, "Where it runs")
  const short = rows.flatMap(([, runtime, list]) => list!.split(", ").map((version) => [runtime, version].join(" ")))
  expect([...new Set(versions.map((row) => row.join(" ")))]).toEqual(short)
})

function reportOf(
  runtime: string,
  version: string,
  scope: string,
  ...outcomes: SuiteResult["outcome"][]
): RuntimeReport {
  const results = outcomes.map((outcome, at) => ({
    feature: "parser",
    name: `case ${at}`,
    outcome,
    ...(outcome === "impossible" && { reason: "it has no clock" }),
    milliseconds: at,
  }))
  return { runtime, version, scope, results }
}

const REPORTS = [
  reportOf("Node", "20.1.0", "process", "passed", "passed"),
  reportOf("Node", "22.1.0", "process", "passed", "impossible"),
  reportOf("Chromium", "156.0", "page", "impossible", "impossible"),
]

test("runtimesPage() has each result, and each reason with the runtimes that have it", () => {
  const text = runtimesPage(REPORTS)
  expect(rowsBelow(text, "Features").map((row) => row.slice(1, -1))).toEqual([["parser", "2", "all", "1", "none"]])
  expect(rowsBelow(text, "What is impossible").map((row) => row.slice(1, -1))).toEqual([
    ["parser", "it has no clock", "1", "Node 22.1.0"],
    ["parser", "it has no clock", "2", "Chromium"],
  ])
})

test("withVersionsOf() keeps the version of the page only for a runtime of the machine", () => {
  const text = runtimesPage(REPORTS)
  const newer = REPORTS.map((report) => ({ ...report, version: "999" }))
  const shown = withVersionsOf(text, newer, ({ runtime }) => runtime === "Node")
  expect(shown.map(({ version }) => version)).toEqual(["999", "999", "156.0"])
})

test("fillRuntimes() has one row for each runtime", () => {
  const filled = fillRuntimes("## Where it runs\n\n<!-- runtimes: x --><!-- /runtimes -->", REPORTS)
  expect(rowsBelow(`\n${filled}`, "Where it runs").map((row) => row.slice(1, -1))).toEqual([
    ["Node", "20.1.0, 22.1.0", "process", "1 to 2", "0 to 1"],
    ["Chromium", "156.0", "page", "0", "2"],
  ])
})
