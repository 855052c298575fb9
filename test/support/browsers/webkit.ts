/* Debian's WebKitGTK, by WebDriver over HTTP, on a display in memory. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import type { Readable } from "node:stream"
import { freePort } from "../free-port.ts"
import { findInstalled, type Program } from "../installed.ts"
import type { BrowserPage, InstalledBrowser, RunningBrowser } from "./browser.ts"

const DRIVER: Program = {
  name: "WebKitWebDriver",
  variable: "STEADYSTREAM_WEBKIT_DRIVER",
  places: ["/usr/bin/WebKitWebDriver"],
  debian: "webkit2gtk-driver",
}
const DISPLAY: Program = { name: "Xvfb", variable: "STEADYSTREAM_XVFB", places: ["/usr/bin/Xvfb"], debian: "xvfb" }

export const WEBKIT: InstalledBrowser = {
  name: "WebKit",
  missing: () => {
    const absent = [DRIVER, DISPLAY].find((program) => findInstalled(program) === undefined)
    return absent === undefined ? undefined : `${absent.name} is not installed`
  },
  start: async () => {
    const display = spawn(
      findInstalled(DISPLAY)!,
      ["-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
      {
        stdio: ["ignore", "ignore", "ignore", "pipe"],
      },
    )
    const [number] = (await once(createInterface(display.stdio[3] as Readable), "line")) as [string]
    const port = await freePort()
    // The driver runs as the user of the tests, who may be root.
    const env = { ...process.env, DISPLAY: `:${number}`, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1" }
    const driver = spawn(findInstalled(DRIVER)!, [`--port=${port}`, "--host=127.0.0.1"], { env, stdio: "ignore" })
    return connect(`http://127.0.0.1:${port}`, [driver, display])
  },
}

/** Opens a session of the driver, and ends it with the processes. */
async function connect(origin: string, processes: readonly ChildProcess[]): Promise<RunningBrowser> {
  const endProcesses = () => {
    for (const one of processes) one.kill()
  }
  try {
    await untilReady(origin)
    const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { args: ["--automation"] } } }
    const opened = (await command(origin, "POST", "/session", { capabilities })) as {
      sessionId: string
      capabilities: { browserVersion: string }
    }
    const enqueue = queue()
    const session = `${origin}/session/${opened.sessionId}`
    await command(session, "POST", "/timeouts", { script: 60_000, pageLoad: 60_000 })
    return {
      version: opened.capabilities.browserVersion,
      newPage: () => newPage(session, enqueue),
      close: async () => {
        await command(session, "DELETE", "")
        endProcesses()
      },
    }
  } catch (error) {
    endProcesses()
    throw error
  }
}

type Enqueue = <Value>(act: () => Promise<Value>) => Promise<Value>

/** Returns a function that makes calls one after the other. */
function queue(): Enqueue {
  let last: Promise<unknown> = Promise.resolve()
  return (act) => {
    const result = last.then(act)
    last = result.catch(() => {})
    return result
  }
}

async function newPage(session: string, enqueue: Enqueue): Promise<BrowserPage> {
  const { handle } = (await enqueue(() => command(session, "POST", "/window/new", { type: "window" }))) as {
    handle: string
  }
  // Each command goes to the window of the last switch, so nothing may come between the two.
  const here = (method: string, path: string, body?: object) =>
    enqueue(async () => {
      await command(session, "POST", "/window", { handle })
      return command(session, method, path, body)
    })
  return {
    open: async (url) => void (await here("POST", "/url", { url })),
    evaluate: (expression) => here("POST", "/execute/sync", { script: `return (${expression})`, args: [] }),
    close: async () => void (await here("DELETE", "/window")),
  }
}

async function command(base: string, method: string, path: string, body?: object): Promise<unknown> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
  const response = await fetch(`${base}${path}`, init)
  const { value } = (await response.json()) as { value: { error?: string; message?: string } | null }
  if (!response.ok) throw new Error(`WebDriver ${method} ${path}: ${value?.error ?? ""} ${value?.message ?? ""}`)
  return value
}

async function untilReady(origin: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const isReady = await fetch(`${origin}/status`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error("WebKitWebDriver does not answer after 30 s")
}
