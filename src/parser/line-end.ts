export const LF = 10

/** Where the first line end at or after `from` is, the text's end where there is none. */
export function findLineEnd(text: string, from: number): number {
  const lf = indexOrEnd(text, "\n", from)
  // Only before the LF: what is after it will be searched line by line.
  const cr = text.slice(from, lf).indexOf("\r")
  return cr === -1 ? lf : from + cr
}

/** Where `search` is at or after `from`, the text's end where it is not. */
export function indexOrEnd(text: string, search: string, from: number): number {
  const index = text.indexOf(search, from)
  return index === -1 ? text.length : index
}
