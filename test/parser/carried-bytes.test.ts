import { afterEach, describe, expect, test, vi } from "vitest"
import { SseMalformedError, SseParser } from "steadystream"
import { recordCalls } from "../support/parser-calls.ts"

const utf8 = (text: string) => new TextEncoder().encode(text)

/** Text or bytes, cut into pieces of `size`. */
function* pieces<T extends string | Uint8Array>(whole: T, size: number): Generator<T> {
  for (let start = 0; start < whole.length; start += size) yield whole.slice(start, start + size) as T
}

afterEach(() => void vi.restoreAllMocks())

describe("SseParser and unread input", () => {
  const throwOnce = () => {
    const seen: string[] = []
    const onEvent = ({ data }: { data: string }) => {
      seen.push(data)
      if (seen.length === 1) throw new Error("mine")
    }
    return { seen, onEvent }
  }

  test.each([[[]], [[0xe2]], [[0x0a]]])(
    "SseParser reads the rest of a chunk whose handler threw at the next bytes, %j",
    (bytes) => {
      const { seen, onEvent } = throwOnce()
      const parser = new SseParser({ onEvent })
      expect(() => parser.feed("data: a\n\ndata: b\n\n")).toThrow("mine")
      parser.feed(Uint8Array.from(bytes))
      expect(seen).toEqual(["a", "b"])
    },
  )

  test.each([[[0xff, 0x0a]], [[0xe2]]])(
    "SseParser with fatal reads the rest of a chunk whose handler threw before invalid bytes, %j",
    (bytes) => {
      const { seen, onEvent } = throwOnce()
      const parser = new SseParser({ fatal: true, onEvent })
      expect(() => parser.feed(utf8("data: a\n\ndata: b\n\n"))).toThrow("mine")
      expect(() => {
        parser.feed(Uint8Array.from(bytes))
        parser.end()
      }).toThrow(SseMalformedError)
      expect(seen).toEqual(["a", "b"])
    },
  )

  test("SseParser counts the data of a block whose type follows it", () => {
    const { calls, parser } = recordCalls({ maxEventSize: 10 })
    parser.feed("data: 12345678\n")
    expect(() => parser.feed("event: 12345678\n: after\n")).toThrow('"maxEventSize" of 10 characters was exceeded')
    expect(calls).toEqual([])
  })

  test("SseParser copies the carried bytes of a Buffer, whose owner may change it", () => {
    const { calls, parser } = recordCalls()
    const buffer = Buffer.from("data: \u20ac").subarray(0, 8)
    parser.feed(buffer)
    buffer.fill(0x41)
    parser.feed(Buffer.from([0xac, 0x0a, 0x0a]))
    expect(calls).toEqual(['message "\u20ac"'])
  })

  test.each([[{ BYTES_PER_ELEMENT: 1, length: 5 }], [Uint8Array], [new DataView(new ArrayBuffer(1))]])(
    "SseParser.feed() throws a TypeError for %o, and reads on afterwards",
    (chunk) => {
      const { calls, parser } = recordCalls()
      expect(() => parser.feed(chunk as never)).toThrow("the chunk must be a string or a Uint8Array")
      parser.feed("data: a\n\n")
      expect(calls).toEqual(['message "a"'])
    },
  )
})

describe("SseParser and large chunks of bytes", () => {
  const line = (length: number) => `data: ${"漢".repeat(length)}`

  test.each([
    ["one line", line(6000)],
    ["long lines", Array.from({ length: 9 }, (_, index) => line(2500 + index)).join("\n")],
    ["short lines", Array.from({ length: 3000 }, (_, index) => line(index % 5)).join("\n")],
    [
      "a long line between short ones",
      `${`${line(3)}\n`.repeat(500)}${line(9000)}\n${`${line(2)}\n`.repeat(500)}${line(1)}`,
    ],
    ["lines that end in CR", Array.from({ length: 900 }, (_, index) => line(index % 40)).join("\r")],
  ])("SseParser reads %s as from text, lenient and fatal", (_, text) => {
    const whole = `${text}\n\n`
    const expected = recordCalls()
    expected.parser.feed(whole)
    expect(expected.calls).toHaveLength(1)
    for (const fatal of [false, true]) {
      for (const size of [Infinity, 20_000, 8192, 8191]) {
        const { calls, parser } = recordCalls({ fatal })
        parser.feed("\n")
        for (const piece of pieces(utf8(whole), size)) parser.feed(piece)
        expect(calls).toEqual(expected.calls)
      }
    }
  })

  test("SseParser reads no unread bytes from an array that its owner changes", () => {
    const { calls, parser } = recordCalls()
    const bytes = utf8("data: 漢\n\n")
    parser.feed(bytes.subarray(0, 8))
    const rest = bytes.slice(8)
    bytes.fill(0x78)
    parser.feed(rest)
    expect(calls).toEqual(['message "漢"'])
  })
})

describe("SseParser and empty feeds", () => {
  test.each([false, true])("SseParser keeps a cut code point when it is fed empty text, with fatal %j", (fatal) => {
    const { calls, parser } = recordCalls({ fatal })
    parser.feed(utf8("data: é").subarray(0, 7))
    parser.feed("")
    parser.feed(new Uint8Array())
    parser.feed(Uint8Array.of(0xa9, 10, 10))
    expect(calls).toEqual(['message "é"'])
  })

  test("SseParser reads the rest of a chunk whose handler threw when it is fed empty text, and keeps a cut code point", () => {
    const { calls, parser } = recordCalls({
      onEvent({ data }) {
        calls.push(data)
        if (data === "a") throw new Error("a")
      },
    })
    const bytes = utf8("data: a\n\ndata: b\n\ndata: é\n\n")
    expect(() => parser.feed(bytes.subarray(0, -3))).toThrow("a")
    parser.feed("")
    expect(calls).toEqual(["a", "b"])
    parser.feed(bytes.subarray(-3))
    expect(calls).toEqual(["a", "b", "é"])
  })
})
