/*
 * Reports what is missing before a publish: fields of package.json that only the owner knows, and a version that
 * differs from the changelog or the tag.
 */
import { execFileSync } from "node:child_process"
import { readFileSync, readdirSync } from "node:fs"

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Record<string, unknown> & { version: string }
const { version } = manifest
const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8" }).trim()
const faults: string[] = []

for (const field of ["repository", "homepage", "bugs"]) {
  if (manifest[field] === undefined) faults.push(`package.json must have the field "${field}"`)
}
const { provenance } = (manifest["publishConfig"] ?? {}) as { provenance?: boolean }
if (provenance !== true) faults.push('package.json must have "publishConfig.provenance": true')

const [, newest] = /^## (\S+)$/m.exec(readFileSync("CHANGELOG.md", "utf8")) ?? []
if (newest !== version) faults.push(`CHANGELOG.md must begin with ${version}, not ${newest ?? "no version"}`)
const waiting = readdirSync(".changeset").filter((file) => file.endsWith(".md") && file !== "README.md")
if (waiting.length > 0) faults.push(`npm run release:version must be run first: ${waiting.length} changesets wait`)
const tag = `v${version}`
if (git("tag", "--list", tag) === tag && git("rev-list", "-n", "1", tag) !== git("rev-parse", "HEAD")) {
  faults.push(`the tag ${tag} must be at the commit that is published`)
}
if (git("status", "--porcelain") !== "") faults.push("every change must be committed")

for (const fault of faults) console.error(`Cannot publish: ${fault}`)
console.log(`release: ${version}, ${faults.length === 0 ? "nothing is missing" : `${faults.length} faults`}`)
process.exitCode = faults.length === 0 ? 0 : 1
