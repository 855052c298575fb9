/*
 * Replaces what matches the patterns of --redact in the entries of a recording. A body is read line by line, since a chunk
 * may end inside a secret: an unfinished line is kept for the next chunk of its request.
 */
import { Buffer } from "node:buffer"
import type { RecordingEntry } from "../testing/index.ts"
import { UsageError } from "./usage-error.ts"

const MASK = "***"
const [LF, CR] = [10, 13]

type Headers = Readonly<Record<string, string>>

export class EntryRedaction {
  readonly #patterns: readonly RegExp[]
  readonly #lines = new Map<number, Uint8Array<ArrayBuffer>>()
  #lastAt = 0

  /** @throws UsageError if a pattern is no regular expression, or if it matches the empty text. */
  constructor(sources: readonly string[]) {
    this.#patterns = sources.map(patternOf)
  }

  /** The entries to write in the place of one. */
  *entriesOf(entry: RecordingEntry): Generator<RecordingEntry, undefined> {
    this.#lastAt = entry.at
    if (this.#patterns.length === 0) yield entry
    else if (entry.type === "chunk") {
      const bytes = this.#wholeLines(entry.request, entry.bytes)
      if (bytes.length > 0) yield { ...entry, bytes }
    } else if (entry.type === "request") {
      yield { ...entry, url: this.#masked(entry.url), headers: this.#maskedHeaders(entry.headers) }
    } else if (entry.type === "response") yield { ...entry, headers: this.#maskedHeaders(entry.headers) }
    else {
      if (entry.type === "limit") yield* this.rest()
      else if ("request" in entry) yield* this.#restOf(entry.request)
      yield entry
    }
    return undefined
  }

  /** The unfinished lines, when nothing follows. */
  *rest(): Generator<RecordingEntry, undefined> {
    for (const request of this.#lines.keys()) yield* this.#restOf(request)
    return undefined
  }

  *#restOf(request: number): Generator<RecordingEntry, undefined> {
    const line = this.#lines.get(request)
    this.#lines.delete(request)
    if (line === undefined || line.length === 0) return undefined
    yield { at: this.#lastAt, type: "chunk", request, bytes: this.#maskedBytes(line) }
    return undefined
  }

  /** The lines that end in this chunk. */
  #wholeLines(request: number, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const before = this.#lines.get(request) ?? new Uint8Array(0)
    const end = Math.max(bytes.lastIndexOf(LF), bytes.lastIndexOf(CR)) + 1
    if (end === 0) {
      this.#lines.set(request, new Uint8Array(Buffer.concat([before, bytes])))
      return new Uint8Array(0)
    }
    this.#lines.set(request, bytes.slice(end))
    return this.#maskedBytes(Buffer.concat([before, bytes.subarray(0, end)]))
  }

  /** A pattern never reaches over the end of a line, so the lines stay. */
  #maskedBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const parts: Uint8Array[] = []
    for (let start = 0, end = 0; start < bytes.length; start = end) {
      while (end < bytes.length && isLineEnd(bytes[end]!) === isLineEnd(bytes[start]!)) end++
      const part = bytes.subarray(start, end)
      parts.push(isLineEnd(bytes[start]!) ? part : this.#maskedLine(part))
    }
    return new Uint8Array(Buffer.concat(parts))
  }

  /** In a line that is not valid UTF-8, each byte is one character, so that it can be written as it was. */
  #maskedLine(line: Uint8Array): Uint8Array {
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line)
      return Buffer.from(this.#masked(text))
    } catch {
      return Buffer.from(this.#masked(Buffer.from(line).toString("latin1")), "latin1")
    }
  }

  #maskedHeaders(headers: Headers): Headers {
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, this.#masked(value)]))
  }

  #masked(text: string): string {
    return this.#patterns.reduce((masked, pattern) => masked.replaceAll(pattern, MASK), text)
  }
}

function isLineEnd(byte: number): boolean {
  return byte === LF || byte === CR
}

function patternOf(source: string): RegExp {
  let pattern: RegExp
  try {
    pattern = new RegExp(source, "g")
  } catch {
    throw new UsageError('"--redact" must be a regular expression of JavaScript, without slashes around it')
  }
  if (pattern.test("")) throw new UsageError('"--redact" must not match the empty text')
  return pattern
}
