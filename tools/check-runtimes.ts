/*
 * Runs the conformance suite in every runtime: npm run check:runtimes [-- --write] [-- NAME…]. A name chooses the runners
 * that begin with it. A runtime that is missing is skipped by name, and fails under CI=true. If all have run, it fails if
 * docs/runtimes.md or the README differs from the run; `--write` writes both.
 */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { startFixtureServer } from "../test/runtimes/fixture-server.ts"
import { browserRunners } from "../test/runtimes/runners/browsers.ts"
import { machineRunner, processRunners } from "../test/runtimes/runners/processes.ts"
import { checkReports, type Runner, runnersNamed, type RuntimeReport } from "../test/runtimes/runners/runner.ts"
import { workerdRunner } from "../test/runtimes/runners/workerd.ts"
import { bundleSuite } from "../test/runtimes/suite-bundle.ts"
import { fillRuntimes, runtimesPage, withVersionsOf } from "./runtime-table.ts"

const RUNNERS: readonly Runner[] = [...processRunners, workerdRunner, ...browserRunners]

/** The most runners at a time. Most of the time of a run is spent waiting. */
const AT_ONCE = 4

const PAGE = "docs/runtimes.md"
const README = "README.md"
const VERSIONS = "tools/runtimes"

const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"))
const only = process.argv.find((argument) => argument.startsWith("--only="))?.slice("--only=".length)
const isWriting = process.argv.includes("--write")
const runners = names.length === 0 ? RUNNERS : runnersNamed(names, [machineRunner, ...RUNNERS])

/** The reports of each runner that has run. */
const reports = new Map<Runner, readonly RuntimeReport[]>()
let failed = 0
let skipped = 0

installVersions()
const bundle = await bundleSuite()
const waiting = [...runners]
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let runner = waiting.shift(); runner !== undefined; runner = waiting.shift()) await check(runner)
  }),
)
if (only === undefined && runners === RUNNERS && failed === 0 && skipped === 0) comparePages()
writeResults()
process.exitCode = failed === 0 ? 0 : 1

/** Installs the other versions of Node, unless they are there. Platforms without them skip them. */
function installVersions(): void {
  const [wanted, there] = ["package-lock.json", "node_modules/.package-lock.json"].map((file) => {
    if (!existsSync(`${VERSIONS}/${file}`)) return ""
    const { packages } = JSON.parse(readFileSync(`${VERSIONS}/${file}`, "utf8")) as {
      packages: Record<string, { integrity?: string }>
    }
    return JSON.stringify(Object.values(packages).flatMap(({ integrity }) => integrity ?? []))
  })
  if (wanted === there) return
  execFileSync("npm", ["ci", "--silent", "--ignore-scripts"], { cwd: VERSIONS, stdio: "inherit" })
}

async function check(runner: Runner): Promise<void> {
  const missing = lackOf(runner)
  if (missing !== undefined) {
    console.log(`skipped: ${missing}`)
    skipped++
    if (process.env["CI"] === "true") failed++
    return
  }
  const server = await startFixtureServer()
  const started = performance.now()
  try {
    const own = await runner.run(bundle, server.origin, only)
    checkReports(own)
    reports.set(runner, own)
    for (const report of own) show(report, performance.now() - started)
  } catch (error) {
    console.log(`failed: ${runner.name}: ${String(error)}`)
    failed++
  } finally {
    await server.close()
  }
}

/** Why a runner cannot run. The search for a browser throws under CI=true, but the other runners must run too. */
function lackOf(runner: Runner): string | undefined {
  try {
    return runner.missing()
  } catch (error) {
    return (error as Error).message
  }
}

function show({ runtime, version, scope, results }: RuntimeReport, time: number): void {
  const of = (outcome: string) => results.filter((result) => result.outcome === outcome)
  console.log(
    `${runtime} ${version} (${scope}): ${of("passed").length} passed, ${of("failed").length} failed, ` +
      `${of("impossible").length} impossible in ${(time / 1000).toFixed(1)} s`,
  )
  for (const { feature, name, reason } of of("failed")) console.log(`  failed: ${feature}: ${name}: ${reason}`)
  failed += of("failed").length
}

/** Compares the page and the README with the run, or writes them. */
function comparePages(): void {
  const page = existsSync(PAGE) ? readFileSync(PAGE, "utf8") : ""
  const readme = readFileSync(README, "utf8")
  const own = RUNNERS.flatMap((runner) => reports.get(runner)!)
  const isPinned = (report: RuntimeReport) =>
    RUNNERS.some((runner) => runner.isPinned && reports.get(runner)!.includes(report))
  const shown = isWriting ? own : withVersionsOf(page, own, isPinned)
  for (const [index, { runtime, scope, version }] of own.entries()) {
    if (shown[index]!.version !== version) console.log(`${PAGE} has ${runtime} ${shown[index]!.version} (${scope})`)
  }
  const expected = [
    [PAGE, page, runtimesPage(shown)],
    [README, readme, fillRuntimes(readme, shown)],
  ] as const
  for (const [path, before, after] of expected) {
    if (before === after) continue
    if (isWriting) writeFileSync(path, after)
    else {
      console.log(`failed: ${path} differs from this run: npm run check:runtimes -- --write writes it`)
      failed++
    }
  }
}

/** Writes the counts where `.ci/run` adds them up. */
function writeResults(): void {
  const results = [...reports.values()].flat().flatMap((report) => report.results)
  const numPassedTests = results.filter(({ outcome }) => outcome === "passed").length
  mkdirSync(".cache", { recursive: true })
  writeFileSync(".cache/runtimes-results.json", JSON.stringify({ numPassedTests, numFailedTests: failed }))
}
