import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { build } from "tsup"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type FaultServer, startFaultServer } from "steadystream/testing"

let server: FaultServer
let folder: string
let bundle: string
beforeAll(async () => {
  server = await startFaultServer({ body: "id: 1\ndata: a\n\n", end: "stall" })
  folder = mkdtempSync(join(tmpdir(), "steadystream-exit-"))
  await build({
    config: false,
    silent: true,
    entry: { client: "src/client/index.ts" },
    format: "esm",
    target: "es2022",
    tsconfig: "src/tsconfig.json",
    outDir: folder,
  })
  bundle = ["client.js", "client.mjs"].map((name) => join(folder, name)).find((path) => existsSync(path))!
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs a program that imports the client. Returns its output, its exit, and the time from its last output to its exit. */
async function run(program: string, node = process.execPath) {
  const file = join(folder, `program-${Math.random().toString(36).slice(2)}.mjs`)
  writeFileSync(
    file,
    `import { subscribe } from ${JSON.stringify(pathToFileURL(bundle).href)}\nconst url = ${JSON.stringify(server.url)}\n${program}`,
  )
  const child = spawn(node, [file], { stdio: ["ignore", "pipe", "pipe"] })
  let output = ""
  let errors = ""
  let lastWord = performance.now()
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString()
    lastWord = performance.now()
  })
  child.stderr.on("data", (chunk: Buffer) => void (errors += chunk.toString()))
  const kill = setTimeout(() => child.kill("SIGKILL"), 50_000)
  const code = await new Promise((resolve) => void child.once("close", resolve))
  clearTimeout(kill)
  return { output: output.trim(), errors, code, lag: performance.now() - lastWord }
}

/** The Node of the tests, and the system's Node, which may be the oldest supported one. */
const nodes = [
  { name: "the project's Node", path: process.execPath },
  { name: "the machine's Node", path: "/usr/bin/node" },
].filter(({ path }) => existsSync(path))

test.for(nodes)("close() allows the process to exit by itself at once, in $name", async ({ path: node }) => {
  const endings = [
    `const s = subscribe(url); for await (const event of s) { console.log(event.data); s.close() }`,
    `for await (const event of subscribe(url)) { console.log(event.data); break }`,
    `const s = subscribe("http://127.0.0.1:1/", { retry: { initialDelay: 60_000 }, onRetry: () => { console.log("a"); s.close() } }); await s.listen({ onEvent() {} })`,
    `const s = subscribe(() => new Promise(() => {})); setImmediate(() => { console.log("a"); s.close() }); await s.listen({ onEvent() {} })`,
    `const a = new AbortController(); const s = subscribe(url, { signal: a.signal }); await s.listen({ onEvent(e) { console.log(e.data); a.abort() }, onError() {} })`,
  ]
  for (const ending of endings) {
    const { output, errors, code, lag } = await run(ending, node)
    expect([output, errors, code]).toEqual(["a", "", 0])
    expect(lag).toBeLessThan(5_000)
  }
})

test.for(nodes)(
  "subscribe() allows the process to exit if it is never iterated, or if the clock unrefs its timers, in $name",
  async ({ path: node }) => {
    expect(await run(`subscribe(url); console.log("idle")`, node)).toMatchObject({ output: "idle", code: 0 })
    const clock = `{ now: () => performance.now(), setTimeout: (run, ms) => setTimeout(run, ms).unref(), clearTimeout, random: Math.random }`
    const waiting = `subscribe("http://127.0.0.1:1/", { clock: ${clock}, onRetry: () => console.log("waiting") }).listen({ onEvent() {} })`
    const { output, lag } = await run(waiting, node)
    expect(output).toBe("waiting")
    expect(lag).toBeLessThan(5_000)
  },
)

test.for(nodes)(
  "subscribe() causes no warning with 1,000 subscriptions on one signal, in $name",
  async ({ path: node }) => {
    const program = `
    process.on("warning", (warning) => console.log(warning.name))
    const abort = new AbortController()
    const fetch = (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
    const all = Array.from({ length: 1000 }, () =>
      subscribe(url, { fetch, signal: abort.signal, timeouts: { total: 1e12 } }).listen({ onEvent() {}, onError() {} }))
    setImmediate(() => abort.abort())
    await Promise.all(all)
    await new Promise((resolve) => setImmediate(resolve))
    console.log("quiet")`
    expect(await run(program, node)).toMatchObject({ output: "quiet", errors: "", code: 0 })
  },
)
