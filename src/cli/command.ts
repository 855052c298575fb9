import type { CommandArguments, Flag, Flags } from "./flags.ts"
import type { Terminal } from "./terminal.ts"

/** One command of the command line. */
export interface Command {
  readonly name: string
  /** What the command does, in one sentence. */
  readonly summary: string
  /** The names of its operands, such as `URL`. */
  readonly operands: readonly string[]
  readonly flags: Flags
  /**
   * Runs the command and returns its exit code.
   *
   * @throws UsageError if the arguments are wrong; any other error ends the command with the exit code 1.
   */
  readonly run: (given: CommandArguments, terminal: Terminal) => Promise<number>
}

/** The flags of every command. */
export const GENERAL_FLAGS: Flags = {
  help: { type: "boolean", short: "h", about: "Shows this help." },
}

/** Returns the help of a command. */
export function helpOf({ name, summary, operands, flags }: Command): string {
  const rows = Object.entries({ ...flags, ...GENERAL_FLAGS }).map(([flag, of]) => [nameOf(flag, of), of.about] as const)
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  return [
    `Usage: steadystream ${[name, ...operands, "[FLAGS]"].join(" ")}`,
    "",
    summary,
    "",
    "Flags:",
    ...rows.map(([left, about]) => `  ${left.padEnd(width)}${about}`),
    "",
  ].join("\n")
}

function nameOf(name: string, { short, value }: Flag): string {
  return `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`
}
