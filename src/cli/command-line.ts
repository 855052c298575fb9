/* Finds the command, reads its flags, runs it, and turns what happens into an exit code. */
import { createRequire } from "node:module"
import { CHAT } from "./chat.ts"
import { type Command, GENERAL_FLAGS, helpOf } from "./command.ts"
import { describeError } from "./describe-error.ts"
import { FAILED, MISUSE, OK } from "./exit-codes.ts"
import { readArguments } from "./flags.ts"
import { INSPECT } from "./inspect.ts"
import { LINT } from "./lint.ts"
import { nearestOf } from "./nearest.ts"
import { count } from "./progress.ts"
import { RECORD } from "./record.ts"
import { REPLAY } from "./replay.ts"
import { SERVE } from "./serve.ts"
import { TAIL } from "./tail.ts"
import { Ended, type Terminal } from "./terminal.ts"
import { UsageError } from "./usage-error.ts"

const COMMANDS: readonly Command[] = [TAIL, CHAT, LINT, RECORD, REPLAY, INSPECT, SERVE]

/** Runs the command line `args` and returns its exit code. Never rejects. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  let name = ""
  try {
    const [first = "--help", ...rest] = args
    if (first === "--version" || first === "-V") return await print(terminal, `${versionOf()}\n`)
    if (first === "--help" || first === "-h" || first === "help") {
      checkOperands(Math.max(rest.length, 1), ["COMMAND"])
      return await print(terminal, rest[0] === undefined ? overview() : helpOf(commandOf(rest[0])))
    }
    const command = commandOf(first)
    name = command.name
    const given = readArguments(rest, { ...command.flags, ...GENERAL_FLAGS })
    if (given.has("help")) return await print(terminal, helpOf(command))
    checkOperands(given.positionals.length, command.operands)
    return await command.run(given, terminal)
  } catch (error) {
    return codeOf(error, name, terminal)
  } finally {
    terminal.endProgress()
  }
}

function codeOf(error: unknown, name: string, terminal: Terminal): number {
  // What fails after a signal fails because of it.
  const ended: unknown = terminal.signal.aborted ? terminal.signal.reason : error
  if (ended instanceof Ended) return ended.code
  const prefix = name === "" ? "steadystream" : `steadystream ${name}`
  terminal.note(`${prefix}: ${terminal.errorColours.red(describeError(error))}`)
  if (!(error instanceof UsageError)) return FAILED
  terminal.note(`Run "${prefix} --help" for the list of ${name === "" ? "commands" : "flags"}.`)
  return MISUSE
}

function commandOf(name: string): Command {
  const found = COMMANDS.find((command) => command.name === name)
  if (found !== undefined) return found
  const nearest = nearestOf(
    name,
    COMMANDS.map((command) => command.name),
  )
  throw new UsageError(
    `${/^[\w-]{1,20}$/.test(name) ? `"${name}"` : "the first operand"} is not a command` +
      (nearest === undefined ? "" : `, did you mean "${nearest}"?`),
  )
}

function checkOperands(given: number, operands: readonly string[]): void {
  if (given < operands.length) throw new UsageError(`${operands[given]!} is missing`)
  const more = given - operands.length
  if (more > 0) throw new UsageError(`there ${more === 1 ? "is" : "are"} ${count(more, "operand")} too many`)
}

async function print(terminal: Terminal, text: string): Promise<number> {
  await terminal.write(text)
  return OK
}

function overview(): string {
  const lines = COMMANDS.map(
    ({ name, operands, summary }) => `  ${`${name} ${operands.join(" ")}`.padEnd(18)}${summary}`,
  )
  return [
    "Usage: steadystream COMMAND [FLAGS]",
    "",
    "Commands:",
    ...lines,
    "",
    'Run "steadystream COMMAND --help" for the flags of a command.',
    "",
  ].join("\n")
}

function versionOf(): string {
  return (createRequire(import.meta.url)("steadystream/package.json") as { readonly version: string }).version
}
