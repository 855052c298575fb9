#!/usr/bin/env node
/* The command `steadystream`. It ends with the exit code of the command, whatever is still open. */
import process from "node:process"
import { runCommandLine } from "./command-line.ts"
import { Terminal } from "./terminal.ts"

async function main(): Promise<never> {
  const terminal = new Terminal(process)
  const code = await runCommandLine(process.argv.slice(2), terminal)
  await terminal.flush()
  process.exit(code)
}

void main()
