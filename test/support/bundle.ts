import { fileURLToPath } from "node:url"
import { build, type BuildOptions } from "esbuild"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** Bundles `entry` (from the root) and its imports as one script, with the built package. */
export async function bundle(entry: string, options: BuildOptions = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${root}${entry}`],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    logLevel: "silent",
    ...options,
    alias: { "steadystream/eventsource": `${root}dist/eventsource.js`, ...options.alias },
  })
  return outputFiles![0]!.text
}
