/* Channels that are served by another process. */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { onTestFinished } from "vitest"
import { type ChannelPeer, KEPT } from "./channel-peers.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const PARTS = ["client", "node", "server"]

/** Bundles a program (from the root) with the package as it is in src, and returns its path and how to remove it. */
export async function bundleProgram(entry: string): Promise<{ readonly path: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), "steadystream-channels-"))
  const path = join(folder, "main.mjs")
  await build({
    entryPoints: [join(root, entry)],
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    outfile: path,
    define: { KEPT: String(KEPT) },
    alias: Object.fromEntries(PARTS.map((part) => [`steadystream/${part}`, join(root, "src", part, "index.ts")])),
  })
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** A server in a process of its own. */
export interface ServerProcess {
  readonly origin: string
  /** Returns what it wrote to its error output so far. */
  errors(): string
  /** Sends SIGTERM, and returns the exit code. */
  terminate(): Promise<number | null>
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>
}

/** Starts a program that prints the port of its server, for one test. */
export async function startProgram(command: readonly string[]): Promise<ServerProcess> {
  const child = spawn(command[0]!, command.slice(1), { stdio: ["ignore", "pipe", "pipe"] })
  let errors = ""
  child.stderr.on("data", (chunk: Buffer) => void (errors += chunk.toString()))
  const exited = new Promise<number | null>((resolve) => void child.once("exit", resolve))
  const kill = async () => {
    child.kill("SIGKILL")
    await exited
  }
  onTestFinished(kill)
  const port = await new Promise<string>((resolve, reject) => {
    let text = ""
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes("\n")) resolve(text.trim())
    })
    void exited.then(() => reject(new Error(`The server ended: ${errors}`)))
  })
  const terminate = () => {
    child.kill("SIGTERM")
    return exited
  }
  return { origin: `http://127.0.0.1:${port}`, errors: () => errors, terminate, kill }
}

/** The counterpart that is controlled by requests to `/publish` and `/size`. */
export function remotePeer(origin: string): ChannelPeer {
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${origin}${path}`, init)
    if (!response.ok) throw new Error(`${path} answered ${response.status}`)
    return response.text()
  }
  return {
    origin,
    publish: (...all) => ask("/publish", { method: "POST", body: JSON.stringify(all) }),
    size: async () => Number(await ask("/size")),
  }
}
