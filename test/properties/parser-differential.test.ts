import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { parseModel } from "../support/model.ts"
import { record } from "../support/record.ts"

const lineEnd = fc.constantFrom("\n", "\r\n", "\r")
const value = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "  x",
    "x",
    ":",
    "a:b",
    "\0",
    "7\0",
    "\uFEFF",
    "data: y",
    "12",
    "+5",
    "09",
    "9".repeat(400),
    "५",
  ),
  fc.constantFrom("漢字かな", "😀 emoji", "é", "\u2028", "x".repeat(40), "x".repeat(700), "漢".repeat(30)),
  fc.string({ unit: "binary", maxLength: 8 }).map((text) => text.replace(/[\r\n]/g, "")),
)
const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("data", "data", "data", "event", "id", "retry", "") },
  fc.constantFrom(
    "dat",
    "datax",
    "Data",
    " data",
    "even",
    "events",
    "i",
    "ids",
    "retr",
    "x",
    "\uFEFFdata",
    "__proto__",
  ),
)
const line = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(name, fc.constantFrom(": ", ":", ":  ", ""), value).map((parts) => parts.join("")) },
  { weight: 2, arbitrary: fc.constant("") },
  { weight: 2, arbitrary: value.map((text) => `data: ${text}\n`) },
)
const streamText = fc
  .tuple(
    fc.constantFrom("", "", "\uFEFF", "\uFEFF\uFEFF"),
    fc.array(
      fc.tuple(line, lineEnd).map((parts) => parts.join("")),
      { maxLength: 24 },
    ),
    fc.constantFrom("", "data: cut", "da", ": comm", "\r"),
  )
  .map(([mark, lines, rest]) => mark + lines.join("") + rest)

/** Sizes of pieces, mostly tiny. */
const cuts = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 }),
  fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 }),
  fc.constant([1]),
  fc.constant([Infinity]),
)

function* pieces<T extends string | Uint8Array>(whole: T, sizes: readonly number[]): Generator<T> {
  let start = 0
  const positive = sizes.some((size) => size > 0) ? sizes : [1]
  for (let index = 0; start < whole.length; index++) {
    const end = start + positive[index % positive.length]!
    yield whole.slice(start, end) as T
    start = end
  }
}

const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)
const encode = (text: string) => new TextEncoder().encode(text)

const invalidBytes = fc.constantFrom(
  [0xff],
  [0xc3],
  [0xe2, 0x82],
  [0xf0, 0x9f, 0x98],
  [0x80],
  [0xed, 0xa0, 0x80],
  [0xc0, 0xaf],
)
const spoiltBytes = fc
  .tuple(streamText, fc.array(fc.tuple(fc.nat(), invalidBytes), { maxLength: 4 }))
  .map(([text, insertions]) => {
    const bytes = [...encode(text)]
    for (const [at, invalid] of insertions) bytes.splice(at % (bytes.length + 1), 0, ...invalid)
    return new Uint8Array(bytes)
  })

const RUNS = { numRuns: 2000 }

describe("SseParser and the model of the specification", () => {
  test("SseParser returns the model's events for text at any cut", () => {
    fc.assert(
      fc.property(streamText, cuts, (text, sizes) => {
        expect(record(pieces(text, sizes))).toEqual(parseModel(text))
      }),
      RUNS,
    )
  })

  test("SseParser returns the model's events for bytes at any cut, invalid UTF-8 included", () => {
    fc.assert(
      fc.property(spoiltBytes, cuts, (bytes, sizes) => {
        expect(record(pieces(bytes, sizes))).toEqual(parseModel(decode(bytes)))
      }),
      RUNS,
    )
  })

  test("SseParser returns the model's events with no handler but onEvent", () => {
    fc.assert(
      fc.property(streamText, cuts, (text, sizes) => {
        const { events, lastEventId } = parseModel(text)
        expect(record(pieces(text, sizes), "events")).toMatchObject({ events, lastEventId })
      }),
      RUNS,
    )
  })

  test("SseParser returns the model's events for bytes in chunks that are decoded in blocks", () => {
    const large = fc.array(spoiltBytes, { minLength: 200, maxLength: 400 }).map((parts) => {
      const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
      let at = 0
      for (const part of parts) {
        whole.set(part, at)
        at += part.length
      }
      return whole
    })
    fc.assert(
      fc.property(large, fc.integer({ min: 8_000, max: 70_000 }), (bytes, size) => {
        expect(record(pieces(bytes, [size]))).toEqual(parseModel(decode(bytes)))
      }),
      { numRuns: 30 },
    )
  })

  test("SseParser returns the model's events if they are larger than a block", () => {
    const text = `data: ${"漢".repeat(20_000)}\ndata: ${"y".repeat(50_000)}\n\nid: 1\r\ndata: z\r\n\r\n`.repeat(3)
    for (const size of [8_193, 16_385, 40_000, 65_536, 1_000_000]) {
      expect(record(pieces(encode(text), [size]))).toEqual(parseModel(text))
    }
  })
})
