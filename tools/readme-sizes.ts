/*
 * Fills the last column of the README's table of imports from `.size-limit.json`: `npm run readme`.
 * test/docs/readme.test.ts fails when the table is out of date.
 */
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"

const REGION = /(?<=<!-- sizes:[^>]*-->)[^]*?(?=<!-- \/sizes -->)/

interface SizeLimit {
  readonly path: string
  readonly limit: string
}

/** The README with the sizes filled in; the columns are not aligned. */
export function fillSizes(readme: string, limits: readonly SizeLimit[]): string {
  return readme.replace(REGION, (region) =>
    region.replaceAll(/^(\| `steadystream(?:\/(\w+))?` .*\|)[^|\n]*\|$/gm, (_, row: string, entry = "index") => {
      const own = limits.filter(({ path }) => path === `dist/${entry}.js`).map(({ limit }) => Number.parseFloat(limit))
      return `${row} ${rangeOf(own)} |`
    }),
  )
}

/** Limits in kilobytes, as text. */
function rangeOf(limits: readonly number[]): string {
  if (limits.length === 0) return "for tests"
  const [least, most] = [Math.min(...limits), Math.max(...limits)]
  return least === most ? `${most} kB` : `${least} to ${most} kB`
}

if (process.argv[1] === import.meta.filename) {
  const limits = JSON.parse(readFileSync(".size-limit.json", "utf8")) as SizeLimit[]
  writeFileSync("README.md", fillSizes(readFileSync("README.md", "utf8"), limits))
  execFileSync("oxfmt", ["README.md"], { stdio: "inherit" })
}
