// Names the pages of the documentation: a module by its import path, and a document by its first heading.
import { readFileSync } from "node:fs"
import { Comment, Converter, ReflectionKind } from "typedoc"

const START = "docs/start.md"
const HEADING = /^# (.+)$/m

export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, reflection) => {
    if (reflection.kindOf(ReflectionKind.Module)) nameModule(reflection)
  })
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => nameDocument(document))
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const [start] = project.readme ?? []
    // The title of the start page is the package's name, so its own heading comes one level below.
    if (start !== undefined) start.text = start.text.replace(HEADING, "## $1")
  })
}

/** Describes a module as the table of the start page does. */
function nameModule(module) {
  module.name = module.name === "index" ? "steadystream" : `steadystream/${module.name}`
  const rows = readFileSync(START, "utf8").matchAll(/^\| `(?<name>[^`]+)` +\| (?<text>.+?) +\|$/gm)
  const row = [...rows].find(({ groups }) => groups.name === module.name)
  if (row === undefined) throw new Error(`Cannot describe ${module.name}: ${START} must have a row for it`)
  module.comment = new Comment([{ kind: "text", text: row.groups.text }])
}

function nameDocument(document) {
  const heading = HEADING.exec(document.content[0]?.text ?? "")
  if (heading === null) throw new Error(`Cannot name ${document.name}: the document must begin with a heading`)
  document.name = heading[1]
}
