import { fileURLToPath } from "node:url"
import { build } from "esbuild"

/** The root of the repository. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url))

/** The system's Node. `.ci/run` stores its path before npm puts the repository's Node first on PATH. */
export const systemNode: string | undefined = process.env["STEADYSTREAM_SYSTEM_NODE"]

/** Bundles `entry` (from the root) into one file that any runtime can run, and returns its path. */
export async function buildProgram(entry: string, name: string): Promise<string> {
  // Below the root, so that `steadystream` resolves to the built package.
  const outfile = `${root}.cache/${name}.mjs`
  await build({
    entryPoints: [`${root}${entry}`],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["steadystream"],
    logLevel: "silent",
  })
  return outfile
}
