/* Starts Redis servers of tests, each on a free loopback port and with a folder of its own. It is the installed Redis. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "./free-port.ts"
import { findInstalled } from "./installed.ts"
import { type RedisReply, redisCommand } from "./redis-command.ts"

const PROGRAM = {
  name: "Redis",
  variable: "STEADYSTREAM_REDIS",
  places: ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"],
  debian: "redis-server",
}

/** The installed Redis. Without one its tests are skipped by name, which fails under `CI=true`. */
export function findRedis(): string | undefined {
  return findInstalled(PROGRAM)
}

/** The options of a Redis server, as they are written in its configuration: `{ maxmemory: "4mb" }`. */
export type RedisConfig = Readonly<Record<string, string | number>>

/** A running Redis. Its port and its folder stay the same for its whole life. */
export interface RedisServer {
  readonly port: number
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  /** Sends one command on a connection of its own, and returns the reply. */
  command(...args: readonly (string | number)[]): Promise<RedisReply>
  /** Returns one number of the server's INFO, such as `used_cpu_user`. */
  info(field: string): Promise<number>
  /** Stops the process in the middle of what it does (SIGSTOP): it accepts connections and answers none. */
  hold(): void
  /** Continues a held process. */
  release(): void
  /** Ends the process at once (SIGKILL). */
  kill(): Promise<void>
  /** Ends the process at once if it runs, and starts it again on the same port. */
  restart(): Promise<void>
  /** Ends the process and removes its folder. */
  stop(): Promise<void>
}

/**
 * Starts a Redis without persistence. It ends with this process at the latest.
 *
 * @param config - More options; they replace the defaults.
 */
export async function startRedis(config: RedisConfig = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "steadystream-redis-"))
  const [port, first] = await runOnFreePort(folder, config)
  const command: RedisServer["command"] = (...args) => redisCommand(port, args)
  let run = first
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    command,
    info: async (field) => {
      const [, value] = new RegExp(`^${field}:(.*)$`, "mu").exec(String(await command("INFO", "everything"))) ?? []
      return Number(value)
    },
    hold: () => void run.child.kill("SIGSTOP"),
    release: () => void run.child.kill("SIGCONT"),
    kill: () => run.kill(),
    restart: async () => {
      await run.kill()
      run = await runRedis(folder, port, config)
    },
    stop: async () => {
      await run.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Another process can take the free port before Redis does. */
async function runOnFreePort(folder: string, config: RedisConfig): Promise<[port: number, run: RedisRun]> {
  for (let attempts = 3; ; attempts--) {
    const port = await freePort()
    try {
      return [port, await runRedis(folder, port, config)]
    } catch (error) {
      if (attempts === 1) throw error
    }
  }
}

interface RedisRun {
  readonly child: ChildProcess
  kill(): Promise<void>
}

/** The servers of this process with their folders, which end with it. */
const running = new Map<ChildProcess, string>()
process.once("exit", () => {
  for (const [child, folder] of running) {
    child.kill("SIGKILL")
    rmSync(folder, { recursive: true, force: true })
  }
})

async function runRedis(folder: string, port: number, config: RedisConfig): Promise<RedisRun> {
  const options = { bind: "127.0.0.1", port, dir: folder, save: "", appendonly: "no", ...config }
  const arguments_ = Object.entries(options).flatMap(([name, value]) => [`--${name}`, ...valuesOf(value)])
  const child = spawn(findRedis()!, arguments_, { stdio: "ignore" })
  running.set(child, folder)
  const exited = new Promise<void>((resolve) => void child.once("exit", () => resolve()))
  void exited.then(() => running.delete(child))
  await untilAnswers(port, child)
  return {
    child,
    kill: () => {
      child.kill("SIGKILL")
      return exited
    },
  }
}

/** The words of an option's value; Redis takes each as an argument of its own, and nothing as an empty one. */
function valuesOf(value: string | number): string[] {
  return String(value).split(" ")
}

async function untilAnswers(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 3_000; attempt++) {
    if (child.exitCode !== null) throw new Error(`Redis exited with ${child.exitCode}`)
    const reply = await redisCommand(port, ["PING"]).catch(() => undefined)
    if (reply === "PONG") return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  child.kill("SIGKILL")
  throw new Error("Redis does not answer")
}
