import { describe, expect, test } from "vitest"
import { SseMalformedError, SseParser, type SseEvent, type SseParserOptions } from "steadystream"

const utf8 = (text: string) => new TextEncoder().encode(text)

function record(options: SseParserOptions = {}) {
  const events: SseEvent[] = []
  const parser = new SseParser({ ...options, onEvent: (event) => events.push(event) })
  return { events, parser, data: () => events.map((event) => event.data) }
}

describe("SseParser and events", () => {
  test("SseParser passes every event with all four members in one order", () => {
    const { events, parser } = record()
    parser.feed("data: a\n\nid: 1\nevent: b\ndata: c\n\ndata: d\r\n\r\n")
    for (const event of events) expect(Object.keys(event)).toEqual(["event", "data", "id", "lastEventId"])
  })

  test("SseParser starts from the lastEventId option", () => {
    const { events, parser } = record({ lastEventId: "7" })
    parser.feed("data: a\n\n")
    expect(events).toEqual([{ event: "message", data: "a", id: undefined, lastEventId: "7" }])
  })

  test("SseParser dispatches at the second CR without waiting for the next character", () => {
    const { parser, data } = record()
    parser.feed("data: a\r\r")
    expect(data()).toEqual(["a"])
    parser.feed("\ndata: b\r\n\r")
    expect(data()).toEqual(["a", "b"])
  })

  test("SseParser calls onId at the blank line, before the event of the block", () => {
    const calls: string[] = []
    const parser = new SseParser({
      onId: (id) => calls.push(`id ${id}`),
      onEvent: (event) => calls.push(`event ${event.data}`),
    })
    parser.feed("id: 1\ndata: a\n")
    expect(calls).toEqual([])
    parser.feed("\nid: 2\n\n")
    expect(calls).toEqual(["id 1", "event a", "id 2"])
  })

  test("SseParser passes unknown lines to onUnknownLine, whole and at any cut", () => {
    const stream = 'error: {"message":"no"}\n{"a":1}\ndata: a\n\ndatax\n'
    for (let cut = 0; cut <= stream.length; cut++) {
      const lines: string[] = []
      const { parser, data } = record({ onUnknownLine: (line) => lines.push(line) })
      parser.feed(stream.slice(0, cut))
      parser.feed(stream.slice(cut))
      expect(lines).toEqual(['error: {"message":"no"}', '{"a":1}', "datax"])
      expect(data()).toEqual(["a"])
    }
  })

  test("SseParser passes long comments to onComment in pieces of any size", () => {
    const comments: string[] = []
    const { parser } = record({ onComment: (text) => comments.push(text) })
    for (const character of `: ${"x".repeat(500)}\n`) parser.feed(character)
    expect(comments).toEqual(["x".repeat(500)])
  })

  test("SseParser reads text after bytes, and replaces a code point that was cut between them with U+FFFD", () => {
    const { parser, data } = record()
    parser.feed(utf8("data: a🙂").slice(0, -2))
    parser.feed("b\n\n")
    expect(data()).toEqual(["a\uFFFDb"])
  })

  test("SseParser accepts empty chunks anywhere", () => {
    const { parser, data } = record()
    for (const chunk of ["", "\uFEFFdata: a\r", "", "\n", "", utf8(""), "\r", utf8(""), "\n", "data: b\n\n"])
      parser.feed(chunk)
    expect(data()).toEqual(["a", "b"])
  })

  test("SseParser reads views with an offset, and Buffers", () => {
    const { parser, data } = record()
    parser.feed(utf8("xxdata: a\n\nyy").subarray(2, 11))
    parser.feed(Buffer.from("data: b\n\n"))
    expect(data()).toEqual(["a", "b"])
  })

  test("SseParser reads chunks of any size and width the same", () => {
    const expected = Array.from({ length: 3000 }, (_, index) => `${index} é漢🙂${"—".repeat(index % 50)}`)
    const stream = utf8(expected.map((data, index) => `id: ${index}\r\ndata: ${data}\n\n`).join(""))
    for (const size of [stream.length, 65_536, 16_385, 16_384, 8192, 1000]) {
      const { parser, data } = record()
      for (let start = 0; start < stream.length; start += size) parser.feed(stream.subarray(start, start + size))
      expect(data()).toEqual(expected)
      expect(parser.lastEventId).toBe("2999")
    }
  })

  test("SseParser reads a large chunk without any LF", () => {
    const { parser, data } = record()
    parser.feed(utf8(`data: ${"漢".repeat(20_000)}\r\rdata: b\r\r`))
    expect(data().map((item) => item.length)).toEqual([20_000, 1])
  })
})

