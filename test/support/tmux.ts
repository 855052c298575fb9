/* Runs commands in a real terminal: a window of tmux, with a server of its own. */
import { execFileSync } from "node:child_process"
import { MAIN } from "./command.ts"
import { findInstalled } from "./installed.ts"

const PROGRAM = {
  name: "tmux",
  variable: "STEADYSTREAM_TMUX",
  places: ["/usr/bin/tmux", "/usr/local/bin/tmux", "/opt/homebrew/bin/tmux"],
  debian: "tmux",
}

/** The installed tmux. Without one its tests are skipped by name, which fails under `CI=true`. */
export function findTmux(): string | undefined {
  return findInstalled(PROGRAM)
}

/** A terminal of 100 columns. */
export interface TestTerminal {
  /** What the window shows, with the escapes of its colours. */
  screen(): string
  /** Presses keys, in the notation of tmux: `C-c`. */
  press(keys: string): void
  close(): void
}

let count = 0

/**
 * Runs a command line in a new terminal. When it has ended, the window shows `exit code N`.
 *
 * @param settings - Assignments of environment variables, such as `NO_COLOR=1`.
 */
export function openTerminal(tmux: string, args: readonly string[], settings: readonly string[] = []): TestTerminal {
  const socket = `steadystream-${process.pid}-${count++}`
  const run = (...words: string[]) =>
    execFileSync(tmux, ["-L", socket, "-u", "-f", "/dev/null", ...words], { encoding: "utf8" })
  const quoted = [process.execPath, "--disable-warning=ExperimentalWarning", MAIN, ...args].map((word) => `'${word}'`)
  const command = `env -u NODE_OPTIONS -u NO_COLOR ${settings.join(" ")} ${quoted.join(" ")}; echo "exit code $?"; exec sleep 60`
  run("new-session", "-d", "-x", "100", "-y", "30", command)
  return {
    screen: () => run("capture-pane", "-p", "-e"),
    press: (keys) => void run("send-keys", keys),
    close: () => void run("kill-server"),
  }
}
