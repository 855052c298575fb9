/* Prints the results of the load test as Markdown. */
import { quartiles } from "../measure.ts"
import { type ContenderName, contenderTitles } from "./contenders.ts"
import { countsOf, goalsOf, megabytes, number, ratioOf, ratioText, seconds, slopeText, valuesOf } from "./figures.ts"
import type { LoadResults } from "./load.ts"
import type { SessionsResult } from "./parts.ts"
import { type Row, table } from "./table.ts"

/** @param platform - The runtime, the machine, the date and the versions of the packages. */
export function markdown(results: LoadResults, platform: string): string {
  const { settings } = results
  const sections: (readonly [title: string, text: string, head: Row, rows: readonly Row[]])[] = [
    [
      `${number(settings.sessions)} sessions`,
      `The medians of ${settings.rounds} rounds. "vs" compares with raw in the same round, with the quartiles.`,
      headOf(SESSION_COLUMNS),
      rowsOf(results, (name) => columnCells(results, name, SESSION_COLUMNS)),
    ],
    [
      `An event to ${number(settings.sessions)} sessions`,
      `The medians of ${settings.broadcasts} events and ${settings.rounds} rounds.`,
      headOf(EVENT_COLUMNS),
      rowsOf(results, (name) => columnCells(results, name, EVENT_COLUMNS)),
    ],
    [
      `${settings.stalled} clients that stop reading`,
      `Each is offered ${megabytes(settings.offered)} and then reads on. The memory counts until a growth of 512 MB.`,
      ["offered each", "memory at the peak", "kept after gc", "disconnected", "after gap events", "lost or doubled"],
      rowsOf(results, (name) => stalledCells(results, name)),
    ],
    [
      "100 clients a second that come and go",
      `For ${settings.churn} s, while ten events a second are published. The heap after gc is a line through all samples.`,
      ["connections", "heap in 10 min", "sessions left", "lost or doubled"],
      rowsOf(results, (name) => churnCells(results, name)),
    ],
    [
      `${number(settings.returning)} clients that come back`,
      `Each with a cursor that is ${number(settings.missed)} events behind. Only for servers that keep events.`,
      ["all events after", "CPU time of the server", "memory at the peak", "heap kept", "lost or doubled"],
      rowsOf(results, (name) => replayCells(results, name)),
    ],
  ]
  const tables = sections
    .filter(({ 3: rows }) => rows.length > 0)
    .map(([title, text, head, rows]) => `### ${title}\n\n${text}\n\n${table(["server", ...head], rows)}`)
  return [platform, ...tables, ...goalSection(results), ...failureLines(results)].join("\n\n")
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`
const milliseconds = (ms: number) => `${ms.toFixed(1)} ms`

interface Column {
  readonly key: Exclude<keyof SessionsResult, "counts">
  readonly title: string
  readonly hasRatio: boolean
  readonly format: (value: number) => string
}

const SESSION_COLUMNS: readonly Column[] = [
  { key: "connectRate", title: "connects per second", hasRatio: true, format: number },
  { key: "rss", title: "memory each", hasRatio: true, format: kilobytes },
  { key: "heap", title: "heap each", hasRatio: true, format: kilobytes },
]

const EVENT_COLUMNS: readonly Column[] = [
  { key: "call", title: "in the call", hasRatio: false, format: milliseconds },
  { key: "blocked", title: "synchronous part", hasRatio: true, format: milliseconds },
  { key: "cpu", title: "its CPU time", hasRatio: true, format: milliseconds },
  { key: "p50", title: "latency p50", hasRatio: false, format: milliseconds },
  { key: "p99", title: "latency p99", hasRatio: true, format: milliseconds },
]

/** The rows of the contenders that have the part. */
function rowsOf(results: LoadResults, cells: (name: ContenderName) => Row | undefined): Row[] {
  return (Object.keys(results.contenders) as ContenderName[]).flatMap((name) => {
    const row = cells(name)
    return row === undefined ? [] : [[contenderTitles[name], ...row]]
  })
}

const headOf = (columns: readonly Column[]): Row =>
  columns.flatMap(({ title, hasRatio }) => (hasRatio ? [title, "vs"] : [title]))

function columnCells(results: LoadResults, name: ContenderName, columns: readonly Column[]): Row | undefined {
  if (valuesOf(results, name, "rss").length === 0) return undefined
  return columns.flatMap(({ key, hasRatio, format }) => {
    const value = format(quartiles(valuesOf(results, name, key)).median)
    if (!hasRatio) return [value]
    const ratio = name === "raw" ? undefined : ratioOf(results, name, key)
    return [value, ratio === undefined ? "" : ratioText(ratio)]
  })
}

function stalledCells({ contenders }: LoadResults, name: ContenderName): Row | undefined {
  const result = contenders[name]?.stalled
  if (result === undefined) return undefined
  const { offered, peak, kept, counts } = result
  return [
    megabytes(offered),
    `+${megabytes(peak)}`,
    megabytes(kept),
    number(counts.dropped),
    number(counts.gaps),
    number(counts.lost + counts.doubled),
  ]
}

function churnCells({ contenders }: LoadResults, name: ContenderName): Row | undefined {
  const result = contenders[name]?.churn
  if (result === undefined) return undefined
  const { connections, sessionsLeft, counts } = result
  return [number(connections), slopeText(result), number(sessionsLeft), number(counts.lost + counts.doubled)]
}

function replayCells({ contenders }: LoadResults, name: ContenderName): Row | undefined {
  const result = contenders[name]?.replay
  if (result === undefined) return undefined
  const { took, cpu, peak, kept, counts } = result
  return [seconds(took), seconds(cpu), `+${megabytes(peak)}`, megabytes(kept), number(counts.lost + counts.doubled)]
}

function goalSection(results: LoadResults): string[] {
  const rows = goalsOf(results).map(({ contender, figure, goal, measured, isMet }) => [
    contenderTitles[contender],
    figure,
    goal,
    measured,
    isMet ? "met" : "**missed**",
  ])
  return rows.length === 0 ? [] : [`### Goals\n\n${table(["server", "figure", "goal", "measured", "result"], rows)}`]
}

function failureLines(results: LoadResults): string[] {
  const lines = (Object.keys(results.contenders) as ContenderName[]).flatMap((name) => {
    const wrong = countsOf(results, name).reduce((sum, { lost, doubled }) => sum + lost + doubled, 0)
    const failures = results.contenders[name]!.failures.map((failure) => `- ${contenderTitles[name]}: ${failure}`)
    return wrong === 0 ? failures : [...failures, `- ${contenderTitles[name]}: ${number(wrong)} events lost or doubled`]
  })
  return lines.length === 0 ? [] : [`Not completed, or wrong:\n\n${lines.join("\n")}`]
}
