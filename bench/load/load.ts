/* Runs the parts of the test for all contenders, one after the other. Nothing runs beside the contender that is measured. */
import { random } from "../random.ts"
import { type ContenderName, contenderNames } from "./contenders.ts"
import {
  type ChurnResult,
  measureChurn,
  measureReplay,
  measureSessions,
  measureStalled,
  type ReplayResult,
  type SessionsResult,
  type StalledResult,
} from "./parts.ts"
import type { Settings } from "./scene.ts"

export const partNames = ["sessions", "stalled", "churn", "replay"] as const
export type PartName = (typeof partNames)[number]

export interface LoadOptions {
  readonly settings: Settings
  readonly contenders?: readonly ContenderName[]
  readonly parts?: readonly PartName[]
  /** Called with a line for each step. */
  readonly onStep?: (line: string) => void
}

/** A contender's results; of `sessions` one for each round, `undefined` if it failed. */
export interface ContenderResults {
  readonly sessions: (SessionsResult | undefined)[]
  stalled?: StalledResult | undefined
  churn?: ChurnResult | undefined
  replay?: ReplayResult | undefined
  /** Why a part has no result. */
  readonly failures: string[]
}

export interface LoadResults {
  readonly settings: Settings
  readonly contenders: Partial<Record<ContenderName, ContenderResults>>
}

export async function runLoad(options: LoadOptions): Promise<LoadResults> {
  const { settings, contenders: names = contenderNames, parts = partNames, onStep = () => {} } = options
  const results: LoadResults["contenders"] = {}
  for (const name of names) results[name] = { sessions: [], failures: [] }
  const next = random(Date.now() >>> 0)
  const attempt = async <Result>(step: string, name: ContenderName, part: () => Promise<Result>) => {
    onStep(`${step}: ${name}`)
    try {
      return await part()
    } catch (error) {
      onStep(`${step}: ${name} failed: ${(error as Error).message}`)
      results[name]!.failures.push(`${step}: ${(error as Error).message}`)
      return undefined
    }
  }
  for (let round = 1; parts.includes("sessions") && round <= settings.rounds; round++) {
    for (const name of shuffled(names, next)) {
      const step = `sessions, round ${round} of ${settings.rounds}`
      results[name]!.sessions.push(await attempt(step, name, () => measureSessions(name, settings)))
    }
  }
  for (const name of shuffled(names, next)) {
    const result = results[name]!
    if (parts.includes("stalled")) result.stalled = await attempt("stalled", name, () => measureStalled(name, settings))
    if (parts.includes("churn")) result.churn = await attempt("churn", name, () => measureChurn(name, settings))
    if (parts.includes("replay")) result.replay = await attempt("replay", name, () => measureReplay(name, settings))
  }
  return { settings, contenders: results }
}

function shuffled<Item>(items: readonly Item[], next: () => number): Item[] {
  return items
    .map((item) => ({ item, rank: next() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}
