import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "./free-port.ts"
import { findInstalled } from "./installed.ts"

const PROGRAM = {
  name: "nginx",
  variable: "STEADYSTREAM_NGINX",
  places: ["/usr/sbin/nginx", "/usr/bin/nginx", "/opt/homebrew/bin/nginx"],
  debian: "nginx-light",
}

/** The installed nginx. Without one its tests are skipped by name, which fails under `CI=true`. */
export function findNginx(): string | undefined {
  return findInstalled(PROGRAM)
}

/** A running nginx. */
export interface Nginx {
  readonly url: string
  /** Loads the configuration again; needs a master process. */
  reload(): void
  close(): Promise<void>
}

/**
 * Starts nginx as a proxy for a local port, with its default settings for a proxy.
 *
 * @param directives - More directives for its `http` block.
 * @param main - Directives for its main block; without any, nginx is one process.
 */
export async function startNginx(upstreamPort: number, directives = "", main = "master_process off;"): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), "steadystream-nginx-"))
  const port = await freePort()
  writeFileSync(join(folder, "nginx.conf"), config(folder, port, upstreamPort, directives, main))
  const arguments_ = ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")]
  const nginx = spawn(findNginx()!, arguments_, { stdio: "ignore" })
  const exited = new Promise<void>((resolve) => nginx.once("exit", () => resolve()))
  await untilListening(port, nginx)
  return {
    url: `http://127.0.0.1:${port}/`,
    reload: () => void nginx.kill("SIGHUP"),
    close: async () => {
      nginx.kill("SIGTERM")
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function config(folder: string, port: number, upstreamPort: number, directives: string, main: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  )
  return `
daemon off;
${main}
pid ${join(folder, "nginx.pid")};
events {}
http {
  access_log off;
  ${temporary.join("\n  ")}
  ${directives}
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://127.0.0.1:${upstreamPort}; }
  }
}
`
}

async function untilListening(port: number, nginx: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 1_500; attempt++) {
    if (nginx.exitCode !== null) throw new Error(`nginx exited with ${nginx.exitCode}`)
    if (await accepts(port)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error("nginx does not listen")
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false))
    socket.once("connect", () => socket.destroy())
  })
}
