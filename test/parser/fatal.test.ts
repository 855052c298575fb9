import { afterEach, describe, expect, test, vi } from "vitest"
import { SseMalformedError, SseParser } from "steadystream"
import { recordCalls } from "../support/parser-calls.ts"

const utf8 = (text: string) => new TextEncoder().encode(text)

afterEach(() => void vi.restoreAllMocks())

describe("SseParser with fatal", () => {
  test.each([[0x80], [0xbf], [0xc0], [0xc1], [0xf5], [0xff], [0xe2, 0x28], [0xf0, 0x80], [0xc3, 0xc3]])(
    "SseParser with fatal throws at once for a chunk that ends in %j, %j",
    (...bytes) => {
      const { calls, parser } = recordCalls({ fatal: true })
      const invalid = bytes.filter((byte) => typeof byte === "number")
      const run = () => {
        parser.feed(Uint8Array.from([...utf8("data: a\n\n"), ...invalid]))
        parser.feed(utf8("\n"))
      }
      expect(run).toThrow(SseMalformedError)
      expect(run).toThrow("the stream must be valid UTF-8; call reset() first")
      expect(calls).toEqual(['message "a"'])
    },
  )

  test("SseParser with fatal keeps a second byte order mark, wherever the chunks end", () => {
    const bytes = utf8("\uFEFF\uFEFFdata: a\n\n\uFEFFdata: b\n\ndata: \uFEFFc\n\n")
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { calls, parser } = recordCalls({ fatal: true })
      parser.feed(bytes.subarray(0, cut))
      parser.feed(bytes.subarray(cut))
      expect(calls).toEqual(['unknown "\uFEFFdata: a"', 'unknown "\uFEFFdata: b"', 'message "\uFEFFc"'])
    }
  })

  test.each(["\n", "\r", "\r\n"])(
    "SseParser with fatal dispatches the events before invalid bytes, lines ending in %j",
    (lineEnd) => {
      const filler = `: ${"x".repeat(100)}${lineEnd}`.repeat(100)
      for (const more of ["", filler]) {
        const text = `${more}data: a${lineEnd}${lineEnd}data: b${lineEnd}${lineEnd}data: `
        for (const invalid of [[0xff], [0xc0], [0xe2, 0x28], [0xe2, 0x82, 0x28], [0xed, 0xa0, 0x80]]) {
          const { calls, parser } = recordCalls({ fatal: true, onComment: undefined })
          expect(() => parser.feed(Uint8Array.from([...utf8(text), ...invalid, 10, 10]))).toThrow(SseMalformedError)
          expect(calls).toEqual(['message "a"', 'message "b"'])
        }
      }
    },
  )

  test("SseParser with fatal names the fault in its message", () => {
    const { parser } = recordCalls({ fatal: true })
    expect(() => parser.feed(Uint8Array.of(0xff))).toThrow("Cannot parse event stream: it must be valid UTF-8")
  })

  test("SseParser with fatal throws at the byte that cannot continue a code point", () => {
    const { parser } = recordCalls({ fatal: true })
    expect(() => parser.feed(Uint8Array.of(0xf0, 0x80))).toThrow(SseMalformedError)
  })

  test.each([0, 9000])("SseParser with fatal drops invalid bytes %d further on when a handler resets it", (length) => {
    const events: string[] = []
    const parser = new SseParser({
      fatal: true,
      onEvent({ data }) {
        events.push(data)
        if (data === "a") parser.reset()
      },
    })
    parser.feed(Uint8Array.from([...utf8(`data: a\n\n:${"x".repeat(length)}\n`), 0xff]))
    parser.feed("data: b\n\n")
    expect(events).toEqual(["a", "b"])
  })

  test("SseParser with fatal rejects text after a cut code point, also if a handler throws in unread text", () => {
    const { calls, parser } = recordCalls({
      fatal: true,
      onEvent: ({ data }) => {
        calls.push(data)
        throw new Error(data)
      },
    })
    expect(() => parser.feed(Uint8Array.from([...utf8("data: a\n\ndata: b\n\n"), 0xe2, 0x82]))).toThrow("a")
    expect(() => parser.feed("data: c\n\n")).toThrow("b")
    expect(() => parser.feed(Uint8Array.of(0xac, 10, 10))).toThrow(SseMalformedError)
    expect(calls).toEqual(["a", "b"])
  })

  test.each([10_000, 100_000, 1_000_000])("SseParser with fatal decodes %d bytes at most a few times", (length) => {
    const bytes = utf8("data: é\n".repeat(length / 9))
    bytes[bytes.length - 2] = 0xff
    let decoded = 0
    const { decode } = TextDecoder.prototype
    vi.spyOn(TextDecoder.prototype, "decode").mockImplementation(function (this: TextDecoder, input, options) {
      decoded += (input as Uint8Array | undefined)?.length ?? 0
      return decode.call(this, input, options)
    })
    const { parser } = recordCalls({ fatal: true })
    expect(() => parser.feed(bytes)).toThrow(SseMalformedError)
    // Once in full, and then the last piece of 64 KiB again for each halving.
    expect(decoded).toBeGreaterThan(bytes.length / 2)
    expect(decoded).toBeLessThan(bytes.length + 2 * 65_536 + Math.min(bytes.length * 16, 14 * 65_536))
  })

  test("SseParser with fatal drops the pending error when a handler resets it in unread text", () => {
    const events: string[] = []
    const parser = new SseParser({
      fatal: true,
      onEvent({ data }) {
        events.push(data)
        if (data === "a") throw new Error("a")
        if (data === "b") parser.reset()
      },
    })
    expect(() => parser.feed(Uint8Array.from([...utf8("data: a\n\ndata: b\n\n"), 0xff]))).toThrow("a")
    parser.feed("data: c\n\n")
    parser.feed("data: d\n\n")
    expect(events).toEqual(["a", "b", "d"])
  })
})
