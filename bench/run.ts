/*
 * Compares steadystream with its peers in one run: `npm run bench`.
 *
 *   --quick                fewer rounds
 *   --only <text>          only cells whose name contains the text, such as "bytes/chat"; commas separate several texts
 *   --runtime bun|deno     run the cells on Bun or Deno instead of Node
 *   --json                 print JSON instead of Markdown
 *
 * README.md describes the method and the goals.
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
// The tools find `node` on the PATH, which must be the one that runs this file.
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
