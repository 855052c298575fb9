import { build, type BuildOptions } from "esbuild"
import { root } from "./root.ts"

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
