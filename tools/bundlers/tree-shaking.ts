/*
 * The size of each import of .size-limit.json in each bundler, what is left of an import that uses nothing, and whether
 * a whole entry can be bundled for the browser.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { type Bundler, bundlers, importsNode } from "./bundlers.ts"
import { WORKSPACE } from "./workspace.ts"

/** How much larger than its budget an import may be, because bundlers and minifiers differ. */
const TOLERANCE = 1.05

/** How many bytes an import that uses nothing may leave. */
const NOTHING = 20

/** An entry with effects, and one that only a test runner can import. */
const WITH_EFFECTS = "./testing/vitest"

const PROGRAMS = join(WORKSPACE, "programs")

interface Program {
  readonly name: string
  readonly file: string
  /** The number of bytes that it may have with gzip, more than an empty program. */
  readonly budget: number
}

interface SizeLimit {
  readonly name: string
  readonly path: string
  readonly import?: string
  readonly limit: string
}

function writeProgram(name: string, code: string): string {
  const file = join(PROGRAMS, `${name.replaceAll(/\W+/g, "-")}.js`)
  writeFileSync(file, code)
  return file
}

/** One program for each budget, and for each entry one that uses nothing of it and one that uses everything. */
function writePrograms(): Program[] {
  const limits = JSON.parse(readFileSync(".size-limit.json", "utf8")) as SizeLimit[]
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, unknown> }
  const entries = Object.keys(exports).filter((path) => path !== WITH_EFFECTS && path !== "./package.json")
  return [
    ...limits.flatMap(({ name, path, import: names, limit }) => {
      if (names === undefined) return []
      const entry = path.replace(/^dist\/(.+)\.js$/, "steadystream/$1").replace("/index", "")
      const code = `import ${names} from "${entry}"\nconsole.log(${names.replaceAll(/[{}]/g, "")})\n`
      return { name, file: writeProgram(name, code), budget: Number.parseFloat(limit) * 1_000 * TOLERANCE }
    }),
    ...entries.flatMap((path) => {
      const entry = path.replace(".", "steadystream")
      const unused = `import "${entry}"\nimport * as all from "${entry}"\nconsole.log(1)\n`
      const whole = `import * as all from "${entry}"\nconsole.log(all)\n`
      return [
        { name: `nothing of ${entry}`, file: writeProgram(`nothing of ${entry}`, unused), budget: NOTHING },
        { name: `all of ${entry}`, file: writeProgram(`all of ${entry}`, whole), budget: Infinity },
      ]
    }),
  ]
}

/** Prints a table of sizes; returns what is wrong. */
export async function checkTreeShaking(): Promise<string[]> {
  mkdirSync(PROGRAMS, { recursive: true })
  const faults: string[] = []
  const empty = writeProgram("empty", "console.log(1)\n")
  const programs = writePrograms()
  const columns = await Promise.all(
    Object.entries<Bundler>(bundlers).map(async ([bundler, bundle]) => {
      const started = performance.now()
      const base = gzipSize((await bundle(empty)).code)
      const sizes: number[] = []
      for (const { name, file, budget } of programs) {
        const { code, warnings } = await bundle(file)
        const size = gzipSize(code) - base
        sizes.push(size)
        for (const warning of warnings) faults.push(`${bundler}, ${name}: ${warning}`)
        if (importsNode(code)) faults.push(`${bundler}, ${name}: it must not import Node`)
        if (size > budget) faults.push(`${bundler}, ${name}: ${size} bytes, at most ${Math.floor(budget)}`)
      }
      return { bundler, sizes, seconds: (performance.now() - started) / 1_000 }
    }),
  )
  const rows = programs.map(({ name, budget }, row) => [
    name,
    Number.isFinite(budget) ? String(Math.floor(budget)) : "",
    ...columns.map(({ sizes }) => String(sizes[row])),
  ])
  const head = ["bytes with gzip", "at most", ...columns.map(({ bundler }) => bundler)]
  const foot = ["seconds", "", ...columns.map(({ seconds }) => seconds.toFixed(1))]
  for (const [first, ...rest] of [head, ...rows, foot]) {
    console.log(`${first!.padEnd(40)}${rest.map((cell) => cell.padStart(9)).join("")}`)
  }
  return faults
}

function gzipSize(code: string): number {
  return gzipSync(code, { level: 9 }).length
}
