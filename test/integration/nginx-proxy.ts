import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished } from "vitest"

const nginx = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx"].find((path) => existsSync(path))

/** Whether tests with nginx can run; where they must, a missing nginx fails them. */
export const hasNginx: boolean = nginx !== undefined || process.env["CI"] === "true"

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => void server.close(resolve))
  return port
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy()
      resolve(true)
    })
    socket.on("error", () => resolve(false))
  })
}

/** Starts nginx before `upstream` for one test, with its default buffering, and gives its origin. */
export async function startNginx(upstream: string, directives = ""): Promise<string> {
  if (nginx === undefined) throw new Error("nginx must be installed")
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), "ssekit-nginx-"))
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
  const paths = temporary.map((name) => `${name}_temp_path ${join(directory, name)};`).join(" ")
  writeFileSync(
    join(directory, "nginx.conf"),
    `daemon off; master_process off; pid ${join(directory, "pid")}; error_log stderr error; events {}
     http { access_log off; ${paths} ${directives}
       server { listen 127.0.0.1:${port}; location / { proxy_pass ${upstream}; } } }`,
  )
  const child = spawn(nginx, ["-p", directory, "-c", "nginx.conf", "-e", "stderr"], { stdio: "ignore" })
  const exited = new Promise((resolve) => child.once("exit", resolve))
  onTestFinished(async () => {
    child.kill("SIGKILL")
    await exited
    rmSync(directory, { recursive: true, force: true })
  })
  await expect.poll(() => accepts(port), { timeout: 10_000 }).toBe(true)
  return `http://127.0.0.1:${port}`
}
