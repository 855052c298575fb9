/* Law: results as Markdown. A number above 1 says how many times the CPU time of steadystream a peer took. */
import { type CellResult, goals, type Group, mainPeer, parseCell } from "./cells.ts"
import type { ContenderResult, Quartiles } from "./measure.ts"

export interface Results {
  readonly platform: string
  /** Whether this is the runtime that the goals are for. */
  readonly hasGoals: boolean
  readonly versions: Readonly<Record<string, string>>
  readonly cells: readonly CellResult[]
  readonly heap: Readonly<Record<string, number>>
  readonly sizes: Readonly<Record<string, number>>
}

const TITLES: Readonly<Record<Group, string>> = {
  text: "Parsing text",
  bytes: "Parsing bytes",
  iterate: "Response to `for await`",
  encode: "Encoding",
}

export function markdown(results: Results): string {
  const parts = [
    results.platform,
    Object.entries(results.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
  ]
  for (const group of Object.keys(TITLES) as Group[]) {
    const cells = results.cells.filter(({ cell }) => parseCell(cell)[0] === group)
    if (cells.length > 0)
      parts.push(`### ${TITLES[group]}`, groupTable(group, cells, results.hasGoals), ...wrongLines(cells))
  }
  if (Object.keys(results.heap).length > 0) {
    parts.push("### Heap per idle parser", twoColumns("parser", "bytes", results.heap))
  }
  parts.push("### Size, minified and compressed", twoColumns("import", "bytes", results.sizes))
  return parts.join("\n\n")
}

function groupTable(group: Group, cells: readonly CellResult[], hasGoals: boolean): string {
  const peers = peerNames(cells)
  const floor = cells[0]!.results.find(({ isFloor }) => isFloor)
  const ordered = [mainPeer[group], ...peers.filter((name) => name !== mainPeer[group])]
  const head = ["cell", "goal", ...ordered.map((name) => `vs ${name}`), `cost / ${floor?.name ?? "floor"}`]
  const rows = cells.map((cell) => [
    parseCell(cell.cell).slice(1).filter(Boolean).join(", "),
    goalOf(cell, group, hasGoals),
    ...ordered.map((name) => (name in cell.wrong ? "wrong" : ratioText(find(cell, name)?.ratio))),
    ratioText(invert(cell.results.find(({ isFloor }) => isFloor)?.ratio)),
  ])
  return table(head, rows)
}

function peerNames(cells: readonly CellResult[]): string[] {
  const names = cells.flatMap(({ results, wrong }) => [
    ...results.filter(({ isFloor, name }) => !isFloor && name !== "steadystream").map(({ name }) => name),
    ...Object.keys(wrong),
  ])
  return [...new Set(names)]
}

/** Identical code under two names differs by up to 10 %, so that much below a goal still meets it. */
function goalOf(cell: CellResult, group: Group, hasGoals: boolean): string {
  const goal = hasGoals ? goals[cell.cell] : undefined
  const ratio = find(cell, mainPeer[group])?.ratio.median
  if (goal === undefined || ratio === undefined) return ""
  return `${goal} ${ratio >= goal ? "met" : ratio >= 0.9 * goal ? "met within 10 %" : "**missed**"}`
}

function wrongLines(cells: readonly CellResult[]): string[] {
  const lines = cells.flatMap(({ cell, wanted, wrong }) =>
    Object.entries(wrong).map(([name, found]) => `- \`${cell}\`: ${name} gives ${found}, not ${wanted}`),
  )
  return lines.length === 0 ? [] : [`Not compared, because the result was wrong:`, lines.join("\n")]
}

function find({ results }: CellResult, name: string): ContenderResult | undefined {
  return results.find((result) => result.name === name)
}

function invert(ratio: Quartiles | undefined): Quartiles | undefined {
  return ratio && { low: 1 / ratio.high, median: 1 / ratio.median, high: 1 / ratio.low }
}

function ratioText(ratio: Quartiles | undefined): string {
  if (ratio === undefined) return ""
  const { low, median, high } = ratio
  return `${median.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`
}

function twoColumns(name: string, unit: string, entries: Readonly<Record<string, number>>): string {
  return table(
    [name, unit],
    Object.entries(entries).map(([key, value]) => [key, value.toLocaleString("en")]),
  )
}

const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "--:"))), ...rows.map(line)].join("\n")
}
