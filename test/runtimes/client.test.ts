import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { build } from "esbuild"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type FaultAnswer, type FaultRequest, type FaultServer, startFaultServer } from "steadystream/testing"

const run = promisify(execFile)
const root = fileURLToPath(new URL("../..", import.meta.url))
let server: FaultServer
let other: FaultServer
let folder: string
let program: string

function answer({ path, headers }: FaultRequest): FaultAnswer {
  const redirect = (location: string) => ({ status: 307, headers: { location } })
  const id = headers["last-event-id"]
  switch (path) {
    case "/stream":
      if (id === undefined) return { body: "id: ✓1\ndata: a\n\nid: lost\nda", end: "reset" }
      return Buffer.from(id, "latin1").toString() === "✓1" ? { body: "id: 2\ndata: b\n\n" } : { status: 204 }
    case "/redirect":
      return redirect(id === undefined ? "/stream" : "/end")
    case "/away":
      return redirect(other.url)
    case "/loop":
      return redirect("/loop")
    case "/cut":
      return { body: "data: a\n\nda", end: "fin" }
    case "/stall":
      return { body: "data: a\n\n", end: "stall" }
    case "/end":
      return { status: 204 }
    default:
      return { status: 404, body: "no" }
  }
}

beforeAll(async () => {
  other = await startFaultServer(({ headers }) => {
    return headers["x-api-key"] === undefined ? { status: 401 } : { body: "data: stolen\n\n" }
  })
  server = await startFaultServer(answer)
  folder = mkdtempSync(join(tmpdir(), "steadystream-client-"))
  program = join(folder, "main.mjs")
  await build({
    entryPoints: [join(root, "test/runtimes/client-main.ts")],
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    outfile: program,
    define: { SERVER: JSON.stringify(server.url) },
    alias: { steadystream: join(root, "src/index.ts"), "steadystream/client": join(root, "src/client/index.ts") },
  })
})
afterAll(async () => {
  await server.close()
  await other.close()
  rmSync(folder, { recursive: true, force: true })
})

const bin = (name: string) => join(root, "node_modules/.bin", name)
const runtimes = [
  { name: "this Node", command: [process.execPath] },
  { name: "the machine's Node", command: [process.env["STEADYSTREAM_SYSTEM_NODE"] ?? "/usr/bin/node"] },
  { name: "Bun", command: [bin("bun")] },
  { name: "Deno", command: [bin("deno"), "run", "--allow-net=127.0.0.1", "--no-config"] },
]

for (const { name, command } of runtimes) {
  test.skipIf(!existsSync(command[0]!))(`subscribe() works the same in ${name}`, { timeout: 30_000 }, async () => {
    const { stdout } = await run(command[0]!, [...command.slice(1), program], { timeout: 25_000 })
    expect(JSON.parse(stdout)).toEqual({
      stream: ["done", "a", "b"],
      redirected: ["done", "a"],
      away: ["response"],
      loop: ["retries-exhausted"],
      missing: ["response"],
      cut: "connection",
      stalled: ["timeout", "a"],
      aborted: expect.stringContaining("TimeoutError"),
    })
    expect(other.requests.filter(({ headers }) => "x-api-key" in headers)).toEqual([])
    await server.allClosed()
  })
}
