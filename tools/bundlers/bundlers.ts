/*
 * The bundlers, each with the settings that it has by default for a production build for the browser. Each returns one
 * minified script and what it warned of.
 */
import { execFile } from "node:child_process"
import { readFile, rm } from "node:fs/promises"
import { basename, dirname } from "node:path"
import { promisify } from "node:util"
import { build } from "esbuild"
import webpack from "webpack"
import { importInstalled } from "./workspace.ts"

export interface Bundle {
  readonly code: string
  readonly warnings: readonly string[]
}

/** Bundles the module `entry`. */
export type Bundler = (entry: string) => Promise<Bundle>

interface Rollup {
  rollup(options: object): Promise<{ generate(options: object): Promise<{ output: { code: string }[] }> }>
}

type Plugin = (options: object) => object

interface Vite {
  createLogger(level: string): Record<string, unknown>
  build(options: object): Promise<{ output: { code: string }[] }>
}

/** Whether a script imports a module of Node, which no browser has. */
export function importsNode(code: string): boolean {
  return /(?:\bfrom|\bimport|\brequire)\s*\(?\s*["'`]node:[\w/]+["'`]/.test(code)
}

async function bundleWithEsbuild(entry: string): Promise<Bundle> {
  const { outputFiles, warnings } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    logLevel: "silent",
    // An import without names is dropped on purpose.
    logOverride: { "ignored-bare-import": "silent" },
  })
  return { code: outputFiles[0]!.text, warnings: warnings.map(({ text }) => text) }
}

async function bundleWithRollup(entry: string): Promise<Bundle> {
  const warnings: string[] = []
  const { rollup } = await importInstalled<Rollup>("rollup")
  const resolve = await importInstalled<{ nodeResolve: Plugin }>("@rollup/plugin-node-resolve")
  const minify = await importInstalled<{ default: Plugin }>("@rollup/plugin-terser")
  const { generate } = await rollup({
    input: entry,
    plugins: [resolve.nodeResolve({ browser: true })],
    onLog: (level: string, log: { readonly message: string }) => void warnings.push(`${level}: ${log.message}`),
  })
  const { output } = await generate({ format: "es", plugins: [minify.default({ maxWorkers: 1 })] })
  return { code: output[0]!.code, warnings }
}

async function bundleWithVite(entry: string): Promise<Bundle> {
  const warnings: string[] = []
  const warn = (text: string) => void warnings.push(text)
  const vite = await importInstalled<Vite>("vite")
  const { output } = await vite.build({
    root: dirname(entry),
    configFile: false,
    logLevel: "silent",
    customLogger: { ...vite.createLogger("silent"), warn, warnOnce: warn, error: warn },
    build: { write: false, modulePreload: false, rolldownOptions: { input: entry } },
  })
  return { code: output[0]!.code, warnings }
}

async function bundleWithWebpack(entry: string): Promise<Bundle> {
  const folder = `${entry}.webpack`
  const compiler = webpack({ mode: "production", entry, context: dirname(entry), output: { path: folder } })
  const stats = await promisify(compiler.run.bind(compiler))()
  await promisify(compiler.close.bind(compiler))()
  const { errors = [], warnings = [] } = stats!.toJson({ all: false, errors: true, warnings: true })
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join("\n"))
  const code = await readFile(`${folder}/main.js`, "utf8")
  await rm(folder, { recursive: true })
  return { code, warnings: warnings.map(({ message }) => message) }
}

async function bundleWithBun(entry: string): Promise<Bundle> {
  const { stdout, stderr } = await promisify(execFile)(
    "bun",
    ["build", basename(entry), "--minify", "--target=browser"],
    { cwd: dirname(entry), maxBuffer: 64_000_000 },
  )
  return { code: stdout, warnings: stderr === "" ? [] : [stderr] }
}

export const bundlers = {
  esbuild: bundleWithEsbuild,
  rollup: bundleWithRollup,
  vite: bundleWithVite,
  webpack: bundleWithWebpack,
  bun: bundleWithBun,
} satisfies Record<string, Bundler>
