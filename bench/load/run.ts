/*
 * Measures servers of event streams under load, side by side: `npm run load`.
 *
 *   --quick                1,000 sessions and shorter parts
 *   --sessions <number>    sessions of each server, by default 10,000
 *   --rounds <number>      rounds of the sessions, by default 5
 *   --hold <seconds>       how long all sessions rest before a last event, by default 0
 *   --churn <seconds>      how long clients come and go, by default 30
 *   --only <names>         only these servers, separated by commas: raw, better-sse, hono, sendEventStream, channels, redis
 *   --only-part <names>    only these parts: sessions, stalled, churn, replay, and of redis: events, tokens, connections,
 *                          memory, cpu, latency, serving
 *   --json                 print JSON instead of Markdown
 *   --write                also write the Markdown into docs/performance.md
 *
 * ../README.md describes the method and the goals.
 */
import { execFile, execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { delimiter } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs, promisify } from "node:util"
import { findRedis } from "../../test/support/redis-server.ts"
import { contenderNames } from "./contenders.ts"
import { partNames, runLoad } from "./load.ts"
import { FULL_REDIS, QUICK_REDIS, redisPartNames, runRedisLoad } from "./redis/redis-load.ts"
import { redisMarkdown } from "./redis/redis-report.ts"
import { markdown } from "./report.ts"
import type { Settings } from "./scene.ts"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const FULL: Settings = {
  sessions: 10_000,
  rounds: 5,
  broadcasts: 30,
  hold: 0,
  churn: 30,
  returning: 1_000,
  missed: 1_000,
  stalled: 50,
  offered: 20_000_000,
}
const QUICK: Settings = { ...FULL, sessions: 1_000, rounds: 3, broadcasts: 15, churn: 10, returning: 300 }

const PEERS = ["better-sse", "hono", "@hono/node-server"]
const REDIS_PEERS = ["redis", "resumable-stream"]
const DOCUMENT = here("../../docs/performance.md")

/** The files of a process besides its sockets. */
const OTHER_FILES = 100

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    sessions: { type: "string" },
    rounds: { type: "string" },
    hold: { type: "string" },
    churn: { type: "string" },
    only: { type: "string" },
    "only-part": { type: "string" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
})

/** Returns the names that an option lists, or all. */
function namesOf<Name extends string>(option: "only" | "only-part", known: readonly Name[]): readonly Name[] {
  const names = options[option]?.split(",") ?? known
  const unknown = names.find((name) => !known.includes(name as Name))
  if (unknown !== undefined) {
    throw new Error(`Cannot run the load test: --${option} must be of ${known.join(", ")}, not ${unknown}`)
  }
  return names as readonly Name[]
}

function numberOf(option: "sessions" | "rounds" | "hold" | "churn", initial: number, least = 1): number {
  const value = Number(options[option] ?? initial)
  if (Number.isInteger(value) && value >= least) return value
  throw new Error(`Cannot run the load test: --${option} must be an integer of at least ${least}`)
}

/** The sessions that are possible: each takes a file of its process. Node raises the limit of files as far as it may. */
function sessionsWithin(wanted: number): number {
  const { userLimits } = process.report.getReport() as unknown as { userLimits: { open_files?: { soft: unknown } } }
  const files = Number(userLimits.open_files?.soft)
  if (!(files - OTHER_FILES < wanted)) return wanted
  console.error(`The limit of open files is ${files}, so ${files - OTHER_FILES} sessions are measured, not ${wanted}`)
  return files - OTHER_FILES
}

function platform(peers: readonly string[], others: readonly string[] = []): string {
  const versions = peers.map((name) => {
    const manifest = JSON.parse(readFileSync(here(`../../node_modules/${name}/package.json`), "utf8")) as {
      version: string
    }
    return `${name} ${manifest.version}`
  })
  const cores = `${availableParallelism()} shared cores`
  const date = new Date().toISOString().slice(0, 10)
  const machine = `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cores}, ${date}`
  return `${machine}; ${[...others, ...versions].join(", ")}. All processes ran on the same machine.`
}

function redisVersion(): string {
  const text = execFileSync(findRedis()!, ["--version"], { encoding: "utf8" })
  return `Redis ${/v=(\S+)/.exec(text)?.[1] ?? "of an unknown version"}`
}

async function build(): Promise<void> {
  // The tools find `node` on the PATH, which must be the one that runs this file.
  const env = { ...process.env, PATH: here("../../node_modules/.bin") + delimiter + (process.env["PATH"] ?? "") }
  await promisify(execFile)("npm", ["run", "--silent", "build:package"], { env, cwd: here("../..") })
}

async function main(): Promise<void> {
  const base = options.quick ? QUICK : FULL
  const settings: Settings = {
    ...base,
    sessions: sessionsWithin(numberOf("sessions", base.sessions)),
    rounds: numberOf("rounds", base.rounds),
    hold: numberOf("hold", base.hold, 0),
    churn: numberOf("churn", base.churn),
  }
  const names = namesOf("only", [...contenderNames, "redis"])
  const parts = namesOf("only-part", [...partNames, ...redisPartNames])
  const contenders = contenderNames.filter((name) => names.includes(name))
  const serverParts = partNames.filter((part) => parts.includes(part))
  const redisParts = redisPartNames.filter((part) => parts.includes(part))
  await build()
  const onStep = console.error
  if (contenders.length > 0 && serverParts.length > 0) {
    const results = await runLoad({ settings, contenders, parts: serverParts, onStep })
    publish("load", results, markdown(results, platform(PEERS)))
  }
  if (names.includes("redis") && redisParts.length > 0) {
    const results = await runRedisLoad({
      settings: options.quick ? QUICK_REDIS : FULL_REDIS,
      parts: redisParts,
      onStep,
    })
    if (results !== undefined)
      publish("redis", results, redisMarkdown(results, platform(REDIS_PEERS, [redisVersion()])))
  }
}

/** Prints results, and writes them into their region of the document. */
function publish(region: "load" | "redis", results: unknown, text: string): void {
  console.log(options.json ? JSON.stringify(results, undefined, 2) : text)
  if (!options.write) return
  const place = new RegExp(`(?<=<!-- ${region}:[^>]*-->)[^]*?(?=<!-- /${region} -->)`)
  writeFileSync(
    DOCUMENT,
    readFileSync(DOCUMENT, "utf8").replace(place, () => `\n\n${text}\n\n`),
  )
  execFileSync(here("../../node_modules/.bin/oxfmt"), [DOCUMENT], { stdio: "inherit" })
}

await main()
