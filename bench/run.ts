/*
 * Compares steadystream with its peers in one run: `npm run bench`.
 *
 *   --quick                fewer rounds
 *   --only <text>          only cells whose name contains the text, such as "bytes/chat" (comma-separated for several)
 *   --runtime bun|deno     the cells run there instead of on Node
 *   --json                 JSON instead of Markdown
 *
 * Method. The built package runs, with its limits and checks on. Each cell, a corpus in a delivery, is run by five
 * processes of its own, one after the other, since the compiler does not decide alike in all of them. In each the
 * contenders warm up, then take turns, in another order each round; a sample begins without young garbage, where the
 * runtime can collect it on demand, and takes at least 6 ms of CPU time of the process, its own garbage collection
 * included. What is compared are the samples of one round: the table has the median of these ratios over all rounds
 * with the quartiles in brackets. Every contender reads all chunks with a new parser and touches one character of each
 * event's data in a callback of its own. Each is checked, untimed, for the number of events and a checksum over their
 * names and data, which the corpus knows by its making; what is wrong is not compared. CPU time is used since wall time
 * on a shared machine is 1.5 to 3 times noisier. The floors are what no parser can be cheaper than: finding and copying
 * out the lines; decoding first; reading the stream and doing nothing.
 */
import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { availableParallelism } from "node:os"
import { delimiter } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs, promisify } from "node:util"
import { type CellResult, cellResult, cells, type CellSamples } from "./cells.ts"
import { markdown, type Results } from "./report.ts"
import { sizes } from "./size.ts"

const run = promisify(execFile)
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const bin = (name: string) => here(`../node_modules/.bin/${name}`)
// The tools ask for `node`: it is to be the one that runs this.
const env = { ...process.env, PATH: here("../node_modules/.bin") + delimiter + (process.env["PATH"] ?? "") }

const PROCESSES = 5

const PEERS = [
  "eventsource-parser",
  "@microsoft/fetch-event-source",
  "fetch-event-stream",
  "parse-sse",
  "eventsource-encoder",
  "better-sse",
]

const RUNTIMES: Readonly<Record<string, readonly [string, ...string[]]>> = {
  node: [process.execPath, "--disable-warning=ExperimentalWarning", "--expose-gc"],
  bun: [bin("bun"), "--expose-gc"],
  deno: [bin("deno"), "run", "--v8-flags=--expose-gc", "--allow-all", "--node-modules-dir=manual", "--no-lock"],
}

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    runtime: { type: "string", default: "node" },
  },
})

async function child(command: readonly [string, ...string[]], ...args: string[]): Promise<unknown> {
  const [file, ...rest] = command
  const { stdout } = await run(file, [...rest, ...args], { env })
  return JSON.parse(stdout)
}

async function versions(): Promise<Record<string, string>> {
  const entries = PEERS.map(async (name) => {
    const manifest = JSON.parse(await readFile(here(`../node_modules/${name}/package.json`), "utf8")) as {
      version: string
    }
    return [name, manifest.version] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

async function platform(command: readonly [string, ...string[]]): Promise<string> {
  const { stdout } = await run(command[0], ["--version"], { env })
  const name = options.runtime === "node" ? "Node " : options.runtime === "bun" ? "Bun " : ""
  const cores = availableParallelism()
  const date = new Date().toISOString().slice(0, 10)
  return `${name}${stdout.split("\n", 1)[0]!.trim()}, ${process.platform} ${process.arch}, ${cores} cores, ${date}`
}

async function main(): Promise<void> {
  const command = RUNTIMES[options.runtime]
  if (command === undefined) throw new Error(`Cannot run the bench: --runtime must be node, bun or deno`)
  await run(bin("tsup"), [], { env, cwd: here("..") })
  const patterns = options.only.split(",")
  const results: CellResult[] = []
  for (const cell of cells) {
    if (!patterns.some((pattern) => cell.includes(pattern))) continue
    console.error(cell)
    const runs: CellSamples[] = []
    while (runs.length < PROCESSES) {
      runs.push((await child(command, here("cell.ts"), cell, options.quick ? "quick" : "full")) as CellSamples)
    }
    results.push(cellResult(cell, runs))
  }
  const heap = options.runtime === "node" ? await child(command, here("heap.ts")) : {}
  const report: Results = {
    platform: await platform(command),
    hasGoals: options.runtime === "node",
    versions: await versions(),
    cells: results,
    heap: heap as Results["heap"],
    sizes: await sizes(),
  }
  console.log(options.json ? JSON.stringify(report, undefined, 2) : markdown(report))
}

await main()
