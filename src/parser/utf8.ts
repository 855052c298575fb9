/*
 * Decodes the parser's bytes. Each call decodes only complete code points, because decoding without `stream` is several
 * times faster; the caller carries an incomplete one. The byte order mark stays in the text: the parser removes it only
 * at the start of the stream, a decoder would remove it from every chunk.
 */
import { COLON, LETTER_A, LETTER_T, LF, SPACE } from "./characters.ts"

// Measured: decoding in blocks reads chunks of 16 KiB 1.3 times and of 64 KiB several times as fast, because one
// character beyond Latin-1 makes a whole decoded string two bytes wide, and at 64 KiB moves it to the large-object
// space.
const BLOCK = 8192

/** The end of the block that starts at `start`: a line end if there is one, else `end`. */
export function blockEnd(bytes: Uint8Array, start: number, end: number): number {
  if (end - start <= BLOCK) return end
  const last = bytes.lastIndexOf(LF, start + BLOCK) + 1
  if (last > start) return last
  const next = bytes.indexOf(LF, start + BLOCK) + 1
  return next === 0 || next > end ? end : next
}

/** Whether `bytes` fit in one block and end with a character of one byte. */
export function isSmallAndWhole(bytes: Uint8Array): boolean {
  const { length } = bytes
  return length > 0 && length <= BLOCK && (bytes[length - 1]! & 0x80) === 0
}

/** The start of the value in `bytes`, which begin with "d", if they look like one event of one `data` line; else 0. */
export function valueStart(bytes: Uint8Array): number {
  const { length } = bytes
  const looksLikeIt =
    length > 7 &&
    bytes[1] === LETTER_A &&
    bytes[2] === LETTER_T &&
    bytes[3] === LETTER_A &&
    bytes[4] === COLON &&
    bytes[length - 1] === LF &&
    bytes[length - 2] === LF
  return looksLikeIt ? (bytes[5] === SPACE ? 6 : 5) : 0
}

/** Concatenates `head` and `tail`. */
export function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length)
  bytes.set(head)
  bytes.set(tail, head.length)
  return bytes
}

/**
 * The number of bytes before `end` that start a code point without completing it. A byte from 0xf8 on starts no valid
 * code point; it is treated as an incomplete one, because it becomes U+FFFD whatever follows.
 */
export function incompleteTail(bytes: Uint8Array, end: number): number {
  for (let length = 1; length <= 3 && length <= end; length++) {
    const byte = bytes[end - length]! & 0xff
    if (byte < 0x80) return 0
    // The first byte of a code point begins with as many ones as the code point has bytes.
    if (byte >= 0xc0) return length < Math.clz32(~(byte << 24)) ? length : 0
  }
  return 0
}

type Decode = (bytes: Uint8Array, start: number, end: number) => string

// Made at the first use, so that an import needs no TextDecoder. Without `stream` it has no state, so all may share it.
let decode: Decode | undefined

/** The text of `bytes[start, end)`. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  return (decode ??= nativeDecoder() ?? standardDecoder())(bytes, start, end)
}

function standardDecoder(): Decode {
  if (!globalThis.TextDecoder)
    throw new TypeError("Cannot read event stream: the platform must have TextDecoder; pass text")
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })
  // Measured: making a view takes a third as long as decoding a chunk of one event.
  return (bytes, start, end) => utf8.decode(end - start === bytes.length ? bytes : bytes.subarray(start, end))
}

/** Measured: on Node it parses chunks of one event 1.1 times as fast; on Deno it is slower than TextDecoder. */
function nativeDecoder(): Decode | undefined {
  const { Buffer, Deno } = globalThis as {
    readonly Buffer?: { readonly prototype: { readonly utf8Slice?: (start: number, end: number) => string } }
    readonly Deno?: unknown
  }
  const utf8Slice = Deno === undefined ? Buffer?.prototype.utf8Slice : undefined
  return utf8Slice && ((bytes, start, end) => utf8Slice.call(bytes, start, end))
}

/** The length of the valid start of `bytes`; it may end inside a code point. */
export function validLength(bytes: Uint8Array): number {
  let valid = 0
  // In steps, so that only the step that fails is searched again, and no string exceeds the engine's limit.
  for (let step = 65_536; step > 0 && valid < bytes.length;) {
    const start = valid - incompleteTail(bytes, valid)
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(start, valid + step), { stream: true })
      valid = Math.min(valid + step, bytes.length)
    } catch {
      step >>= 1
    }
  }
  return valid
}
