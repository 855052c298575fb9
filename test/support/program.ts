import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

/** How a program ended, and what it wrote. */
export interface Outcome {
  /** The exit code, or `"killed"` if the program did not end in time. */
  readonly code: number | "killed" | null
  readonly output: string
  readonly errors: string
}

const source = new URL("../../src/", import.meta.url)

/** When a program is killed, in milliseconds. */
const TIME_LIMIT = 50_000

/** Runs `program` as a process of its own. It imports the package by name, and is killed if it does not end. */
export async function runProgram(program: string, flags: readonly string[] = []): Promise<Outcome> {
  const located = program.replace(/from "steadystream(?:\/(\w+))?"/g, (_, entry?: string) => {
    return `from ${JSON.stringify(new URL(entry === undefined ? "index.ts" : `${entry}/index.ts`, source).href)}`
  })
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", ...flags, "--input-type=module", "-e", located],
    { stdio: ["ignore", "pipe", "pipe"], cwd: fileURLToPath(source), env: { ...process.env, NODE_OPTIONS: "" } },
  )
  let output = ""
  let errors = ""
  child.stdout.on("data", (chunk: Buffer) => void (output += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => void (errors += chunk.toString()))
  let isKilled = false
  const timer = setTimeout(() => {
    isKilled = true
    child.kill("SIGKILL")
  }, TIME_LIMIT)
  const code = await new Promise<number | null>((resolve) => void child.once("close", resolve))
  clearTimeout(timer)
  return { code: isKilled ? "killed" : code, output: output.trim(), errors: errors.trim() }
}
