import { afterEach, describe, expect, test, vi } from "vitest"
import { SseMalformedError, SseParser, type SseParserOptions } from "steadystream"

const utf8 = (text: string) => new TextEncoder().encode(text)

afterEach(() => void vi.restoreAllMocks())

/** The calls of all handlers, as text. */
function record(options: SseParserOptions = {}) {
  const calls: string[] = []
  const push = (name: string) => (value: unknown) => void calls.push(`${name} ${JSON.stringify(value)}`)
  const parser = new SseParser({
    onEvent: ({ event, data }) => void calls.push(`${event} ${JSON.stringify(data)}`),
    onComment: push("comment"),
    onRetry: push("retry"),
    onId: push("id"),
    onUnknownLine: push("unknown"),
    ...options,
  })
  return { calls, parser }
}

/** Text or bytes, cut into pieces of `size`. */
function* pieces<T extends string | Uint8Array>(whole: T, size: number): Generator<T> {
  for (let start = 0; start < whole.length; start += size) yield whole.slice(start, start + size) as T
}

describe("SseParser and names that are nearly those of fields", () => {
  const nearly = ["data", "event", "id", "retry"].flatMap((name) =>
    Array.from(name, (_, at) => `${name.slice(0, at)}x${name.slice(at + 1)}`).concat(
      `${name}x`,
      `x${name}`,
      name.slice(1),
    ),
  )

  test.each(nearly)("SseParser takes %j for an unknown field, with and without a colon", (name) => {
    for (const line of [`${name}: 1`, `${name}:1`, name]) {
      for (const size of [1, 2, 3, 100]) {
        const { calls, parser } = record()
        parser.feed("\n")
        for (const piece of pieces(`${line}\n${line}\r\n\n`, size)) parser.feed(piece)
        expect(calls).toEqual([`unknown "${line}"`, `unknown "${line}"`])
      }
    }
  })

  test("SseParser knows its fields without a colon, each with an empty value", () => {
    const { calls, parser } = record()
    parser.feed("event: a\nevent\nid: 1\nid\nretry\ndata\n\n")
    expect(calls).toEqual(['id ""', 'message ""'])
  })

  test("SseParser takes a retry of digits alone, after one space or none", () => {
    const { calls, parser } = record()
    parser.feed("retry:5\nretry: 6\nretry:  7\nretry: 8x\nretry: x retry: 9\nretry:\n")
    expect(calls).toEqual(["retry 5", "retry 6"])
  })
})

describe("SseParser and lines cut into pieces", () => {
  test("SseParser takes no piece of an unknown line for a field", () => {
    for (const rest of ["ata: evil\n\n", "ata: evil\r\rx", "ata: evil\r\n\r\n"]) {
      const { calls, parser } = record({ onUnknownLine: undefined })
      parser.feed("d-long-unknown")
      parser.feed(rest)
      expect(calls).toEqual([])
    }
  })

  test("SseParser drops no LF but the one after a CR", () => {
    const { calls, parser } = record()
    for (const piece of ["data: a", "b\rdata: c\n", "\n", "data: d", "\r", "\ndata: e\n", "\n"]) parser.feed(piece)
    expect(calls).toEqual(['message "ab\\nc"', 'message "d\\ne"'])
  })

  test("SseParser finds a CR behind the LF that ends a cut line", () => {
    const { calls, parser } = record()
    for (const piece of ["data: a", "b\n\ndata: c\r\rdata: d\r\n\r\n"]) parser.feed(piece)
    expect(calls).toEqual(['message "ab"', 'message "c"', 'message "d"'])
  })

  test("SseParser keeps what follows a cut line whose handler throws, also after another text", () => {
    const { calls, parser } = record({
      onComment: () => {
        throw new Error("mine")
      },
    })
    parser.feed(": com")
    expect(() => parser.feed("ment\ndata: a\n\nda")).toThrow("mine")
    parser.feed("ta: b\n\n")
    expect(calls).toEqual(['message "a"', 'message "b"'])
  })

  test.each([": comment\n", ": com|ment\n"])(
    "SseParser drops what follows where the handler of %j resets, and throws",
    (line) => {
      for (const throws of [false, true]) {
        for (const bytes of [false, true]) {
          const { calls, parser }: ReturnType<typeof record> = record({
            onComment: () => {
              parser.reset()
              if (throws) throw new Error("mine")
            },
          })
          const [first, second = ""] = line.split("|")
          const feed = (text: string) => parser.feed(bytes ? utf8(text) : text)
          const run = () => {
            feed(second === "" ? `${first}data: a\n\n` : first!)
            if (second !== "") feed(`${second}data: a\n\n`)
          }
          if (throws) expect(run).toThrow("mine")
          else run()
          feed("data: b\n\n")
          expect(calls).toEqual(['message "b"'])
        }
      }
    },
  )
})

