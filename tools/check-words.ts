/*
 * Refuses the words that CONTRIBUTING.md bans, and the package's former name, in every tracked text file.
 * `node tools/check-words.ts [path …]` checks only the files below those paths.
 */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"

/** Each pattern with the advice that the report prints. */
const BANNED: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/\bLaw:/g, "state the invariant without a label"],
  [/\b(?:some|no|any|every)body\b/gi, "name the caller, the consumer, the client or the server"],
  [/\bwhoever\b/gi, "name the caller, the consumer, the client or the server"],
  [/\bto be had\b/gi, "say what is available"],
  [/\bas the letter (?:says|has it|wants)\b/gi, "write: as specified"],
  [/\btells?\b(?! apart)/gi, "write: reports, says or shows"],
  [/\bgives?\b/gi, "write: returns, or the exact verb"],
  [/\blets\b/gi, "write: allows, or the exact verb"],
  [/\bmend(?:s|ed|ing)?\b/gi, "write: fix or repair"],
  [/\b(?:is|are|was|were|be) let go\b/gi, "write: is closed, released or cancelled"],
  [/\bat the end of its life\b/gi, "name the event that ends it"],
]
const FORMER_NAME = new RegExp(["sse", "kit"].join(""), "i")
/** Files whose words are data, generated, or this list. */
const EXEMPT = /^(?:package-lock\.json|LICENSE|tools\/check-words\.ts)$/
/** An identifier such as `tell(` or `#tell` is code; a lookbehind for a dot or a hash is enough to skip it. */
const isCode = (line: string, index: number, word: string): boolean =>
  /[.#\w`]/.test(line[index - 1] ?? " ") || /^[(`:,]/.test(line.slice(index + word.length))

const paths = process.argv.slice(2)
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z", ...paths], {
  encoding: "utf8",
})
  .split("\0")
  .filter((file) => file !== "" && !EXEMPT.test(file))
const faults: string[] = []
for (const file of files) {
  const lines = readFileSync(file, "utf8").split("\n")
  for (const [at, line] of lines.entries()) {
    for (const [pattern, advice] of BANNED) {
      for (const { 0: word, index } of line.matchAll(pattern)) {
        if (!isCode(line, index, word)) faults.push(`${file}:${at + 1}: "${word}": ${advice}`)
      }
    }
    const isAllowed = file === "CHANGELOG.md" && line.includes("first release")
    if (FORMER_NAME.test(line) && !isAllowed) faults.push(`${file}:${at + 1}: the package's former name`)
  }
  if (FORMER_NAME.test(file)) faults.push(`${file}: the package's former name`)
}
for (const fault of faults) console.error(fault)
console.log(`words: ${files.length} files, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
