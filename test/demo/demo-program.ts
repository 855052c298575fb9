/* The built demo as a process of its own, as `npm start` runs it. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { onTestFinished, type TestContext } from "vitest"

const program = fileURLToPath(new URL("../../demo/dist/server/main.js", import.meta.url))

/** The demo while it runs, and what it wrote so far. */
export interface DemoProgram {
  readonly child: ChildProcessWithoutNullStreams
  readonly output: { out: string; err: string }
  readonly exited: Promise<[code: number | null, signal: string | null]>
  /** Resolves with the origin when the demo listens. */
  origin(): Promise<string>
}

/**
 * Runs the demo for one test.
 *
 * @param env - The variables of its environment that differ; `PORT` is 0 by default, which takes a free port.
 * @param atEnd - The hook of the test, which a concurrent test must pass.
 */
export function runDemo(
  env: Readonly<Record<string, string>> = {},
  atEnd: TestContext["onTestFinished"] = onTestFinished,
): DemoProgram {
  const child = spawn(process.execPath, [program], { env: { ...process.env, REDIS_URL: "", PORT: "0", ...env } })
  atEnd(() => void child.kill("SIGKILL"))
  const output = { out: "", err: "" }
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => void (output.out += chunk))
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => void (output.err += chunk))
  // Not "exit", which may come before the last of its output.
  const exited = once(child, "close") as DemoProgram["exited"]
  const origin = async (): Promise<string> => {
    while (!output.out.includes("http://")) {
      const ended = await Promise.race([once(child.stdout, "data").then(() => false), exited.then(() => true)])
      if (ended) throw new Error(`The demo has ended: ${output.err}`)
    }
    return /http:\/\/localhost:\d+/.exec(output.out)![0]
  }
  return { child, output, exited, origin }
}
