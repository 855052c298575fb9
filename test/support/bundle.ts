import { fileURLToPath } from "node:url"
import { build, type BuildOptions } from "esbuild"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** `entry` (from the root) and what it imports as one script; of this package it is what was built. */
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
