/* Prints results as Markdown. A ratio is the CPU time of a peer divided by that of steadystream. */
import { type CellResult, goals, type Group, mainPeer, parseCell } from "./cells.ts"
import type { ContenderResult, Quartiles } from "./measure.ts"

export interface Results {
  readonly platform: string
  /** Whether the goals apply to this runtime. */
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
    if (cells.length > 0) parts.push(`### ${TITLES[group]}`, groupTable(group, cells), ...wrongLines(cells))
  }
  if (Object.keys(results.heap).length > 0) {
    parts.push("### Heap per idle parser", twoColumns("parser", "bytes", results.heap))
  }
  parts.push("### Size, minified and compressed", twoColumns("import", "bytes", results.sizes))
  if (results.hasGoals) parts.push("## Goals", goalTable(results.cells))
  return parts.join("\n\n")
}

function groupTable(group: Group, cells: readonly CellResult[]): string {
  const peers = peerNames(cells)
  const floor = cells[0]!.results.find(({ isFloor }) => isFloor)
  const ordered = [mainPeer[group], ...peers.filter((name) => name !== mainPeer[group])]
  const head = ["cell", ...ordered.map((name) => `vs ${name}`), `cost / ${floor?.name ?? "floor"}`]
  const rows = cells.map((cell) => [
    parseCell(cell.cell).slice(1).filter(Boolean).join(", "),
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

/** The goals, each with the ratio to the main peer of its group. */
function goalTable(cells: readonly CellResult[]): string {
  const rows = cells.flatMap((cell) => {
    const goal = goals[cell.cell]
    const ratio = find(cell, mainPeer[parseCell(cell.cell)[0]])?.ratio
    return goal === undefined || ratio === undefined
      ? []
      : [[`\`${cell.cell}\``, String(goal), ratioText(ratio), goalResult(ratio.median, goal)]]
  })
  return table(["cell", "goal", "measured", "result"], rows)
}

/** Two copies of the same code differ by up to 10 %, so a ratio within 10 % of the goal meets it. */
function goalResult(ratio: number, goal: number): string {
  if (ratio >= goal) return "met"
  return ratio >= 0.9 * goal ? "met within 10 %" : "**missed**"
}

function wrongLines(cells: readonly CellResult[]): string[] {
  const lines = cells.flatMap(({ cell, wanted, wrong }) =>
    Object.entries(wrong).map(([name, found]) => `- \`${cell}\`: ${name} reports ${found} instead of ${wanted}`),
  )
  return lines.length === 0 ? [] : ["Not compared, because the result was wrong:", lines.join("\n")]
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
