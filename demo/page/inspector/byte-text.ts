/* Bytes as text that shows each of them. */

/** Returns the text of bytes; `undefined` if they are not valid UTF-8. */
export function utf8Of(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Returns bytes in hexadecimal: `e2 82 ac`. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ")
}

/** A part of bytes: text, a character that is only visible by its name, or a byte that is no text. */
export interface Segment {
  readonly kind: "text" | "mark" | "hex"
  readonly text: string
}

const LONGEST_CHARACTER = 4
const MARKS: ReadonlyMap<string, string> = new Map([
  ["\r", String.raw`\r`],
  ["\n", String.raw`\n`],
  ["\uFEFF", "BOM"],
])

/**
 * Returns all bytes as text: line ends by their names, and in hexadecimal what is not valid UTF-8, such as a part of a
 * character that a cut left. A line feed, and a carriage return without one, also ends the line.
 */
export function segmentsOf(bytes: Uint8Array): Segment[] {
  const whole = utf8Of(bytes)
  if (whole !== undefined) return marked(whole)
  const segments: Segment[] = []
  let text = ""
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at)
    if (length > 0) text += utf8Of(bytes.subarray(at, at + length))
    else {
      segments.push(...marked(text), { kind: "hex", text: `\\x${hexOf(bytes.subarray(at, at + 1))}` })
      text = ""
    }
    at += length || 1
  }
  return [...segments, ...marked(text)]
}

/** Returns the length of the character at a byte; 0 if there is none. */
function characterLength(bytes: Uint8Array, at: number): number {
  for (let length = 1; length <= Math.min(LONGEST_CHARACTER, bytes.length - at); length++) {
    if (utf8Of(bytes.subarray(at, at + length)) !== undefined) return length
  }
  return 0
}

function marked(text: string): Segment[] {
  return text.split(/(\r\n|\r|\n|\uFEFF)/).flatMap((part): Segment[] => {
    if (part === "") return []
    if (!/^[\r\n\uFEFF]/.test(part)) return [{ kind: "text", text: part }]
    const name = Array.from(part, (character) => MARKS.get(character)).join("")
    const mark: Segment = { kind: "mark", text: name }
    return part === "\uFEFF" ? [mark] : [mark, { kind: "text", text: "\n" }]
  })
}
