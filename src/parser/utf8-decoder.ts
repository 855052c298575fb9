/*
 * Law: bytes become text here and nowhere else. Chunks are decoded whole and not as a stream, which is several times
 * faster; the bytes of a code point that a chunk cuts (at most 3) wait here for the next one. The byte order mark is
 * left in: the parser drops it, and a decoder that did would drop one from every chunk.
 */
import { SseMalformedError } from "../errors.ts"

const LF = 10
const NOTHING = new Uint8Array(0)

export class Utf8Decoder {
  readonly #fatal: boolean
  #carried: Uint8Array = NOTHING
  /** Set once invalid bytes were met in fatal mode: the lines before them have been given out, nothing else is. */
  failure: SseMalformedError | undefined = undefined

  constructor(fatal: boolean) {
    this.#fatal = fatal
  }

  /** The text of `bytes` and of what was carried, up to the last whole code point. */
  decode(bytes: Uint8Array): string {
    if (this.#carried.length > 0) return this.#decodeCarried(bytes)
    const cut = incompleteTail(bytes)
    if (cut === 0) return this.#decodeWhole(bytes)
    const end = bytes.length - cut
    this.#carried = bytes.slice(end)
    return this.#decodeWhole(bytes.subarray(0, end))
  }

  /** The text of what is carried now that nothing follows: U+FFFD, or nothing. */
  flush(): string {
    const carried = this.#carried
    this.#carried = NOTHING
    return carried.length === 0 ? "" : this.#decodeWhole(carried)
  }

  reset(): void {
    this.#carried = NOTHING
    this.failure = undefined
  }

  /** Completes the carried code point with the continuation bytes at the head of `bytes`, as far as they go. */
  #decodeCarried(bytes: Uint8Array): string {
    const carried = this.#carried
    const missing = sequenceLength(carried[0]!) - carried.length
    let taken = 0
    while (taken < missing && taken < bytes.length && isContinuation(bytes[taken]!)) taken++
    const joined = new Uint8Array(carried.length + taken)
    joined.set(carried)
    joined.set(bytes.subarray(0, taken), carried.length)
    if (taken < missing && taken === bytes.length) {
      this.#carried = joined
      return ""
    }
    this.#carried = NOTHING
    const head = this.#decodeWhole(joined)
    return this.failure === undefined ? head + this.decode(bytes.subarray(taken)) : head
  }

  #decodeWhole(bytes: Uint8Array): string {
    if (!this.#fatal) return decodeUtf8(bytes)
    try {
      return decodeUtf8Fatal(bytes)
    } catch (cause) {
      return this.#decodeLinesBefore(cause, bytes)
    }
  }

  #decodeLinesBefore(cause: unknown, bytes: Uint8Array): string {
    this.failure = new SseMalformedError("Cannot decode the event stream: it must be valid UTF-8", cause)
    let text = ""
    for (let start = 0; ;) {
      const end = bytes.indexOf(LF, start) + 1
      if (end === 0) return text
      try {
        text += decodeUtf8Fatal(bytes.subarray(start, end))
      } catch {
        return text
      }
      start = end
    }
  }
}

/** How many bytes at the end of `bytes` are the start of a code point whose rest is missing. */
function incompleteTail(bytes: Uint8Array): number {
  const length = bytes.length
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back]!
    if (!isContinuation(byte)) return sequenceLength(byte) > back ? back : 0
  }
  return 0
}

/** How many bytes the code point that starts with `lead` takes; 1 for a byte that starts none. */
function sequenceLength(lead: number): number {
  if (lead < 0xc2 || lead > 0xf4) return 1
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

// Made at the first use, so that importing this needs no TextDecoder. Without `stream` they keep no state to share.
let lenient: TextDecoder | undefined
let strict: TextDecoder | undefined

function decodeUtf8(bytes: Uint8Array): string {
  lenient ??= new TextDecoder("utf-8", { ignoreBOM: true })
  return lenient.decode(bytes)
}

function decodeUtf8Fatal(bytes: Uint8Array): string {
  strict ??= new TextDecoder("utf-8", { ignoreBOM: true, fatal: true })
  return strict.decode(bytes)
}
