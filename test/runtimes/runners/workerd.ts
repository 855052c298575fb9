/* Runs the suite in workerd, the runtime of Cloudflare Workers. */
import { type ChildProcess, spawn } from "node:child_process"
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import type { Readable } from "node:stream"
import { build } from "esbuild"
import { root } from "../../support/root.ts"
import type { SuiteResult } from "../suite/index.ts"
import type { Runner } from "./runner.ts"

const program = `${root}node_modules/.bin/workerd`
const folder = `${root}.cache/workerd/`

/** The behaviour of the runtime on this day. The installed version knows no later one. */
const COMPATIBILITY_DATE = "2026-10-01"

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [
    (name = "main.mjs", esModule = embed "main.mjs"),
    (name = "suite.mjs", esModule = embed "suite.mjs"),
  ],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  durableObjectNamespaces = [(className = "SuiteObject", uniqueKey = "suite")],
  durableObjectStorage = (inMemory = void),
  bindings = [(name = "SUITE", durableObjectNamespace = "SuiteObject")],
);
`

/** The runner of workerd. */
export const workerdRunner: Runner = {
  name: "workerd",
  isPinned: true,
  missing: () => (existsSync(program) ? undefined : "workerd is not installed"),
  run: async (bundlePath, origin, only = "") => {
    await writeConfig(bundlePath)
    const child = spawn(program, ["serve", `${folder}config.capnp`, "--control-fd=3"], {
      stdio: ["ignore", "ignore", "pipe", "pipe"],
      timeout: 150_000,
      killSignal: "SIGKILL",
    })
    let errors = ""
    child.stderr!.setEncoding("utf8").on("data", (text: string) => void (errors += text))
    try {
      const exit = new Promise<never>((_, reject) => {
        child.once("error", reject)
        child.once("exit", (code) => reject(new Error(`workerd ended with ${code}: ${errors.slice(-2_000)}`)))
      })
      exit.catch(() => {})
      const port = await Promise.race([portOf(child), exit])
      const query = new URLSearchParams({ origin, only })
      const response = await Promise.race([fetch(`http://127.0.0.1:${port}/run?${query}`), exit])
      if (!response.ok) throw new Error(`workerd answered ${response.status}: ${await response.text()}`)
      const results = (await Promise.race([response.json(), exit])) as SuiteResult[]
      const manifest = readFileSync(`${root}node_modules/workerd/package.json`, "utf8")
      const { version } = JSON.parse(manifest) as { version: string }
      return [{ runtime: "workerd", version, scope: "Durable Object", results }]
    } finally {
      child.kill("SIGKILL")
    }
  },
}

async function writeConfig(bundlePath: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  await build({
    entryPoints: [`${root}test/runtimes/runners/workerd-main.ts`],
    outfile: `${folder}main.mjs`,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    logLevel: "silent",
  })
  copyFileSync(bundlePath, `${folder}suite.mjs`)
  writeFileSync(`${folder}config.capnp`, CONFIG)
}

/** Returns the port, which workerd reports as JSON on the file descriptor 3. */
async function portOf(child: ChildProcess): Promise<number> {
  let text = ""
  for await (const chunk of (child.stdio[3] as Readable).setEncoding("utf8")) {
    text += chunk as string
    const line = text.split("\n").find((one) => one.includes('"listen"'))
    if (line !== undefined && text.endsWith("\n")) return (JSON.parse(line) as { port: number }).port
  }
  throw new Error("workerd did not report a port")
}
