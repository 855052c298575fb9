// Control characters could move the cursor, change the title or run commands of a terminal, and bidirectional ones reorder a
// line, so text of a server never reaches a terminal with them.
// oxlint-disable-next-line no-control-regex -- why: these are the characters to replace
const INVISIBLE = /[\0-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g

/** Returns `text` with its control characters, except TAB and LF, as escapes. */
export function visibleText(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    const code = character.charCodeAt(0).toString(16)
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`
  })
}

/** Returns `value` as JSON without invisible characters: JSON itself leaves most of them as they are. */
export function visibleJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(INVISIBLE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  })
}

/** Returns the same on one line, cut to at most `max` characters. */
export function visibleLine(text: string, max = Infinity): string {
  const line = visibleText(text)
    .replaceAll("\n", String.raw`\n`)
    .replaceAll("\t", String.raw`\t`)
  return line.length <= max ? line : `${line.slice(0, max - 1)}…`
}
