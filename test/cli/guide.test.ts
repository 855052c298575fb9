/* Runs every transcript of the guide, in its order, and compares what the commands write now. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, test, vi } from "vitest"
import { FAILED, MISUSE, OK, SIGNAL_CODES } from "../../src/cli/exit-codes.ts"
import { RULES } from "../../src/cli/lint/rules.ts"
import { MAIN } from "../support/command.ts"

const guide = readFileSync("docs/guides/command-line.md", "utf8")
const folder = mkdtempSync(join(tmpdir(), "steadystream-guide-"))
const servers: ChildProcess[] = []
afterAll(async () => {
  for (const child of servers) {
    child.kill("SIGINT")
    await once(child, "exit")
  }
  rmSync(folder, { recursive: true })
})

/** The origins of the servers: as they are written in the guide, and as they are. */
const origins = new Map<string, string>()

const NODE = `'${process.execPath}' --disable-warning=ExperimentalWarning '${MAIN}'`
const env = { ...process.env, NODE_OPTIONS: "", npm_config_yes: "" }

/** Runs a line in a shell, with both outputs in one pipe, so that their order is kept. */
async function run(command: string): Promise<{ output: string; code: number | null }> {
  let line = command.replaceAll("npx steadystream", NODE)
  for (const [written, actual] of origins) line = line.replaceAll(written, actual)
  const child = spawn("sh", ["-c", `exec 2>&1; ${line}`], { cwd: folder, env, stdio: ["ignore", "pipe", "ignore"] })
  let output = ""
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => void (output += chunk))
  const [code] = (await once(child, "close")) as [number | null]
  return { output, code }
}

/** Starts a server of the guide, on a free port. */
async function start(command: string): Promise<string> {
  const [, port = ""] = /--port (\d+)/.exec(command) ?? []
  const line = command.replace(/ &$/, "").replace(port, "0").replace("npx steadystream", `exec ${NODE}`)
  const child = spawn("sh", ["-c", `exec 2>&1; ${line}`], { cwd: folder, env, stdio: ["ignore", "pipe", "ignore"] })
  servers.push(child)
  let output = ""
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => void (output += chunk))
  await vi.waitUntil(() => output.includes("ends the server."))
  const [origin] = /^http:\/\/127\.0\.0\.1:\d+/.exec(output)!
  origins.set(`http://127.0.0.1:${port}`, origin)
  return output
}

/** Replaces what is different in each run: ports, times, and what depends on them. */
function normalized(text: string): string {
  let same = text
  for (const [written, actual] of origins) same = same.replaceAll(actual, written)
  return same
    .replaceAll(/\d+\.\d s\b/g, "N s")
    .replaceAll(/ *\d+ ms\b/g, " N ms")
    .replaceAll(/[·●]{24}/g, "AXIS")
    .replaceAll(/\d+\.\d kB/g, "N kB")
    .replaceAll(/\d+ entries/g, "N entries")
    .trimEnd()
}

/** Each command of the guide and what follows it. A line `…` stands for any lines. */
const steps = [...guide.matchAll(/^```console\n([^]*?)^```$/gm)].flatMap(([, block]) =>
  block!
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const [command = "", ...lines] = text.split("\n")
      return { command, expected: lines.join("\n").trimEnd() }
    }),
)

test("the guide's transcripts are what the commands write", { timeout: 240_000 }, async () => {
  let last: number | null = 0
  expect(steps.length).toBeGreaterThan(10)
  for (const { command, expected } of steps) {
    let output = `${last}\n`
    if (command.endsWith(" &")) output = await start(command)
    else if (command !== "echo $?") ({ output, code: last } = await run(command))
    const [before, after] = normalized(expected).split("\n…\n")
    const actual = normalized(output)
    if (after === undefined) expect(actual, command).toBe(before)
    else expect([actual.slice(0, before!.length), actual.slice(-after.length)], command).toEqual([before, after])
  }
})

test("the guide shows every command", () => {
  for (const name of ["tail", "chat", "lint", "record", "replay", "inspect", "serve"]) {
    expect(
      steps.some(({ command }) => command.includes(`npx steadystream ${name} `)),
      name,
    ).toBe(true)
  }
})

test("the guide has the exit codes and the rules that the code has", () => {
  const rows = [...guide.matchAll(/^\| `([\w/-]+)` +\| ([^|]*?) *\|/gm)].map(([, name, value]) => [name, value])
  const codes = [OK, FAILED, MISUSE, ...Object.values(SIGNAL_CODES)].map(String)
  expect(rows.flatMap(([name]) => (/^\d+$/.test(name!) ? [name!] : [])).toSorted()).toEqual(codes.toSorted())
  const rules = Object.entries(RULES).map(([name, { severity }]) => [name, severity])
  expect(rows.filter(([name]) => name!.includes("/"))).toEqual(rules)
})
