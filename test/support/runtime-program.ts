import { fileURLToPath } from "node:url"
import { build } from "esbuild"

/** The root of the repository. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url))

/** The machine's own Node, which `.ci/run` remembers before npm puts the repository's first on PATH. */
export const systemNode: string | undefined = process.env["STEADYSTREAM_SYSTEM_NODE"]

/** Makes one file of `entry` (from the root) that any runtime takes; gives its path. */
export async function buildProgram(entry: string, name: string): Promise<string> {
  // Below the root, so that `steadystream` is the package itself and with it what was built.
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
