/** Whether a text ends with the first half of a surrogate pair, whose second half may begin the next text. */
export function endsInHalf(text: string): boolean {
  const code = text.charCodeAt(text.length - 1)
  return code >= 0xd8_00 && code <= 0xdb_ff
}
