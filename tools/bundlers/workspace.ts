/*
 * A project with a folder of its own, in which the packed package is installed beside the bundlers and the frameworks
 * that build with it.
 */
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"

const SOURCE = "tools/bundlers"

/** The folder of the project. */
export const WORKSPACE: string = resolve(".cache/bundlers")

/** Installs what the lock file names, unless that is installed already, and the package as it would be published. */
export function prepareWorkspace(): void {
  mkdirSync(WORKSPACE, { recursive: true })
  // Bundlers would else follow the paths of the repository's own file to src.
  writeFileSync(join(WORKSPACE, "tsconfig.json"), "{}")
  const lock = readFileSync(join(SOURCE, "package-lock.json"), "utf8")
  const installed = join(WORKSPACE, "installed.json")
  if (!existsSync(installed) || readFileSync(installed, "utf8") !== lock) {
    for (const file of ["package.json", "package-lock.json", ".npmrc"])
      cpSync(join(SOURCE, file), join(WORKSPACE, file))
    execFileSync("npm", ["ci", "--ignore-scripts"], { cwd: WORKSPACE, stdio: ["ignore", "ignore", "inherit"] })
    writeFileSync(installed, lock)
  }
  const packed = mkdtempSync(join(tmpdir(), "steadystream-bundlers-"))
  try {
    const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", packed]
    const tarball = execFileSync("npm", pack, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })
    execFileSync("tar", ["-xzf", join(packed, tarball.trim()), "-C", packed])
    const target = join(WORKSPACE, "node_modules/steadystream")
    rmSync(target, { recursive: true, force: true })
    cpSync(join(packed, "package"), target, { recursive: true })
  } finally {
    rmSync(packed, { recursive: true, force: true })
  }
}

/** Imports a package of the project. */
export function importInstalled<T>(specifier: string): Promise<T> {
  const { resolve: find } = createRequire(join(WORKSPACE, "package.json"))
  return import(pathToFileURL(find(specifier)).href) as Promise<T>
}