describe("SseParser and NUL in ids", () => {
  test.each([10, 3000])("SseParser ignores exactly the ids with NUL, in a text of %d characters and more", (length) => {
    for (const id of ["\u0000", "\u00001", "1\u0000", "1\u00002"]) {
      const { calls, parser } = record()
      const filler = `: ${"x".repeat(length)}\n`
      parser.feed(`\n${filler}id: a\n\nid: ${id}\nx\0: y\n\nid: b\n${filler}\nid: ${id}\nid: c\n\n`)
      expect(calls.filter((call) => call.startsWith("id"))).toEqual(['id "a"', 'id "b"', 'id "c"'])
    }
  })
})

describe("SseParser without handlers", () => {
  test("SseParser moves its cursor where nobody listens", () => {
    const parser = new SseParser()
    parser.feed("retry: 5\nid: 1\ndata: a\n\nx\n: c\nid: 2\ndata: b\ndata: c\n\n")
    expect(parser.lastEventId).toBe("2")
    const onlyId = new SseParser({ onId: () => {} })
    onlyId.feed("id: 3\ndata: a\n\n")
    expect(onlyId.lastEventId).toBe("3")
  })
})

describe("SseParser refusals", () => {
  const oneLine = "data: 12345\n\n"

  test.each(["first", "later", "cut"])("SseParser counts the data of an event of one line, %s", (when) => {
    const { calls, parser } = record({ maxEventSize: 4 })
    const feed = () => {
      if (when === "later") parser.feed("\n")
      for (const piece of pieces(oneLine, when === "cut" ? 4 : 100)) parser.feed(piece)
    }
    expect(feed).toThrow("Cannot parse event stream: an event was over its limit of 4 characters")
    expect(calls).toEqual([])
    expect(() => parser.feed("x")).toThrow("Cannot feed: an event was over its limit; call reset() first")
    expect(parser.end()).toEqual({ incomplete: false })
    expect(() => parser.feed("x")).toThrow("an event was over its limit")
  })

  test("SseParser counts a line that is fed as one event", () => {
    const { calls, parser } = record({ maxLineLength: 11 })
    parser.feed("\n")
    parser.feed(oneLine)
    expect(() => parser.feed("data: 123456\n\n")).toThrow(
      "Cannot parse event stream: a line was over its limit of 11 characters",
    )
    expect(calls).toEqual(['message "12345"'])
  })

  test("SseParser names the limit that is not a number from 1", () => {
    expect(() => new SseParser({ maxEventSize: 0 })).toThrow(
      'Cannot use options: "maxEventSize" must be a number from 1, not 0',
    )
  })

  test("SseParser.feed() from a handler that has reset is a TypeError", () => {
    const seen: string[] = []
    const parser: SseParser = new SseParser({
      onEvent({ data }) {
        seen.push(data)
        parser.reset()
        expect(() => parser.feed("data: x\n\n")).toThrow("must not feed its own parser")
      },
    })
    parser.feed("data: a\n\ndata: b\n\n")
    parser.feed("data: c\n\n")
    expect(seen).toEqual(["a", "c"])
  })
})

describe("SseParser and what a handler must not do", () => {
  test("SseParser.feed() from a handler that has ended and reset is a TypeError, also one that end() calls", () => {
    const seen: string[] = []
    const parser: SseParser = new SseParser({
      onEvent({ data }) {
        seen.push(data)
        parser.end()
        parser.reset()
        expect(() => parser.feed("data: x\n\n")).toThrow("must not feed its own parser")
      },
    })
    parser.feed("data: a\n\ndata: b\n\n")
    parser.feed("data: c")
    parser.end({ flush: true })
    expect(seen).toEqual(["a", "c"])
  })

  test("SseParser calls its handlers as functions", () => {
    const seen: unknown[] = []
    function handler(this: unknown) {
      seen.push(this)
    }
    const parser = new SseParser({
      onEvent: handler,
      onComment: handler,
      onId: handler,
      onRetry: handler,
      onUnknownLine: handler,
    })
    parser.feed("\n:c\nretry:1\nx\nid:1\ndata:a\n\ndata:b\n\n")
    expect(seen).toEqual(Array.from({ length: 6 }))
  })
})

