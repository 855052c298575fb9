/*
 * Packs the package from a tree without anything built, installs the tarball into an empty project and uses every entry
 * there: by import, by require() on the machine's own Node, and by the TypeScript compilers in the strictest settings.
 */
import { execFileSync } from "node:child_process"
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { compileEverywhere } from "./pack-compilers.ts"
import { differentValues } from "./pack-values.ts"

/** The allowed files of the package; the names of shared scripts have no hash. */
const ALLOWED =
  /^(?:dist\/[a-z-]+\.(?:js|d\.ts)|package\.json|README\.md|LICENSE|CHANGELOG\.md|llms\.txt|skills\/steadystream\/SKILL\.md)$/
const MAX_SIZE = 255_000

/**
 * An entry that only the runner of vitest can import, so the other checks leave it out. The test below is enough: it uses the
 * only value of the entry, `sseTest`, and its matcher. `check:samples` compiles the guides with its declarations.
 */
const VITEST_ENTRY = "./testing/vitest"
const VITEST_TEST = `import { expect } from "vitest"
import { sseTest } from "steadystream/testing/vitest"

sseTest("the packed fixtures and the packed matcher work", async ({ server, clock, recorder }) => {
  server.answerWith({ body: "data: a\\n\\n" })
  await clock.runUntil(expect(recorder.fetch()(server.url)).toHaveEvents(["a"]))
})
`

const root = process.cwd()
const project = mkdtempSync(join(tmpdir(), "steadystream-pack-"))
const run = (command: string, args: string[], cwd = project) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })

/**
 * Copies the files that git would check out, without built files, so that the check fails if packing does not build.
 */
function copyCleanTree(target: string): void {
  const listed = run("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], root)
  for (const file of listed.split("\0").filter((name) => name !== "" && existsSync(name))) {
    cpSync(file, join(target, file))
  }
  symlinkSync(join(root, "node_modules"), join(target, "node_modules"))
}

try {
  const clean = join(project, "clean")
  copyCleanTree(clean)
  run("npm", ["pack", "--silent", "--pack-destination", project], clean)
  const tarball = readdirSync(project).find((file) => file.endsWith(".tgz"))
  if (tarball === undefined) throw new Error("npm pack must write a tarball")
  const files = run("tar", ["-tzf", tarball])
    .split("\n")
    .filter((path) => path !== "")
    .map((path) => path.replace(/^package\//, ""))
  const strangers = files.filter((path) => !ALLOWED.test(path))
  if (strangers.length > 0) throw new Error(`the tarball must not hold ${strangers.join(", ")}`)
  const { size } = statSync(join(project, tarball))
  if (size > MAX_SIZE) throw new Error(`the tarball must have at most ${MAX_SIZE} bytes, not ${size}`)

  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }')
  run("npm", ["install", "--no-save", "--ignore-scripts", `./${tarball}`])

  type Manifest = Record<"exports" | "scripts", Record<string, unknown>> & Record<string, unknown>
  const manifest = JSON.parse(readFileSync(join(project, "node_modules/steadystream/package.json"), "utf8")) as Manifest
  for (const name of ["dependencies", "optionalDependencies", "bundleDependencies"]) {
    if (manifest[name] !== undefined) throw new Error(`the package must have no ${name}`)
  }
  const peers = Object.keys(manifest["peerDependencies"] ?? {})
  const meta = (manifest["peerDependenciesMeta"] ?? {}) as Record<string, { readonly optional?: boolean }>
  const needed = peers.filter((name) => meta[name]?.optional !== true)
  if (needed.length > 0) throw new Error(`every peer dependency must be optional, but not ${needed.join(", ")}`)
  const hooks = Object.keys(manifest.scripts).filter((name) => /^(?:pre|post)?install$|^prepare$/.test(name))
  if (hooks.length > 0) throw new Error(`the package must have no install script, not ${hooks.join(", ")}`)
  const code = Object.entries(manifest.exports).filter(([path]) => path !== "./package.json" && path !== VITEST_ENTRY)
  const different = await differentValues(join(project, "node_modules/steadystream"), Object.fromEntries(code) as never)
  const entries = code.map(([path]) => path.replace(/^\./, "steadystream"))
  if (different.length > 0)
    throw new Error(`the declarations must have the values of the code: ${different.join(", ")}`)
  const imports = entries.map((entry, index) => `import * as entry${index} from "${entry}"\n`).join("")
  const use = `console.log([${entries.map((_, index) => `entry${index}`).join(", ")}].length)\n`
  writeFileSync(join(project, "esm.mjs"), imports + use)
  writeFileSync(
    join(project, "cjs.cjs"),
    `console.log(${JSON.stringify(entries)}.filter((entry) => Object.keys(require(entry)).length > 0).length)\n`,
  )
  const program = `${imports}export const count: number = [${entries.map((_, index) => `entry${index}`).join(", ")}].length\n`
  for (const node of new Set([process.execPath, process.env["STEADYSTREAM_SYSTEM_NODE"] ?? process.execPath])) {
    for (const file of ["esm.mjs", "cjs.cjs"]) {
      const count = run(node, ["--no-warnings", file]).trim()
      if (count !== String(entries.length)) throw new Error(`${file} must load ${entries.length} entries, not ${count}`)
    }
  }

  writeFileSync(join(project, "packed.test.js"), VITEST_TEST)
  symlinkSync(join(root, "node_modules/vitest"), join(project, "node_modules/vitest"))
  run(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", "--root", project, "packed.test.js"])
  rmSync(join(project, "node_modules/vitest"))

  for (const node of new Set([process.execPath, process.env["STEADYSTREAM_SYSTEM_NODE"] ?? process.execPath])) {
    const command = join(project, "node_modules/.bin/steadystream")
    const version = run(node, [command, "--version"]).trim()
    if (version !== manifest["version"]) throw new Error(`the command must run and report its version, not ${version}`)
  }

  const settings = compileEverywhere(project, root, program)
  console.log(
    `pack: ${files.length} files of ${size} bytes, ${entries.length} entries by import, require and ${settings} compiler settings`,
  )
} finally {
  rmSync(project, { recursive: true, force: true })
}