describe("SseParser.end() and SseParser.reset()", () => {
  test("SseParser.end() discards an unfinished block and reports it", () => {
    const { parser, data } = record()
    parser.feed("data: a\n\ndata: b")
    expect(parser.end()).toEqual({ incomplete: true })
    expect(parser.end()).toEqual({ incomplete: false })
    expect(data()).toEqual(["a"])
  })

  test.each(["data: a", "data: a\n", "data: a\r", "data: a\r\n"])("SseParser.end({ flush }) dispatches %j", (tail) => {
    const { parser, data } = record()
    parser.feed(tail)
    expect(parser.end({ flush: true })).toEqual({ incomplete: true })
    expect(data()).toEqual(["a"])
  })

  test("SseParser.end({ flush }) moves the cursor of an id-only block", () => {
    const { parser } = record()
    parser.feed("id: 5")
    parser.end({ flush: true })
    expect(parser.lastEventId).toBe("5")
  })

  test("SseParser.end({ flush }) dispatches a cut code point as U+FFFD", () => {
    const { parser, data } = record()
    parser.feed(utf8("data: a🙂").slice(0, -1))
    parser.end({ flush: true })
    expect(data()).toEqual(["a\uFFFD"])
  })

  test("SseParser.feed() throws after end() until reset()", () => {
    const { parser, data } = record()
    parser.end()
    expect(() => parser.feed("x")).toThrow(new TypeError("Cannot feed: the stream has ended; call reset() first"))
    parser.reset()
    parser.feed("data: a\n\n")
    expect(data()).toEqual(["a"])
  })

  test("SseParser.reset() clears everything but the cursor", () => {
    const { events, parser } = record()
    parser.feed("id: 1\n\nevent: x\nid: 2\ndata: a\ndata: pend")
    parser.feed(utf8("🙂").slice(0, 2))
    parser.reset()
    parser.feed("\uFEFFdata: b\n\n")
    expect(events).toEqual([{ event: "message", data: "b", id: undefined, lastEventId: "1" }])
    parser.reset({ lastEventId: "9" })
    expect(parser.lastEventId).toBe("9")
  })

  test("SseParser.reset() forgets that the last chunk ended in CR", () => {
    const { parser, data } = record()
    parser.feed("data: a\r\r")
    parser.reset()
    parser.feed("\ndata: b\n\n")
    expect(data()).toEqual(["a", "b"])
  })

  test("SseParser.feed() throws a TypeError for anything but text and bytes, and reads on afterwards", () => {
    const { parser, data } = record()
    for (const chunk of [undefined, null, 1, {}, [100], new Uint16Array(2), new ArrayBuffer(2)]) {
      expect(() => parser.feed(chunk as never)).toThrow(
        new TypeError("Cannot feed: the chunk must be a string or a Uint8Array"),
      )
    }
    parser.feed("data: a\n\n")
    expect(data()).toEqual(["a"])
  })
})

