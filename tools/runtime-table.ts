/* Turns the reports of a run of the conformance suite into docs/runtimes.md and the short form in the README. */
import type { RuntimeReport } from "../test/runtimes/runners/runner.ts"
import type { SuiteResult } from "../test/runtimes/suite/index.ts"

const REGION = /(?<=<!-- runtimes:[^>]*-->)[^]*?(?=<!-- \/runtimes -->)/

/** The page, whose tables have nothing that changes from run to run. */
export function runtimesPage(reports: readonly RuntimeReport[]): string {
  const total = reports[0]?.results.length ?? 0
  return `# Runtimes

The same suite runs in every runtime of this page, against the package as it is published. It has ${total} cases, and uses no test
runner and nothing that only one runtime has. A server on the same machine resets connections, redirects, stalls and counts
requests.

\`npm run check:runtimes -- --write\` writes this page from a run, and \`npm run check:runtimes\` fails if the page differs from
a run. The suite is in \`test/runtimes/suite/\`.

## Versions

${table(
  ["Runtime", "Version", "Where the suite runs", "Cases that pass", "Impossible there"],
  reports.map(({ runtime, version, scope, results }) => [
    runtime,
    version,
    scope,
    `${count(results, "passed")}`,
    `${count(results, "impossible")}`,
  ]),
)}

## Features

"All" means that every case passes. A number is the number of cases that pass if others are impossible. No case fails.

${featureTable(reports)}

## What is impossible

A case is impossible if the runtime lacks what the case asks for. The suite asks for the feature itself, never for the name of
the runtime.

${reasonTable(reports)}
`
}

/** The README with the short form filled in. */
export function fillRuntimes(readme: string, reports: readonly RuntimeReport[]): string {
  const rows = Map.groupBy(reports, ({ runtime }) => runtime)
  const text = table(
    ["Runtime", "Version", "Where", "Cases that pass", "Impossible there"],
    [...rows].map(([runtime, own]) => [
      runtime,
      distinct(own.map(({ version }) => version)),
      distinct(own.map(({ scope }) => scope)),
      rangeOf(own.map(({ results }) => count(results, "passed"))),
      rangeOf(own.map(({ results }) => count(results, "impossible"))),
    ]),
  )
  return readme.replace(REGION, () => `\n\n${text}\n\n`)
}

/**
 * The reports with the versions of `page` for the runtimes that the machine provides, so that an update of the machine
 * does not make the page out of date.
 */
export function withVersionsOf(
  page: string,
  reports: readonly RuntimeReport[],
  isPinned: (report: RuntimeReport) => boolean,
): RuntimeReport[] {
  return reports.map((report) => {
    const row = page
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .find(([, runtime, , scope]) => runtime === report.runtime && scope === report.scope)
    return isPinned(report) || row === undefined ? report : { ...report, version: row[2]! }
  })
}

function featureTable(reports: readonly RuntimeReport[]): string {
  const features = [...new Set(reports.flatMap(({ results }) => results.map(({ feature }) => feature)))]
  const labels = labelsOf(reports)
  return table(
    ["Feature", "Cases", ...labels],
    features.map((feature) => {
      const own = reports.map(({ results }) => results.filter((result) => result.feature === feature))
      return [feature, `${own[0]?.length}`, ...own.map(cellOf)]
    }),
  )
}

function cellOf(results: readonly SuiteResult[]): string {
  const passed = count(results, "passed")
  if (passed === results.length) return "all"
  return passed === 0 ? "none" : `${passed}`
}

function reasonTable(reports: readonly RuntimeReport[]): string {
  const labels = labelsOf(reports)
  const rows = new Map<string, string[]>()
  for (const [index, { results }] of reports.entries()) {
    const impossible = results.filter(({ outcome }) => outcome === "impossible")
    for (const own of Map.groupBy(impossible, ({ feature, reason }) => `${feature}\n${reason}`).values()) {
      const key = JSON.stringify([own[0]!.feature, own[0]!.reason, `${own.length}`])
      rows.set(key, [...(rows.get(key) ?? []), labels[index]!])
    }
  }
  return table(
    ["Feature", "Reason", "Cases", "Where"],
    [...rows].map(([key, where]) => [...(JSON.parse(key) as string[]), whereOf(where, labels)]),
  )
}

/** A runtime whose columns are all listed is named once. */
function whereOf(where: readonly string[], labels: readonly string[]): string {
  if (where.length === labels.length) return "everywhere"
  const runtimeOf = (label: string) => label.split(" ")[0]!
  const isWhole = (runtime: string) =>
    labels.filter((label) => runtimeOf(label) === runtime).every((label) => where.includes(label))
  return distinct(where.map((label) => (isWhole(runtimeOf(label)) ? runtimeOf(label) : label)))
}

/** The heading of each report: the runtime, and what differs between its reports. */
function labelsOf(reports: readonly RuntimeReport[]): string[] {
  return reports.map(({ runtime, version, scope }) => {
    const own = reports.filter((report) => report.runtime === runtime)
    const differs = (member: "version" | "scope") => new Set(own.map((report) => report[member])).size > 1
    return [runtime, ...(differs("version") ? [version] : []), ...(differs("scope") ? [scope] : [])].join(" ")
  })
}

function count(results: readonly SuiteResult[], outcome: SuiteResult["outcome"]): number {
  return results.filter((result) => result.outcome === outcome).length
}

function rangeOf(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  return least === most ? `${least}` : `${least} to ${most}`
}

function distinct(texts: readonly string[]): string {
  return [...new Set(texts)].join(", ")
}

/** A table of Markdown as oxfmt aligns it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]!.length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n")
}
