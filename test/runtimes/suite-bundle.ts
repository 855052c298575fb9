import { build } from "esbuild"
import { root } from "../support/root.ts"

/** Bundles the suite with the built package into one ESM file without imports, and returns its path. */
export async function bundleSuite(): Promise<string> {
  // Below the root, so that `steadystream` resolves to the built package.
  const outfile = `${root}.cache/runtime-suite.mjs`
  await build({
    entryPoints: [`${root}test/runtimes/suite/index.ts`],
    outfile,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    logLevel: "silent",
    // The repository's tsconfig.json leads to the sources.
    tsconfigRaw: {},
  })
  return outfile
}
