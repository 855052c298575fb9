/*
 * Bundles the packed package with every bundler, in the sizes of .size-limit.json, and builds an application with each
 * framework. What they are is installed from tools/bundlers/package-lock.json, in a folder that is kept.
 */
import { checkSamples } from "./bundlers/samples.ts"
import { checkTreeShaking } from "./bundlers/tree-shaking.ts"
import { prepareWorkspace } from "./bundlers/workspace.ts"

const started = performance.now()
prepareWorkspace()
console.log(`packed and installed in ${((performance.now() - started) / 1_000).toFixed(1)} s`)
const faults = [...(await checkTreeShaking()), ...(await checkSamples())]
for (const fault of faults) console.error(fault)
process.exitCode = faults.length === 0 ? 0 : 1
