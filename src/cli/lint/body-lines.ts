/** A line of a body. */
export interface BodyLine {
  /** From 1. */
  readonly number: number
  /** Where it begins, in bytes from 0. */
  readonly start: number
  /** Where the next line begins. */
  readonly next: number
  readonly text: string
  readonly isValid: boolean
  readonly ending: "\n" | "\r" | "\r\n" | ""
}

const [LF, CR] = [10, 13]

/** Splits a body at LF, CR and CRLF. Without a final line end, the last line has none. */
export function* bodyLinesOf(bytes: Uint8Array): Generator<BodyLine, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
  const lossy = new TextDecoder("utf-8", { ignoreBOM: true })
  for (let start = 0, number = 1; start < bytes.length; number++) {
    let end = start
    while (end < bytes.length && bytes[end] !== LF && bytes[end] !== CR) end++
    const isPair = bytes[end] === CR && bytes[end + 1] === LF
    const next = Math.min(bytes.length, end + (isPair ? 2 : 1))
    const ending = isPair ? "\r\n" : bytes[end] === CR ? "\r" : bytes[end] === LF ? "\n" : ""
    const content = bytes.subarray(start, end)
    let isValid = true
    let text: string
    try {
      text = decoder.decode(content)
    } catch {
      isValid = false
      text = lossy.decode(content)
    }
    yield { number, start, next, text, isValid, ending }
    start = next
  }
  return undefined
}
