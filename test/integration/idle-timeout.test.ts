import { execFile } from "node:child_process"
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, onTestFinished, test } from "vitest"
import { sendEventStream } from "steadystream/node"
import { listen } from "../support/listen.ts"
import { findNginx, startNginx } from "../support/nginx.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const run = promisify(execFile)

describe("keepAlive on Bun, whose idle timeout is 5 s", () => {
  async function silentStream(idleTimeout: number, keepAlive: number): Promise<unknown> {
    const args = ["test/integration/idle-timeout-main.ts", String(idleTimeout), String(keepAlive)]
    const { stdout } = await run(`${root}node_modules/.bin/bun`, args, { cwd: root })
    return JSON.parse(stdout) as unknown
  }

  test.concurrent("keepAlive over the idle timeout does not keep a silent stream open", async () => {
    expect(await silentStream(5, 60_000)).toBe("cut")
  })

  test.concurrent("keepAlive under the idle timeout keeps a silent stream open", async () => {
    expect(await silentStream(5, 1000)).toMatch(/^data: before\n\n(?:: keep-alive\n\n)+data: after\n\n$/)
  })

  test.concurrent("keepAlive is not needed without an idle timeout", async () => {
    expect(await silentStream(0, 60_000)).toBe("data: before\n\ndata: after\n\n")
  })
})

describe.skipIf(findNginx() === undefined)("keepAlive behind nginx, whose read timeout is 2 s", () => {
  async function silentStream(keepAlive: number): Promise<string> {
    async function* silent() {
      yield { data: "before" }
      await new Promise((resolve) => setTimeout(resolve, 4_000))
      yield { data: "after" }
    }
    const server = createServer((req, res) => void sendEventStream(req, res, silent(), { keepAlive }))
    const nginx = await startNginx(Number(new URL(await listen(server)).port), "proxy_read_timeout 2s;")
    onTestFinished(() => nginx.close())
    const response = await fetch(nginx.url)
    return response.text().catch(() => "cut")
  }

  test("keepAlive over the read timeout does not keep a silent stream open", async () => {
    expect(await silentStream(60_000)).toBe("cut")
  })

  test("keepAlive under the read timeout keeps a silent stream open", async () => {
    expect(await silentStream(200)).toMatch(/^data: before\n\n(?:: keep-alive\n\n)+data: after\n\n$/)
  })
})
