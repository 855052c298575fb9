/*
 * Law: bytes become text here and nowhere else. Chunks are decoded whole and not as a stream, which is several times
 * faster, so a code point that a chunk cuts has to be told first. The byte order mark is left in: the parser drops it,
 * and a decoder that did would drop one from every chunk.
 */
import { COLON, LETTER_A, LETTER_T, LF, SPACE } from "./characters.ts"

// Measured: one character beyond Latin-1 makes a large decoded chunk a two-byte string, at 64 KiB in large-object space:
// in blocks, chunks of 16 KiB are read 1.3 times as fast and such of 64 KiB several times.
const BLOCK = 8192

/** Where the block that starts at `start` ends: after a line, where one ends nearby. */
export function blockEnd(bytes: Uint8Array, start: number, end: number): number {
  if (end - start <= BLOCK) return end
  const last = bytes.lastIndexOf(LF, start + BLOCK) + 1
  if (last > start) return last
  const next = bytes.indexOf(LF, start + BLOCK) + 1
  return next === 0 || next > end ? end : next
}

/** Whether `bytes` are few enough to be decoded at once, and end with a character of one byte. */
export function isSmallAndWhole(bytes: Uint8Array): boolean {
  const { length } = bytes
  return length > 0 && length <= BLOCK && (bytes[length - 1]! & 0x80) === 0
}

/** Where the value starts of `bytes`, which begin with a "d", if they look like one event of one line of data; else 0. */
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

/** The two as one. */
export function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length)
  bytes.set(head)
  bytes.set(tail, head.length)
  return bytes
}

/**
 * How many bytes before `end` are the start of a code point whose rest is missing. A byte that can begin none counts as one
 * that begins the longest: it becomes U+FFFD whatever follows.
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

// Made at the first use, so that importing this needs no TextDecoder. Without `stream` it keeps no state to share.
let decode: Decode | undefined

/** The text of `bytes[start, end)`. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  return (decode ??= nativeDecoder() ?? standardDecoder())(bytes, start, end)
}

function standardDecoder(): Decode {
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })
  // Measured: making a view costs a third of decoding a chunk of one event.
  return (bytes, start, end) => utf8.decode(end - start === bytes.length ? bytes : bytes.subarray(start, end))
}

/** Measured: chunks of one event are parsed 1.1 times as fast with it on Node; on Deno it is slower than TextDecoder. */
function nativeDecoder(): Decode | undefined {
  const { Buffer, Deno } = globalThis as {
    readonly Buffer?: { readonly prototype: { readonly utf8Slice?: (start: number, end: number) => string } }
    readonly Deno?: unknown
  }
  const utf8Slice = Deno === undefined ? Buffer?.prototype.utf8Slice : undefined
  return utf8Slice && ((bytes, start, end) => utf8Slice.call(bytes, start, end))
}

/** How many bytes are valid; they may end in the start of a code point. */
export function validLength(bytes: Uint8Array): number {
  let valid = 0
  // In pieces, so that where one fails only that one is searched, and no string gets too long.
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
