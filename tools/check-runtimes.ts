/*
 * Runs the conformance suite in every runtime: npm run check:runtimes -- [NAME…]. A name chooses the runners that begin
 * with it. A runtime that is missing is skipped by name, and fails under CI=true.
 */
import { startFixtureServer } from "../test/runtimes/fixture-server.ts"
import { processRunners } from "../test/runtimes/runners/processes.ts"
import { bundleSuite } from "../test/runtimes/suite-bundle.ts"

const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"))
const only = process.argv.find((argument) => argument.startsWith("--only="))?.slice("--only=".length)
const runners = processRunners.filter(({ name }) => names.length === 0 || names.some((start) => name.startsWith(start)))

const bundle = await bundleSuite()
for (const runner of runners) {
  const missing = runner.missing()
  if (missing !== undefined) {
    console.log(`skipped: ${missing}`)
    if (process.env["CI"] === "true") process.exitCode = 1
    continue
  }
  const server = await startFixtureServer()
  const started = performance.now()
  try {
    for (const { runtime, version, scope, results } of await runner.run(bundle, server.origin, only)) {
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      const count = (outcome: string) => results.filter((result) => result.outcome === outcome).length
      console.log(
        `${runtime} ${version} (${scope}): ${count("passed")} passed, ${count("failed")} failed, ${count("impossible")} impossible in ${seconds} s`,
      )
      for (const { feature, name, outcome, reason } of results) {
        if (outcome !== "passed") console.log(`  ${outcome}: ${feature}: ${name}: ${reason}`)
        if (outcome === "failed") process.exitCode = 1
      }
    }
  } finally {
    await server.close()
  }
}
