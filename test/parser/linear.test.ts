import { afterEach, describe, expect, test, vi } from "vitest"
import { SseParser } from "steadystream"

/*
 * Counts work instead of time: how many characters the string functions visit while a parser is fed. indexOf counts how
 * far it searches, slice counts what it may copy.
 */
function countWork(run: () => void): number {
  let visited = 0
  // oxlint-disable-next-line typescript/unbound-method -- each is called with its string
  const { indexOf, slice, charCodeAt, startsWith, includes } = String.prototype
  vi.spyOn(String.prototype, "indexOf").mockImplementation(function (this: string, search: string, from = 0) {
    const index = indexOf.call(this, search, from)
    visited += (index === -1 ? this.length : index) - from + 1
    return index
  })
  vi.spyOn(String.prototype, "slice").mockImplementation(function (this: string, start, end) {
    const piece = slice.call(this, start, end)
    visited += piece.length
    return piece
  })
  vi.spyOn(String.prototype, "charCodeAt").mockImplementation(function (this: string, index) {
    visited++
    return charCodeAt.call(this, index)
  })
  vi.spyOn(String.prototype, "startsWith").mockImplementation(function (this: string, search, from) {
    visited += search.length
    return startsWith.call(this, search, from)
  })
  vi.spyOn(String.prototype, "includes").mockImplementation(function (this: string, search, from) {
    visited += this.length
    return includes.call(this, search, from)
  })
  run()
  vi.restoreAllMocks()
  return visited
}

function feedAll(chunks: readonly (string | Uint8Array)[]): number {
  const parser = new SseParser({ onEvent() {}, onComment() {} })
  return countWork(() => {
    for (const chunk of chunks) parser.feed(chunk)
  })
}

function cut(text: string, size: number): string[] {
  const chunks: string[] = []
  for (let start = 0; start < text.length; start += size) chunks.push(text.slice(start, start + size))
  return chunks
}

/** A function whose work is quadratic. */
function startOver(size: number): number {
  const text = "x\n".repeat(size / 2)
  return countWork(() => {
    for (let start = 0; start < text.length; start += 2) text.indexOf("\r", start)
  })
}

const x = (count: number) => "x".repeat(count)

/** Each makes chunks of about `size` characters. */
const SHAPES: Record<string, (size: number) => (string | Uint8Array)[]> = {
  "an endless line": (size) => cut(`data: ${x(size)}`, 1000),
  "an endless line of no field": (size) => cut(x(size), 1000),
  "an endless comment": (size) => cut(`: ${x(size)}`, 1000),
  "an endless event": (size) => cut("data: x\n".repeat(size / 8), 1000),
  "one-character chunks of one line": (size) => cut(`data: ${x(size)}\n\n`, 1),
  "one-character chunks of many lines": (size) => cut("data: x\n".repeat(size / 8), 1),
  "LF with one CR at the end": (size) => [`${"data: x\n\n".repeat(size / 9)}\r`],
  "LF with one CR at the start": (size) => [`\r${"data: x\n\n".repeat(size / 9)}`],
  "CR with one LF at the end": (size) => [`${"data: x\r\r".repeat(size / 9)}:\n`],
  "CR with one LF at the start": (size) => [`:\n${"data: x\r\r".repeat(size / 9)}`],
  "CR only, one chunk": (size) => ["data: x\r\r".repeat(size / 9)],
  "CR only, an open line behind it": (size) => ["\r".repeat(size / 2) + x(size / 2)],
  "CRLF, cut everywhere": (size) => cut("data: x\r\n\r\n".repeat(size / 11), 1),
  "tiny events": (size) => ["data:\n\n".repeat(size / 7)],
  "blank lines": (size) => ["\n".repeat(size)],
  comments: (size) => [": x\n".repeat(size / 4)],
  "unknown fields": (size) => ["x: y\n".repeat(size / 5)],
  "ids and types": (size) => ["event: a\nid: 1\n".repeat(size / 15)],
  "huge data in pieces of 64": (size) => cut(`data: ${x(size)}\n\n`, 64),
  "huge data in pieces of 64 that start in a line": (size) => cut(`data: y\n\ndata: ${x(size)}\n\ndata: z\n\n`, 64),
  "bytes, huge data in pieces of 64": (size) =>
    cut(`data: ${x(size)}\n\n`, 64).map((chunk) => new TextEncoder().encode(chunk)),
  "bytes, one large chunk without a line end": (size) => [new TextEncoder().encode(`data: ${x(size)}`)],
}

describe("SseParser work is proportional to its input", () => {
  afterEach(() => void vi.restoreAllMocks())

  test.each(Object.entries(SHAPES))("SseParser does linear work for %s", (_, shape) => {
    const size = 8_000
    const once = feedAll(shape(size))
    const fourfold = feedAll(shape(4 * size))
    expect(fourfold / once).toBeLessThanOrEqual(4.4)
    // Chunks of one character cost the most: about ten visits each.
    expect(once).toBeLessThan(size * 12)
  })

  test("countWork() counts a search that starts again", () => {
    expect(startOver(4000) / startOver(1000)).toBeGreaterThan(12)
  })
})
