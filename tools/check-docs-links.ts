/*
 * Checks that every internal link resolves, to a file and to a heading in it: in the generated documentation (pages,
 * navigation, search) and in the Markdown files of the repository. Links to other hosts are not requested.
 */
import { existsSync, globSync, readFileSync, statSync } from "node:fs"
import { dirname, join, normalize, relative } from "node:path"
import { inflateSync } from "node:zlib"

const SITE = "docs/api"
const MARKDOWN = ["*.md", "docs/*.md", "docs/guides/*.md", "bench/*.md", "skills/**/*.md"]

interface Link {
  readonly from: string
  readonly target: string
}

const anchorsOf = new Map<string, ReadonlySet<string>>()
const faults: string[] = []

function check({ from, target }: Link, pathFrom: string): void {
  const [path, anchor] = target.split("#").map((part) => decodeURIComponent(part)) as [string, string?]
  let file = path === "" ? from : normalize(join(pathFrom, path.replace(/\?.*$/, "")))
  if (file.endsWith("/")) file = join(file, "index.html")
  if (file.startsWith("..")) faults.push(`${from}: ${target} leaves the repository`)
  else if (!existsSync(file)) faults.push(`${from}: ${target} does not exist`)
  else if (anchor && statSync(file).isFile() && !anchorsIn(file).has(anchor)) {
    faults.push(`${from}: ${target}: the file has no such heading`)
  }
}

function anchorsIn(file: string): ReadonlySet<string> {
  const known = anchorsOf.get(file)
  if (known !== undefined) return known
  const anchors = new Set(/\.(?:html|svg)$/.test(file) ? idsOf(readFileSync(file, "utf8")) : slugsOf(file))
  anchorsOf.set(file, anchors)
  return anchors
}

function idsOf(html: string): string[] {
  return [...html.matchAll(/\s(?:id|name)="([^"]*)"/g)].map(([, id]) => unescaped(id!))
}

/** The anchors of the headings of a Markdown file, as GitHub makes them. */
function slugsOf(file: string): string[] {
  const count = new Map<string, number>()
  return [...proseOf(file).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => {
    const text = heading!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "")
    const slug = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-")
    const seen = count.get(slug) ?? 0
    count.set(slug, seen + 1)
    return seen === 0 ? slug : `${slug}-${seen}`
  })
}

function proseOf(file: string): string {
  return readFileSync(file, "utf8").replaceAll(/^[ \t]*```[^]*?^[ \t]*```$/gm, "")
}

function unescaped(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&amp;", "&")
}

function isInternal(target: string): boolean {
  return !/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target)
}

function linksOfPage(file: string): Link[] {
  const html = readFileSync(file, "utf8").replaceAll(/<script>[^]*?<\/script>/g, "")
  return [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, target]) => ({
    from: file,
    target: unescaped(target!),
  }))
}

function linksOfMarkdown(file: string): Link[] {
  const prose = proseOf(file).replaceAll(/`[^`\n]*`/g, "")
  return [...prose.matchAll(/\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)/g)].map(([, target]) => ({
    from: file,
    target: target!,
  }))
}

/** The addresses in the compressed data from which the page scripts build the navigation and the search results. */
function linksOfData(name: string): Link[] {
  const file = join(SITE, "assets", name)
  const [, data] = /"([^"]+)"/.exec(readFileSync(file, "utf8"))!
  const json = inflateSync(Buffer.from(data!, "base64")).toString()
  return [...json.matchAll(/"(?:path|url)":"([^"]*)"/g)].map(([, target]) => ({ from: file, target: target! }))
}

const pages = globSync(`${SITE}/**/*.html`)
if (pages.length === 0) throw new Error(`Cannot check links: ${SITE} must have pages, which \`npm run docs\` makes`)
const ofPages = pages.flatMap((file) => linksOfPage(file)).filter(({ target }) => isInternal(target))
for (const link of ofPages) check(link, dirname(link.from))
const ofData = ["navigation.js", "search.js"].flatMap((name) => linksOfData(name))
for (const link of ofData) check(link, SITE)
const files = globSync(MARKDOWN).map((file) => relative(".", file))
const ofMarkdown = files.flatMap((file) => linksOfMarkdown(file)).filter(({ target }) => isInternal(target))
for (const link of ofMarkdown) check(link, dirname(link.from))

for (const fault of new Set(faults)) console.error(fault)
const counts = `${ofPages.length} on ${pages.length} pages, ${ofData.length} in navigation and search`
console.log(`links: ${counts}, ${ofMarkdown.length} in ${files.length} Markdown files, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
