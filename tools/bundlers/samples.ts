/* Builds one small application with each framework, and runs what can be run without a browser or a phone. */
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { cp, mkdir, readFile, readdir, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { runInNewContext } from "node:vm"
import { freePort } from "../../test/support/free-port.ts"
import { importsNode } from "./bundlers.ts"
import { importInstalled, WORKSPACE } from "./workspace.ts"

const run = promisify(execFile)
const SAMPLES = join(WORKSPACE, "samples")

/** Builds a sample; returns what it built, in words. */
type Sample = () => Promise<string>

/** @throws Error if a script of `folder` imports a module of Node. */
async function checkScripts(folder: string): Promise<number> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".js"))
  for (const file of files) {
    if (importsNode(await readFile(join(folder, file), "utf8"))) throw new Error(`${file} must not import Node`)
  }
  return files.length
}

/** Builds the routes and the page, starts the server, and reads both routes. */
async function buildWithNext(): Promise<string> {
  const cwd = join(SAMPLES, "next")
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" as const }
  const next = join(WORKSPACE, "node_modules/next/dist/bin/next")
  const { stdout, stderr } = await run(process.execPath, [next, "build"], { cwd, env })
  const warnings = `${stdout}${stderr}`
    .split("\n")
    // Under CI it warns of a missing cache, which this build does not have on purpose.
    .filter((line) => /warn|⚠/i.test(line) && !/edge runtime|no build cache/i.test(line))
  if (warnings.length > 0) throw new Error(`it must build without warnings:\n${warnings.join("\n")}`)
  const scripts = await checkScripts(join(cwd, ".next/static"))
  const port = await freePort()
  const server = spawn(process.execPath, [next, "start", "-p", String(port), "-H", "127.0.0.1"], { cwd, env })
  try {
    await once(server.stdout, "data")
    server.stdout.resume()
    for (const route of ["node", "edge"]) {
      const text = await (
        await fetch(`http://127.0.0.1:${port}/${route}`, { signal: AbortSignal.timeout(60_000) })
      ).text()
      if (!/^(?:data: one\n\n){1000}data: two\n\ndata: three\n\n$/.test(text)) {
        throw new Error(`/${route} must send 1,002 events, not ${text.slice(-200)}`)
      }
    }
  } finally {
    const left = once(server, "exit")
    server.kill()
    await left
  }
  return `${scripts} scripts for the browser; the routes of both runtimes sent their events`
}

async function buildWithVite(): Promise<string> {
  const warnings: string[] = []
  const warn = (text: string) => void warnings.push(text)
  const vite = await importInstalled<{
    createLogger(level: string): Record<string, unknown>
    build(options: object): Promise<unknown>
  }>("vite")
  const root = join(SAMPLES, "vite")
  const customLogger = { ...vite.createLogger("silent"), warn, warnOnce: warn, error: warn }
  await vite.build({ root, configFile: false, logLevel: "silent", customLogger, build: { target: "esnext" } })
  if (warnings.length > 0) throw new Error(`it must build without warnings:\n${warnings.join("\n")}`)
  return `${await checkScripts(join(root, "dist"))} script for the browser`
}

interface Metro {
  loadConfig(options: object, defaults: object): Promise<object>
  runBuild(config: object, options: object): Promise<unknown>
}

/** The compilers of React Native's engine, in its package. */
const HERMES: Readonly<Record<string, string>> = {
  darwin: "osx-bin/hermesc",
  linux: "linux64-bin/hermesc",
  win32: "win64-bin/hermesc.exe",
}

/**
 * Resolves as React Native and Expo do, with the conditions `react-native` and `import`, compiles the bundle for React
 * Native's engine, and runs it in a realm that has neither streams nor text coding.
 */
async function buildWithMetro(): Promise<string> {
  const { default: metro } = await importInstalled<{ default: Metro }>("metro")
  const projectRoot = join(SAMPLES, "metro")
  const faults: string[] = []
  const update = (event: { readonly type: string }) => {
    if (/error|warning|failed/.test(event.type)) faults.push(JSON.stringify(event))
  }
  const defaults = {
    projectRoot,
    watchFolders: [WORKSPACE],
    reporter: { update },
    resolver: { unstable_enablePackageExports: true, unstable_conditionNames: ["react-native"] },
    maxWorkers: 1,
  }
  const config = await metro.loadConfig({ cwd: projectRoot, resetCache: true }, defaults)
  const out = join(projectRoot, "dist/app.js")
  await mkdir(dirname(out))
  await metro.runBuild(config, { entry: "index.js", out, platform: "ios", minify: false, dev: false })
  if (faults.length > 0) throw new Error(`it must build without warnings:\n${faults.join("\n")}`)
  const compiler = join(WORKSPACE, "node_modules/hermes-compiler/hermesc", HERMES[process.platform]!)
  await run(compiler, ["-w", "-emit-binary", "-out", `${out}.hbc`, out])
  const realm = { AbortController, clearTimeout, done: Promise.resolve(""), performance, setImmediate, setTimeout }
  runInNewContext(await readFile(out, "utf8"), realm)
  const got = await realm.done
  if (got !== `one three${" function".repeat(5)}`) throw new Error(`it must run, not return ${got}`)
  return "1 script, which ran without streams"
}

const samples: Record<string, Sample> = { "Next.js": buildWithNext, Vite: buildWithVite, Metro: buildWithMetro }

/** Prints what was built; returns what is wrong. */
export async function checkSamples(): Promise<string[]> {
  await rm(SAMPLES, { recursive: true, force: true })
  await cp("tools/bundlers/samples", SAMPLES, { recursive: true })
  const faults: string[] = []
  for (const [name, build] of Object.entries(samples)) {
    const started = performance.now()
    try {
      console.log(`${name}: ${await build()} (${((performance.now() - started) / 1_000).toFixed(1)} s)`)
    } catch (error) {
      faults.push(`${name}: ${(error as Error).message}`)
    }
  }
  return faults
}
