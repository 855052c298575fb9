/*
 * Law: bytes become text here and nowhere else. Chunks are decoded whole and not as a stream, which is several times
 * faster, so a code point that a chunk cuts has to be told first. The byte order mark is left in: the parser drops it,
 * and a decoder that did would drop one from every chunk.
 */
const LF = 10

// Measured: one character beyond Latin-1 makes a large decoded chunk a two-byte string, at 64 KiB in large-object space:
// in blocks, chunks of 16 KiB are read 1.3 times as fast and such of 64 KiB several times.
export const BLOCK: number = 8192

/** Where the block of about `size` bytes that starts at `start` ends: after a line, where one ends nearby. */
export function blockEnd(bytes: Uint8Array, start: number, end: number, size: number): number {
  if (end - start <= size) return end
  const last = bytes.lastIndexOf(LF, start + size) + 1
  if (last > start) return last
  const next = bytes.indexOf(LF, start + size) + 1
  return next === 0 || next > end ? end : next
}

/** The two as one. */
export function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length)
  bytes.set(head)
  bytes.set(tail, head.length)
  return bytes
}

/** How many bytes at the end of `bytes` are the start of a code point whose rest is missing. */
export function incompleteTail(bytes: Uint8Array): number {
  for (let length = 1; length <= 3 && length <= bytes.length; length++) {
    const byte = bytes[bytes.length - length]!
    // A byte that starts no code point, or one of its own, is followed by nothing.
    if (byte >= 0xc0) return byte < 0xf5 && length < (byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4) ? length : 0
    if (byte < 0x80) return 0
  }
  return 0
}

type Decode = (bytes: Uint8Array, start: number, end: number) => string

// Made at the first use, so that importing this needs no TextDecoder. Without `stream` they keep no state to share.
let lenient: Decode | undefined
let strict: Decode | undefined

/** The text of `bytes[start, end)`; a TypeError where it is `fatal` that they are no UTF-8. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number, fatal?: boolean): string {
  const decode = fatal === true ? (strict ??= decoder(true)) : (lenient ??= nativeDecoder() ?? decoder(false))
  return decode(bytes, start, end)
}

/** Whether `bytes[0, end)` is valid. */
export function isUtf8(bytes: Uint8Array, end: number): boolean {
  try {
    decodeUtf8(bytes, 0, end, true)
    return true
  } catch {
    return false
  }
}

function decoder(fatal: boolean): Decode {
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true, fatal })
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
