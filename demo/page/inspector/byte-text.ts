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

/** A part of bytes: text, or the hexadecimal digits of a byte that is no text. */
export interface Segment {
  readonly text: string
  readonly isHex: boolean
}

/** Returns all bytes as text, except those that are not valid UTF-8, such as a part of a character that a cut left. */
export function segmentsOf(bytes: Uint8Array): Segment[] {
  const whole = utf8Of(bytes)
  if (whole !== undefined) return [{ text: visible(whole), isHex: false }]
  const segments: { text: string; isHex: boolean }[] = []
  for (let at = 0, length; at < bytes.length; at += length) {
    const character = characterAt(bytes, at)
    const isHex = character === undefined
    length = isHex ? 1 : new TextEncoder().encode(character).length
    const text = isHex ? `\\x${hexOf(bytes.subarray(at, at + 1))}` : visible(character)
    const last = segments.at(-1)
    if (last?.isHex === isHex) last.text += text
    else segments.push({ text, isHex })
  }
  return segments
}

const LONGEST_CHARACTER = 4

function characterAt(bytes: Uint8Array, at: number): string | undefined {
  for (let length = 1; length <= Math.min(LONGEST_CHARACTER, bytes.length - at); length++) {
    const character = utf8Of(bytes.subarray(at, at + length))
    if (character !== undefined) return character
  }
  return undefined
}

/** Line ends become visible. A byte order mark does too. */
function visible(text: string): string {
  return text
    .replaceAll(/\r\n|\r|\n/g, (end) => `${end.replace("\r", "␍").replace("\n", "␊")}\n`)
    .replaceAll("\uFEFF", "[BOM]")
}
