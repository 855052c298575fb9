/* The conformance suite: the same cases in every runtime, against the built package. */
import { limited } from "../../eventsource/behaviour.ts"
import { features } from "./features/index.ts"
import { contextOf, Impossible, type RunOptions, type Serve, type SuiteContext, type SuiteResult } from "./suite.ts"

export type { RunOptions, Serve, SuiteResult } from "./suite.ts"

/** The longest that one case may take, in milliseconds. */
const TIME_LIMIT = 20_000

/** Runs every case of every feature, one after the other, and returns what each came to. Never rejects by a case. */
export async function run({ origin, serve, only = "" }: RunOptions): Promise<SuiteResult[]> {
  const origins = (await (await fetch(`${origin}/origins`)).json()) as [string, string]
  const results: SuiteResult[] = []
  for (const { name: feature, cases } of features) {
    if (!feature.includes(only)) continue
    for (const [name, act] of Object.entries(cases)) {
      const started = performance.now()
      const result = await runCase(act, origins, serve)
      results.push({ feature, name, ...result, milliseconds: Math.round(performance.now() - started) })
    }
  }
  return results
}

type Verdict = Pick<SuiteResult, "outcome" | "reason">

async function runCase(
  act: (context: SuiteContext) => Promise<void> | void,
  origins: readonly [string, string],
  serve: Serve | undefined,
): Promise<Verdict> {
  const { context, end } = contextOf(origins, serve)
  try {
    await limited((async () => act(context))(), TIME_LIMIT)
    await limited(end(), TIME_LIMIT)
    return { outcome: "passed" }
  } catch (error) {
    void end().catch(() => {})
    const reason = error instanceof Error ? error.message : String(error)
    return { outcome: error instanceof Impossible ? "impossible" : "failed", reason }
  }
}
