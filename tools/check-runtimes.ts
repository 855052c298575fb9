/*
 * Runs the conformance suite in every runtime: npm run check:runtimes -- [NAME…]. A name chooses the runners that begin
 * with it. A runtime that is missing is skipped by name, and fails under CI=true.
 */
import { startFixtureServer } from "../test/runtimes/fixture-server.ts"
import { processRunners } from "../test/runtimes/runners/processes.ts"
import { workerdRunner } from "../test/runtimes/runners/workerd.ts"
import type { Runner, RuntimeReport } from "../test/runtimes/runners/runner.ts"
import { bundleSuite } from "../test/runtimes/suite-bundle.ts"

/** The most runtimes at a time. Most of the time of a run is spent waiting. */
const AT_ONCE = 3

const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"))
const only = process.argv.find((argument) => argument.startsWith("--only="))?.slice("--only=".length)
const runners = [...processRunners, workerdRunner].filter(
  ({ name }) => names.length === 0 || names.some((start) => name.startsWith(start)),
)

const reports: RuntimeReport[] = []
const bundle = await bundleSuite()
const waiting = [...runners]
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let runner = waiting.shift(); runner !== undefined; runner = waiting.shift()) await check(runner)
  }),
)

async function check(runner: Runner): Promise<void> {
  const missing = runner.missing()
  if (missing !== undefined) {
    console.log(`skipped: ${missing}`)
    if (process.env["CI"] === "true") process.exitCode = 1
    return
  }
  const server = await startFixtureServer()
  const started = performance.now()
  try {
    for (const report of await runner.run(bundle, server.origin, only)) {
      reports.push(report)
      show(report, performance.now() - started)
    }
  } catch (error) {
    console.log(`failed: ${runner.name}: ${String(error)}`)
    process.exitCode = 1
  } finally {
    await server.close()
  }
}

function show({ runtime, version, scope, results }: RuntimeReport, time: number): void {
  const count = (outcome: string) => results.filter((result) => result.outcome === outcome).length
  console.log(
    `${runtime} ${version} (${scope}): ${count("passed")} passed, ${count("failed")} failed, ` +
      `${count("impossible")} impossible in ${(time / 1000).toFixed(1)} s`,
  )
  const reasons = new Map<string, number>()
  for (const { feature, name, outcome, reason = "" } of results) {
    if (outcome === "failed") {
      console.log(`  failed: ${feature}: ${name}: ${reason}`)
      process.exitCode = 1
    } else if (outcome === "impossible") {
      const key = `${feature}: ${reason}`
      reasons.set(key, (reasons.get(key) ?? 0) + 1)
    }
  }
  for (const [reason, times] of reasons) console.log(`  impossible: ${times} of ${reason}`)
}
