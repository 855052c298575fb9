/*
 * Writes llms.txt from the docstrings and the guides: `npm run llms`. With `--check` it only compares, and fails if the
 * file is out of date.
 */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"

const API = ".cache/api.json"
const OUTPUT = "llms.txt"

interface Comment {
  readonly summary: readonly { readonly text: string }[]
}
interface Reflection {
  readonly name: string
  readonly kind: number
  readonly comment?: Comment
  readonly signatures?: readonly { readonly comment?: Comment }[]
  readonly children?: readonly Reflection[]
}

/** The kinds of typedoc that a program imports as values. */
const FUNCTION = 64
const VALUES = new Set([FUNCTION, 128, 32])

function firstSentence(text: string): string {
  return /^.*?[.:](?=\s|$)/s.exec(text.trim())?.[0].replace(/\s+/g, " ").replace(/:$/, ".") ?? ""
}

function entrySection({ name, children = [] }: Reflection): string {
  const lines = children
    .filter(({ kind }) => VALUES.has(kind))
    .map(({ name: value, kind, comment, signatures }) => {
      const summary = (comment ?? signatures?.[0]?.comment)?.summary.map(({ text }) => text).join("") ?? ""
      return `- \`${value}${kind === FUNCTION ? "()" : ""}\`: ${firstSentence(summary)}`
    })
  return `## ${name}\n\n${lines.join("\n")}\n`
}

function guideLine(path: string): string {
  const text = readFileSync(path, "utf8").replace(/^---\n[^]*?\n---\n/, "")
  const title = /^# (?<title>.*)$/m.exec(text)!.groups!["title"]!
  const body = text.slice(text.indexOf(title) + title.length)
  return `- [${title}](${path}): ${firstSentence(body)}`
}

execFileSync("typedoc", ["--logLevel", "Error", "--json", API], { stdio: "inherit" })
const { children = [] } = JSON.parse(readFileSync(API, "utf8")) as Reflection
const { projectDocuments } = JSON.parse(readFileSync("typedoc.json", "utf8")) as { projectDocuments: string[] }
const { description } = JSON.parse(readFileSync("package.json", "utf8")) as { description: string }

const MODULE = 2
const text = [
  `# steadystream\n\n> ${description}\n`,
  "The package is ES modules without dependencies. Its skill, with samples and the common mistakes, is skills/steadystream/SKILL.md.\n",
  ...children.filter(({ kind }) => kind === MODULE).map((entry) => entrySection(entry)),
  `## Guides\n\nThe guides are in the repository.\n\n${projectDocuments.map((path) => guideLine(path)).join("\n")}\n`,
].join("\n")

if (!process.argv.includes("--check")) {
  writeFileSync(OUTPUT, text)
} else if (!existsSync(OUTPUT) || readFileSync(OUTPUT, "utf8") !== text) {
  console.error(`${OUTPUT} must be what the docs say now: npm run llms`)
  process.exitCode = 1
}
