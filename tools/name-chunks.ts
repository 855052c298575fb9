/*
 * Runs after tsup: renames each shared file in dist after its contents, without a hash, so that stack traces and the
 * list of the package's files are readable. A chunk is named after the folder or file of src that most of its code
 * comes from.
 */
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const DIST = "dist"
const METAFILE = join(DIST, "metafile-esm.json")

interface Metafile {
  readonly outputs: Record<string, { readonly inputs: Record<string, { readonly bytesInOutput: number }> }>
}

const { outputs } = JSON.parse(readFileSync(METAFILE, "utf8")) as Metafile
const files = readdirSync(DIST)
const names = new Map<string, string>()
const taken = new Set(files)

for (const [path, { inputs }] of Object.entries(outputs)) {
  const file = path.slice(`${DIST}/`.length)
  if (/^chunk-\w+\.js$/.test(file)) assign(file, ...mainPartsOf(inputs).map((part) => `${part}.js`))
}
for (const file of files) {
  const found = /^(?<name>[\w-]+)-[\w-]{8}\.d\.ts$/.exec(file)
  if (found) assign(file, `${found.groups!["name"]}.d.ts`)
}
for (const file of files) {
  const text = readFileSync(join(DIST, file), "utf8")
  writeFileSync(
    join(DIST, file),
    text.replace(/(?<=["'/])[\w-]+(?:\.d\.ts|\.js)(?=["'])/g, (found) => targetOf(found) ?? found),
  )
}
for (const [from, to] of names) renameSync(join(DIST, from), join(DIST, to))
rmSync(METAFILE)
console.log(`chunks: ${[...names.values()].toSorted().join(", ")}`)

/** Declarations import each other by the names of their scripts. */
function targetOf(file: string): string | undefined {
  return names.get(file) ?? names.get(file.replace(/\.js$/, ".d.ts"))?.replace(/\.d\.ts$/, ".js")
}

/** Names `file` after the first candidate that no other file has. */
function assign(file: string, ...candidates: readonly string[]): void {
  const name = candidates.find((candidate) => !taken.has(candidate))
  if (name === undefined) throw new Error(`Cannot name ${file}: ${candidates.join(", ")} must not be taken`)
  taken.add(name)
  names.set(file, name)
}

/** The folders of src that a chunk is made of, then its files, the largest share first. */
function mainPartsOf(inputs: Record<string, { readonly bytesInOutput: number }>): string[] {
  const folders = new Map<string, number>()
  const sources = new Map<string, number>()
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const found = /^src\/(?:internal\/)?(?<folder>[\w-]+)/.exec(path)?.groups
    if (found === undefined) continue
    for (const [sizes, name] of [
      [folders, found["folder"]!],
      [sources, /(?<name>[\w-]+)\.ts$/.exec(path)?.groups!["name"] ?? ""],
    ] as const) {
      sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput)
    }
  }
  return [folders, sources].flatMap((sizes) =>
    [...sizes].toSorted((left, right) => right[1] - left[1]).map(([name]) => name),
  )
}
