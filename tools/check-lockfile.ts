/*
 * Checks that each lock file names no registry, has the integrity of every package, and installs without changes, and
 * that its manifest has exact versions.
 */
import { execFileSync } from "node:child_process"
import { globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

interface Locked {
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
}

const KINDS = ["dependencies", "devDependencies", "optionalDependencies"] as const

type Manifest = Readonly<Record<(typeof KINDS)[number], Readonly<Record<string, string>> | undefined>>

const EXACT = /^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$|^file:/

const faults: string[] = []
const files = globSync(["package-lock.json", "tools/*/package-lock.json"])
let count = 0
for (const file of files) {
  const folder = dirname(file)
  const { packages } = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, Locked> }
  for (const [path, { resolved, integrity, link }] of Object.entries(packages)) {
    if (resolved !== undefined && link !== true) faults.push(`${file}: ${path} names where it was downloaded from`)
    if (path.startsWith("node_modules/") && link !== true && integrity === undefined)
      faults.push(`${file}: ${path} has no integrity`)
  }
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest
  for (const [name, version] of KINDS.flatMap((kind) => Object.entries(manifest[kind] ?? {}))) {
    if (!EXACT.test(version)) faults.push(`${folder}: ${name} has no exact version`)
  }
  execFileSync("npm", ["ci", "--dry-run", "--ignore-scripts"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] })
  count += Object.keys(packages).length
}
for (const fault of faults) console.error(fault)
console.log(`lock files: ${files.length} with ${count} packages, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
