/**
 * Yields `input` in chunks: whole, unit by unit, unit by unit with empty chunks between, and cut in two at every place. A unit
 * is a UTF-16 code unit or a byte, so that cuts fall inside CRLF, code points and the byte order mark.
 *
 * @example
 * ```ts
 * import { readEvents } from "steadystream"
 * import { chunkings } from "steadystream/testing"
 *
 * for (const chunks of chunkings("data: a\r\n\r\n")) {
 *   for await (const event of readEvents(chunks)) console.log(event.data) // a, every time
 * }
 * ```
 */
export function chunkings<Input extends string | Uint8Array>(input: Input): Generator<Input[], void, undefined> {
  if (typeof input !== "string" && !ArrayBuffer.isView(input)) {
    throw new TypeError(`Cannot cut chunks: "input" must be a string or a Uint8Array, not ${typeof input}`)
  }
  return cuts(input)
}

function* cuts<Input extends string | Uint8Array>(input: Input): Generator<Input[], void, undefined> {
  const cut = (from: number, to?: number): Input =>
    (typeof input === "string" ? input.slice(from, to) : input.subarray(from, to)) as Input
  const units = Array.from({ length: input.length }, (_, index) => cut(index, index + 1))
  yield [cut(0)]
  yield units
  yield units.flatMap((unit) => [unit, cut(0, 0)])
  for (let at = 1; at < input.length; at++) yield [cut(0, at), cut(at)]
}
