/* Runs the suite in processes of Node, Bun and Deno. */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { promisify } from "node:util"
import { build } from "esbuild"
import { root } from "../../support/root.ts"
import type { SuiteResult } from "../suite/index.ts"
import type { Runner } from "./runner.ts"

const run = promisify(execFile)

/** A runner that starts `command` with the program, the bundle and the origin as arguments. */
function processRunner(name: string, runtime: string, command: readonly [string, ...string[]]): Runner {
  const [program, ...args] = command
  return {
    name,
    isPinned: true,
    missing: () => (existsSync(program) ? undefined : `${name} is not installed`),
    run: async (bundlePath, origin, only = "") => {
      const main = await bundleMain(name)
      const limits = { cwd: root, timeout: 150_000, maxBuffer: 64 * 1024 * 1024 }
      const stdout = await run(program, [...args, main, bundlePath, origin, only], limits).then(
        (output) => output.stdout,
        ({ stderr, code, signal }: { stderr: string; code: unknown; signal: unknown }) => {
          throw new Error(`${name} ended with ${String(signal ?? code)}: ${stderr.slice(0, 2_000)}`)
        },
      )
      const { version, results } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as {
        version: string
        results: SuiteResult[]
      }
      return [{ runtime, version, scope: "process", results }]
    },
  }
}

async function bundleMain(name: string): Promise<string> {
  const outfile = `${root}.cache/runtime-main-${name}.mjs`
  await build({
    entryPoints: [`${root}test/runtimes/runners/process-main.ts`],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "silent",
  })
  return outfile
}

const bin = (name: string) => `${root}node_modules/.bin/${name}`

/** The path of a version of Node in the private package. */
const node = (major: number) => `${root}tools/runtimes/node_modules/node-${major}/bin/node`

/** The runner of the machine's own Node, which runs only if it is chosen by its name. */
export const machineRunner: Runner = processRunner("machine", "Node", [process.env["STEADYSTREAM_SYSTEM_NODE"] ?? ""])

/** The runners of processes. */
export const processRunners: readonly Runner[] = [
  processRunner("node-20", "Node", [node(20)]),
  processRunner("node-22", "Node", [node(22)]),
  processRunner("node-24", "Node", [process.execPath]),
  processRunner("node-26", "Node", [node(26)]),
  processRunner("bun", "Bun", [bin("bun")]),
  processRunner("deno", "Deno", [bin("deno"), "run", "--no-config", "--allow-net=127.0.0.1", "--allow-read"]),
]
