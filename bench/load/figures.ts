/* The figures that the report shows, with their goals. A ratio compares a round of a contender with raw in the same round. */
import { type Quartiles, quartiles } from "../measure.ts"
import { type ContenderName, isOurs } from "./contenders.ts"
import type { LoadResults } from "./load.ts"
import type { SessionsResult } from "./parts.ts"
import { MB } from "./parts.ts"
import type { Counts } from "./scene.ts"

/** The goals of `sendEventStream` and channels; a ratio is to raw. */
const RATIO_GOALS = {
  rss: { title: "memory per session", most: 1.25 },
  blocked: { title: "synchronous part of a broadcast", most: 1.6 },
  cpu: { title: "its CPU time", most: 1.6 },
  p99: { title: "p99 of the latency", most: 1.3 },
  connectRate: { title: "connect rate", least: 0.8 },
} as const satisfies Partial<Record<keyof SessionsResult, { title: string; most?: number; least?: number }>>

const STALLED_GOAL = 64 * MB
const REPLAY_GOAL = 3_000
/** Megabytes in 10 minutes. */
const SLOPE_GOAL = 1

export interface Goal {
  readonly contender: ContenderName
  readonly figure: string
  readonly goal: string
  readonly measured: string
  readonly isMet: boolean
}

type SessionsKey = Exclude<keyof SessionsResult, "counts">

/** The values of a figure in each round that has them. */
export function valuesOf({ contenders }: LoadResults, name: ContenderName, key: SessionsKey): number[] {
  return (contenders[name]?.sessions ?? []).flatMap((result) => (result === undefined ? [] : [result[key]]))
}

/** Compares a figure with raw in the same round; `undefined` if no round has both. */
export function ratioOf({ contenders }: LoadResults, name: ContenderName, key: SessionsKey): Quartiles | undefined {
  const ratios = (contenders[name]?.sessions ?? []).flatMap((result, round) => {
    const base = contenders.raw?.sessions[round]
    return result === undefined || base === undefined ? [] : [result[key] / base[key]]
  })
  return ratios.length === 0 ? undefined : quartiles(ratios)
}

/** The counts of all parts of a contender. */
export function countsOf({ contenders }: LoadResults, name: ContenderName): Counts[] {
  const { sessions = [], stalled, churn, replay } = contenders[name] ?? {}
  return [...sessions, stalled, churn, replay].flatMap((result) => (result === undefined ? [] : [result.counts]))
}

export function goalsOf(results: LoadResults): Goal[] {
  const names = (Object.keys(results.contenders) as ContenderName[]).filter(isOurs)
  return names.flatMap((name) => [...ratioGoals(results, name), ...partGoals(results, name)])
}

function ratioGoals(results: LoadResults, contender: ContenderName): Goal[] {
  return (Object.keys(RATIO_GOALS) as (keyof typeof RATIO_GOALS)[]).flatMap((key) => {
    const ratio = ratioOf(results, contender, key)
    if (ratio === undefined) return []
    const { title, ...bounds } = RATIO_GOALS[key]
    const [goal, isMet] =
      "most" in bounds
        ? [`at most ${bounds.most} x raw`, ratio.median <= bounds.most]
        : [`at least ${bounds.least} x raw`, ratio.median >= bounds.least]
    return [{ contender, figure: title, goal, measured: ratioText(ratio), isMet }]
  })
}

function partGoals(results: LoadResults, contender: ContenderName): Goal[] {
  const { sessions = [], stalled, churn, replay, failures = [] } = results.contenders[contender] ?? {}
  const goals: Goal[] = []
  const add = (figure: string, goal: string, measured: string, isMet: boolean) =>
    goals.push({ contender, figure, goal, measured, isMet })
  const counts = countsOf(results, contender)
  const wrong = counts.reduce((sum, { lost, doubled }) => sum + lost + doubled, 0)
  if (counts.length > 0) add("events lost or doubled", "0", number(wrong), wrong === 0)
  const dropped = sessions.reduce((sum, result) => sum + (result?.counts.dropped ?? 0), 0)
  if (sessions.length > 0) add("sessions dropped", "0", number(dropped), dropped === 0)
  if (stalled) add("memory of stalled clients", "at most +64 MB", megabytes(stalled.peak), stalled.peak <= STALLED_GOAL)
  if (churn) {
    const { slope, slopeError, sessionsLeft } = churn
    const measured = `${slopeText(churn)}, from ${churn.seconds} s`
    add("heap growth of churn in 10 min", "flat: at most 1 MB", measured, slope - 2 * slopeError <= SLOPE_GOAL)
    add("sessions after churn", "0", number(sessionsLeft), sessionsLeft === 0)
  }
  if (replay) add("replay", "at most 3 s", seconds(replay.took), replay.took <= REPLAY_GOAL)
  for (const failure of failures) add("completed", "yes", failure, false)
  return goals
}

export function ratioText({ low, median, high }: Quartiles): string {
  return `${median.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`
}

export const slopeText = ({ slope, slopeError }: { slope: number; slopeError: number }): string =>
  `${slope.toFixed(1)} MB ± ${(2 * slopeError).toFixed(1)}`

export const number = (value: number): string => (Math.round(value) + 0).toLocaleString("en")
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
export const megabytes = (bytes: number): string => `${number(bytes / MB)} MB`