describe("SseParser with handlers that throw or call back", () => {
  const stream = "id: 1\ndata: a\n\n: c\nretry: 5\nfoo: x\ndata: b\ndata: b\n\nid: 2\n\ndata: c\n\n"

  /** Every handler call throws once. The calls must be the same as without throwing. */
  test.each(["text", "bytes", "large bytes"])("SseParser loses and repeats nothing when handlers throw, %s", (kind) => {
    const filler = kind === "large bytes" ? `: ${"x".repeat(40)}\n`.repeat(1000) : ""
    const whole = `${filler}${stream}${filler}${stream}`
    const calls: string[] = []
    const call = (name: string) => (value: unknown) => {
      if (value === "x".repeat(40)) return
      calls.push(`${name} ${JSON.stringify(value)}`)
      throw new Error(name)
    }
    const parser = new SseParser({
      onEvent: call("event"),
      onComment: call("comment"),
      onRetry: call("retry"),
      onId: call("id"),
      onUnknownLine: call("unknown"),
    })
    let thrown = 0
    const attempt = (run: () => void) => {
      try {
        run()
        return true
      } catch {
        thrown++
        return false
      }
    }
    attempt(() => parser.feed(kind === "text" ? whole : utf8(whole)))
    while (!attempt(() => parser.feed(""))) expect(thrown).toBeLessThan(100)
    const once = [
      'id "1"',
      'event {"event":"message","data":"a","id":"1","lastEventId":"1"}',
      'comment "c"',
      "retry 5",
      'unknown "foo: x"',
      'event {"event":"message","data":"b\\nb","lastEventId":"1"}',
      'id "2"',
      'event {"event":"message","data":"c","lastEventId":"2"}',
    ]
    expect(calls).toEqual([...once, ...once])
  })

  test("SseParser.end() reads the rest of a chunk whose handler threw before it ends", () => {
    const seen: string[] = []
    const parser = new SseParser({
      onEvent: ({ data }) => {
        seen.push(data)
        if (data === "a") throw new Error("first")
      },
    })
    expect(() => parser.feed("data: a\n\ndata: b\n\ndata: c")).toThrow("first")
    expect(parser.end()).toEqual({ incomplete: true })
    expect(seen).toEqual(["a", "b"])
  })

  test("SseParser dispatches the event of a block whose onId throws", () => {
    const seen: string[] = []
    const parser = new SseParser({
      onId: () => {
        throw new Error("id")
      },
      onEvent: ({ data }) => seen.push(data),
    })
    expect(() => parser.feed("id: 1\ndata: a\n\n")).toThrow("id")
    expect(seen).toEqual(["a"])
    expect(parser.lastEventId).toBe("1")
  })

  test("SseParser.feed() in a handler throws a TypeError and changes nothing", () => {
    const seen: string[] = []
    const parser: SseParser = new SseParser({
      onEvent: ({ data }) => {
        seen.push(data)
        expect(() => parser.feed("data: x\n\n")).toThrow(
          new TypeError("Cannot feed: a handler must not feed its own parser"),
        )
      },
    })
    parser.feed("data: a\n\ndata: b\n\n")
    expect(seen).toEqual(["a", "b"])
  })

  test.each(["text", "bytes"])("SseParser.reset() in a handler drops the rest of the chunk, %s", (kind) => {
    const whole = `data: a\n\n${"data: b\n\n".repeat(5000)}`
    const seen: string[] = []
    const parser: SseParser = new SseParser({
      onEvent: ({ data }) => {
        seen.push(data)
        parser.reset()
      },
    })
    parser.feed(kind === "text" ? whole : utf8(whole))
    expect(seen).toEqual(["a"])
    parser.feed("data: c\n\n")
    expect(seen).toEqual(["a", "c"])
  })

  test("SseParser.reset() in onId also drops the event of the block", () => {
    const seen: string[] = []
    const parser: SseParser = new SseParser({
      onId: () => parser.reset(),
      onEvent: ({ data }) => seen.push(data),
    })
    parser.feed("id: 1\ndata: a\n\ndata: b\n\n")
    expect(seen).toEqual([])
    expect(parser.lastEventId).toBe("1")
  })

  test("SseParser.end() in a handler ends the stream at once", () => {
    const seen: string[] = []
    const parser: SseParser = new SseParser({
      onEvent: ({ data }) => {
        seen.push(data)
        parser.end()
      },
    })
    parser.feed("data: a\n\ndata: b\n\n")
    expect(seen).toEqual(["a"])
    expect(() => parser.feed("data: c\n\n")).toThrow("the stream has ended")
  })
})

describe("SseParser with fatal", () => {
  const bad = Uint8Array.from([...utf8("data: a\n\ndata: b\n\ndata: "), 0xff, ...utf8("\n\ndata: c\n\n")])

  test("SseParser with fatal throws SseMalformedError at invalid bytes, after the events before them, at every cut", () => {
    for (let cut = 0; cut <= bad.length; cut++) {
      const { parser, data } = record({ fatal: true })
      expect(() => {
        parser.feed(bad.subarray(0, cut))
        parser.feed(bad.subarray(cut))
      }).toThrow(SseMalformedError)
      expect(data()).toEqual(["a", "b"])
      expect(() => parser.feed("data: d\n\n")).toThrow("the stream must be valid UTF-8; call reset() first")
    }
  })

  test.each([0, 9000])(
    "SseParser with fatal throws at invalid bytes also if a handler threw before, %d bytes",
    (more) => {
      for (const next of ["", utf8("data: d\n\n")]) {
        const seen: string[] = []
        const parser = new SseParser({
          fatal: true,
          onEvent: ({ data }) => {
            seen.push(data)
            throw new Error("mine")
          },
        })
        expect(() => parser.feed(Uint8Array.from([...utf8(`data: z${"\n:".padEnd(more, "x")}\n\n`), ...bad]))).toThrow(
          "mine",
        )
        expect(() => parser.feed(next)).toThrow("mine")
        expect(() => parser.feed(next)).toThrow("mine")
        expect(() => parser.feed(next)).toThrow(SseMalformedError)
        expect(seen).toEqual(["z", "a", "b"])
      }
    },
  )

  test("SseParser with fatal reads valid bytes at every cut", () => {
    const stream = utf8("\uFEFFdata: é漢🙂\n\n")
    for (let cut = 0; cut <= stream.length; cut++) {
      const { parser, data } = record({ fatal: true })
      parser.feed(stream.subarray(0, cut))
      parser.feed(stream.subarray(cut))
      expect(data()).toEqual(["é漢🙂"])
    }
  })

  test("SseParser.end() with fatal throws for a cut code point", () => {
    const { parser } = record({ fatal: true })
    parser.feed(utf8("data: 🙂").slice(0, -1))
    expect(() => parser.end()).toThrow(SseMalformedError)
  })
})
