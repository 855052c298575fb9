/* Checks that the lockfile names no registry, has the integrity of every package, and installs without changes. */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"

interface Locked {
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
}

const text = readFileSync("package-lock.json", "utf8")
const { packages } = JSON.parse(text) as { packages: Record<string, Locked> }
const faults: string[] = []
for (const [path, { resolved, integrity, link }] of Object.entries(packages)) {
  if (resolved !== undefined && link !== true) faults.push(`${path} names where it was downloaded from`)
  if (path.startsWith("node_modules/") && link !== true && integrity === undefined)
    faults.push(`${path} has no integrity`)
}
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { devDependencies: Record<string, string> }
for (const [name, version] of Object.entries(manifest.devDependencies)) {
  if (!/^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$|^file:/.test(version))
    faults.push(`${name} has no exact version`)
}
execFileSync("npm", ["ci", "--dry-run"], { stdio: ["ignore", "ignore", "inherit"] })
for (const fault of faults) console.error(fault)
console.log(`lockfile: ${Object.keys(packages).length} packages, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
