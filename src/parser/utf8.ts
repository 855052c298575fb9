/*
 * Law: bytes become text here and nowhere else. Chunks are decoded whole and not as a stream, which is several times
 * faster, so a code point that a chunk cuts has to be told first. The byte order mark is left in: the parser drops it,
 * and a decoder that did would drop one from every chunk.
 */
const LF = 10

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

/** Whether `bytes` are one block, and end with a character of one byte. */
export function isSmallAndWhole(bytes: Uint8Array): boolean {
  const { length } = bytes
  return length > 0 && length <= BLOCK && bytes[length - 1]! < 0x80
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
    // A continuation byte, behind the one that tells.
    if ((byte & 0xc0) === 0x80) continue
    return length < sequenceLength(byte) ? length : 0
  }
  return 0
}

/** How many bytes the code point that starts with `lead` takes; 1 for a byte that starts none. */
function sequenceLength(lead: number): number {
  if (lead < 0xc2 || lead > 0xf4) return 1
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
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

/** How many bytes are valid, and the platform's error for what is not. */
export function validate(bytes: Uint8Array): readonly [length: number, error?: unknown] {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes)
    return [bytes.length]
  } catch (error) {
    let valid = 0
    for (let end = bytes.length; valid < end;) {
      const middle = (valid + end + 1) >> 1
      try {
        // As the start of a stream, which may be cut inside of a code point.
        new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, middle), { stream: true })
        valid = middle
      } catch {
        end = middle - 1
      }
    }
    return [valid - incompleteTail(bytes.subarray(0, valid)), error]
  }
}
