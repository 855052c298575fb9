/* Runs the command line from src, as a process of its own or in this one. */
import { type ChildProcess, spawn } from "node:child_process"
import { Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import { runCommandLine } from "../../src/cli/command-line.ts"
import { Terminal } from "../../src/cli/terminal.ts"

export const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))

/** How a command ended, and what it wrote. */
export interface CommandOutcome {
  readonly code: number | null
  readonly output: string
  readonly notes: string
}

/** A command that runs. */
export interface RunningCommand {
  readonly child: ChildProcess
  readonly ended: Promise<CommandOutcome>
  /** Resolves when the output, or the error output, has this text. Rejects if the command ends before. */
  said(text: string): Promise<void>
  /** Resolves with the first line of the output. */
  line(): Promise<string>
}

/** Starts a command. Its output is no terminal. */
export function startCommand(
  args: readonly string[],
  options: { input?: string | Uint8Array; cwd?: string } = {},
): RunningCommand {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    cwd: options.cwd,
    env: { ...process.env, NODE_OPTIONS: "" },
  })
  child.stdin.on("error", () => {})
  child.stdin.end(options.input ?? "")
  let output = ""
  let notes = ""
  const looks = new Set<() => void>()
  const look = () => {
    for (const one of looks) one()
  }
  // A chunk may end in the middle of a character.
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk
    look()
  })
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    notes += chunk
    look()
  })
  const ended = new Promise<CommandOutcome>((resolve) => {
    child.once("close", (code) => resolve({ code, output, notes }))
  })
  const until = (isSaid: () => boolean, text: string) =>
    new Promise<void>((resolve, reject) => {
      const one = () => {
        if (isSaid()) resolve()
      }
      looks.add(one)
      one()
      void ended.then(() => reject(new Error(`the command ended before it said ${text}: ${output}${notes}`)))
    })
  const said = (text: string) => until(() => output.includes(text) || notes.includes(text), text)
  const line = async () => {
    await until(() => output.includes("\n"), "a line")
    return output.split("\n")[0]!
  }
  return { child, ended, said, line }
}

/** Runs a command to its end. */
export function runCommand(
  args: readonly string[],
  options: { input?: string | Uint8Array; cwd?: string } = {},
): Promise<CommandOutcome> {
  return startCommand(args, options).ended
}

/** Runs a command in this process, which is quicker. */
export async function runHere(args: readonly string[]): Promise<CommandOutcome> {
  const texts = ["", ""]
  const streams = texts.map(
    (_, at) =>
      new Writable({
        write(chunk, _encoding, done) {
          texts[at] += String(chunk)
          done()
        },
      }) as NodeJS.WriteStream,
  )
  const terminal = new Terminal({ stdout: streams[0]!, stderr: streams[1]!, env: {}, once: () => undefined })
  const code = await runCommandLine(args, terminal)
  return { code, output: texts[0]!, notes: texts[1]! }
}