describe("SseParser and what waits", () => {
  const throwOnce = () => {
    const seen: string[] = []
    const onEvent = ({ data }: { data: string }) => {
      seen.push(data)
      if (seen.length === 1) throw new Error("mine")
    }
    return { seen, onEvent }
  }

  test.each([[[]], [[0xe2]], [[0x0a]]])(
    "SseParser reads what a throwing handler left at the next bytes, %j",
    (bytes) => {
      const { seen, onEvent } = throwOnce()
      const parser = new SseParser({ onEvent })
      expect(() => parser.feed("data: a\n\ndata: b\n\n")).toThrow("mine")
      parser.feed(Uint8Array.from(bytes))
      expect(seen).toEqual(["a", "b"])
    },
  )

  test.each([[[0xff, 0x0a]], [[0xe2]]])(
    "SseParser with fatal reads what a throwing handler left before invalid bytes, %j",
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

  test("SseParser counts the data of a block whose type comes after it", () => {
    const { calls, parser } = record({ maxEventSize: 10 })
    parser.feed("data: 12345678\n")
    expect(() => parser.feed("event: 12345678\n: after\n")).toThrow("an event was over its limit of 10 characters")
    expect(calls).toEqual([])
  })

  test("SseParser copies what it carries of a Buffer, which its owner may write on", () => {
    const { calls, parser } = record()
    const buffer = Buffer.from("data: \u20ac").subarray(0, 8)
    parser.feed(buffer)
    buffer.fill(0x41)
    parser.feed(Buffer.from([0xac, 0x0a, 0x0a]))
    expect(calls).toEqual(['message "\u20ac"'])
  })

  test.each([[{ BYTES_PER_ELEMENT: 1, length: 5 }], [Uint8Array], [new DataView(new ArrayBuffer(1))]])(
    "SseParser.feed() is a TypeError for %o, and reads on afterwards",
    (chunk) => {
      const { calls, parser } = record()
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
    const expected = record()
    expected.parser.feed(whole)
    expect(expected.calls).toHaveLength(1)
    for (const fatal of [false, true]) {
      for (const size of [Infinity, 20_000, 8192, 8191]) {
        const { calls, parser } = record({ fatal })
        parser.feed("\n")
        for (const piece of pieces(utf8(whole), size)) parser.feed(piece)
        expect(calls).toEqual(expected.calls)
      }
    }
  })

  test("SseParser takes what it has not read from no array that its owner writes on", () => {
    const { calls, parser } = record()
    const bytes = utf8("data: 漢\n\n")
    parser.feed(bytes.subarray(0, 8))
    const rest = bytes.slice(8)
    bytes.fill(0x78)
    parser.feed(rest)
    expect(calls).toEqual(['message "漢"'])
  })
})

describe("SseParser fatal at the edges", () => {
  test.each([[0x80], [0xbf], [0xc0], [0xc1], [0xf5], [0xff], [0xe2, 0x28], [0xf0, 0x80], [0xc3, 0xc3]])(
    "SseParser with fatal throws at once for a chunk that ends in %j, %j",
    (...bytes) => {
      const { calls, parser } = record({ fatal: true })
      const invalid = bytes.filter((byte) => typeof byte === "number")
      const run = () => {
        parser.feed(Uint8Array.from([...utf8("data: a\n\n"), ...invalid]))
        parser.feed(utf8("\n"))
      }
      expect(run).toThrow(SseMalformedError)
      expect(run).toThrow("it met invalid UTF-8; call reset() first")
      expect(calls).toEqual(['message "a"'])
    },
  )

  test("SseParser with fatal keeps a second byte order mark, wherever the chunks end", () => {
    const bytes = utf8("\uFEFF\uFEFFdata: a\n\n\uFEFFdata: b\n\ndata: \uFEFFc\n\n")
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { calls, parser } = record({ fatal: true })
      parser.feed(bytes.subarray(0, cut))
      parser.feed(bytes.subarray(cut))
      expect(calls).toEqual(['unknown "\uFEFFdata: a"', 'unknown "\uFEFFdata: b"', 'message "\uFEFFc"'])
    }
  })

  test.each(["\n", "\r", "\r\n"])(
    "SseParser with fatal gives what is before invalid bytes, lines ending in %j",
    (lineEnd) => {
      const filler = `: ${"x".repeat(100)}${lineEnd}`.repeat(100)
      for (const more of ["", filler]) {
        const text = `${more}data: a${lineEnd}${lineEnd}data: b${lineEnd}${lineEnd}data: `
        for (const invalid of [[0xff], [0xc0], [0xe2, 0x28], [0xe2, 0x82, 0x28], [0xed, 0xa0, 0x80]]) {
          const { calls, parser } = record({ fatal: true, onComment: undefined })
          expect(() => parser.feed(Uint8Array.from([...utf8(text), ...invalid, 10, 10]))).toThrow(SseMalformedError)
          expect(calls).toEqual(['message "a"', 'message "b"'])
        }
      }
    },
  )

  test("SseParser with fatal says what is wrong", () => {
    const { parser } = record({ fatal: true })
    expect(() => parser.feed(Uint8Array.of(0xff))).toThrow("Cannot decode the event stream: it must be valid UTF-8")
  })

  test("SseParser with fatal throws at the byte that a code point cannot go on with", () => {
    const { parser } = record({ fatal: true })
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

  test("SseParser with fatal refuses text after a cut code point, also where a handler throws at what is unread", () => {
    const { calls, parser } = record({
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

  test.each([10_000, 100_000, 1_000_000])(
    "SseParser with fatal decodes %d bytes no more than a few times",
    (length) => {
      const bytes = utf8("data: é\n".repeat(length / 9))
      bytes[bytes.length - 2] = 0xff
      let decoded = 0
      const { decode } = TextDecoder.prototype
      vi.spyOn(TextDecoder.prototype, "decode").mockImplementation(function (this: TextDecoder, input, options) {
        decoded += (input as Uint8Array | undefined)?.length ?? 0
        return decode.call(this, input, options)
      })
      const { parser } = record({ fatal: true })
      expect(() => parser.feed(bytes)).toThrow(SseMalformedError)
      // Once to the end, and the last piece of 64 KiB again for each half of it.
      expect(decoded).toBeGreaterThan(bytes.length / 2)
      expect(decoded).toBeLessThan(bytes.length + 2 * 65_536 + Math.min(bytes.length * 16, 14 * 65_536))
    },
  )

  test("SseParser with fatal drops the error that would follow when a handler resets it on unread text", () => {
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

test.each(Array.from({ length: 32 }, (_, code) => code))("SseParser keeps control character %d after a cut", (code) => {
  const character = String.fromCharCode(code)
  const { calls, parser } = record()
  parser.feed("\n: a")
  parser.feed(`${character}b\n`)
  const isLineEnd = character === "\n" || character === "\r"
  expect(calls).toEqual(isLineEnd ? ['comment "a"', 'unknown "b"'] : [`comment ${JSON.stringify(`a${character}b`)}`])
})

describe("SseParser and feeds of nothing", () => {
  test.each([false, true])("SseParser keeps a cut code point when fed empty text, with fatal %j", (fatal) => {
    const { calls, parser } = record({ fatal })
    parser.feed(utf8("data: é").subarray(0, 7))
    parser.feed("")
    parser.feed(new Uint8Array())
    parser.feed(Uint8Array.of(0xa9, 10, 10))
    expect(calls).toEqual(['message "é"'])
  })

  test("SseParser reads what a throwing handler left when fed empty text, and keeps a cut code point", () => {
    const { calls, parser } = record({
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

describe("SseParser.end() from a handler", () => {
  test("SseParser.end() from a handler reads no cut code point of the chunk", () => {
    const ends: unknown[] = []
    const parser: SseParser = new SseParser({ onEvent: () => void ends.push(parser.end()) })
    parser.feed(Uint8Array.from([...utf8("data: a\n\n"), 0xe2]))
    expect(ends).toEqual([{ incomplete: false }])
  })
})

describe("SseParser.end({ flush }) and handlers that throw", () => {
  const thrower = () => {
    throw new Error("handler")
  }

  test.each(["data: x\n: c", "data: x\nfoo", "data: x\nretry: 5", "data: x\r: c"])(
    "SseParser.end({ flush }) dispatches the block of %j where the handler of its last line throws",
    (text) => {
      const { calls, parser } = record({ onComment: thrower, onUnknownLine: thrower, onRetry: thrower })
      parser.feed(text)
      expect(() => parser.end({ flush: true })).toThrow("handler")
      expect(calls).toEqual(['message "x"'])
      expect(() => parser.feed("")).toThrow("the stream has ended")
    },
  )
})
