// Resolves a link to an export of another entry by its name alone, so that a source file needs no import only for a
// link.
import { Comment, Converter, ReflectionKind } from "typedoc"

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const { comment } of Object.values(project.reflections)) {
      if (comment instanceof Comment) resolveLinks(project, comment)
    }
  })
}

function resolveLinks(project, comment) {
  for (const part of [...comment.summary, ...comment.blockTags.flatMap((tag) => tag.content)]) {
    if (part.kind === "inline-tag" && part.tag === "@link") part.target ??= exportNamed(project, part.text)
  }
}

function exportNamed(project, text) {
  const [name, ...members] = text.trim().split(".")
  for (const entry of project.getReflectionsByKind(ReflectionKind.Module)) {
    const child = entry.getChildByName([name])
    if (child !== undefined && !child.isReference()) return child.getChildByName(members) ?? child
  }
  return undefined
}
