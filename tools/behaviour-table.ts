/*
 * Makes a table of the behaviours of EventSource: the result of each for this package's class in Node and in Chromium,
 * and for Chromium's own class. It reads the results of the last run of test/eventsource/, prints a summary by area
 * with every excuse, and writes the whole table beside the results.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs"

const FOLDER = ".cache/eventsource"
const COLUMNS = ["ours in Node", "ours in Chromium", "native Chromium"]
/** If Chromium runs a behaviour in several places, the worst result counts. */
const WORST = ["failed", "excused", "passed", "absent"]

interface Outcome {
  readonly area: string
  readonly name: string
  readonly outcome: string
  readonly detail?: string
}

const rows = new Map<string, { readonly area: string; readonly outcomes: string[]; readonly excuses: Set<string> }>()
for (const file of globSync(`${FOLDER}/*.json`)) {
  const column = COLUMNS.findIndex((name) => file.startsWith(`${FOLDER}/${name}`))
  for (const { area, name, outcome, detail } of JSON.parse(readFileSync(file, "utf8")) as Outcome[]) {
    const key = `${area}: ${name}`
    const row = rows.get(key) ?? { area, outcomes: COLUMNS.map(() => "absent"), excuses: new Set<string>() }
    rows.set(key, row)
    if (WORST.indexOf(outcome) < WORST.indexOf(row.outcomes[column]!)) row.outcomes[column] = outcome
    if (outcome === "excused" && detail !== undefined) row.excuses.add(detail)
  }
}

const line = (...cells: readonly string[]) => `| ${cells.join(" | ")} |`
const head = (...cells: readonly string[]) => [line(...cells), line(...cells.map(() => "---"))]

function summary(area: string): string {
  const own = [...rows.values()].filter((row) => row.area === area)
  const counts = COLUMNS.map((_, column) =>
    WORST.map((outcome) => [own.filter(({ outcomes }) => outcomes[column] === outcome).length, outcome] as const)
      .filter(([count]) => count > 0)
      .map(([count, outcome]) => `${count} ${outcome}`)
      .join(", "),
  )
  return line(area, ...counts)
}

const areas = new Set([...rows.values()].map(({ area }) => area))
const excused = [...rows].filter(([, { excuses }]) => excuses.size > 0)
const whole = [...head("behaviour", ...COLUMNS), ...[...rows].map(([name, { outcomes }]) => line(name, ...outcomes))]
writeFileSync(`${FOLDER}/table.md`, `${whole.join("\n")}\n`)
console.log([...head("area", ...COLUMNS), ...[...areas].map((area) => summary(area))].join("\n"))
console.log(`\n${head("excused", ...COLUMNS, "why").join("\n")}`)
for (const [name, { outcomes, excuses }] of excused) console.log(line(name, ...outcomes, [...excuses].join("; ")))
console.log(`\n${rows.size} behaviours; the whole table is in ${FOLDER}/table.md`)
