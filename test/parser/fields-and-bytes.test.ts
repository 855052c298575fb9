import { afterEach, describe, expect, test, vi } from "vitest"
import { SseMalformedError, SseParser } from "steadystream"
import { isOneEvent } from "../../src/parser/field.ts"
import { blockEnd, incompleteTail } from "../../src/parser/utf8.ts"
import { recordCalls } from "../support/parser-calls.ts"

/** Text or bytes, cut into pieces of `size`. */
function* pieces<T extends string | Uint8Array>(whole: T, size: number): Generator<T> {
  for (let start = 0; start < whole.length; start += size) yield whole.slice(start, start + size) as T
}

afterEach(() => void vi.restoreAllMocks())

const utf8 = (text: string) => new TextEncoder().encode(text)

describe("isOneEvent()", () => {
  test.each(["data:\n\n", "data: \n\n", "data:x\n\n", "data: x y\n\n", "data: data: x\n\n"])(
    "isOneEvent() returns true for %j",
    (text) => {
      expect(isOneEvent(text)).toBe(true)
    },
  )

  test.each([
    "",
    "\n",
    "\n\n",
    "data",
    "data\n\n",
    "data: x\n",
    "data: x\n\r",
    "data: x\nx",
    "data: x\n\n\n",
    "data: x\r\n\n",
    "data: x\r\n\r\n",
    "data: x\r\r",
    "data: x\rdata: y\n\n",
    "\rdata: x\n\n",
    "xata: x\n\n",
    "datx: x\n\n",
    ": data: x\n\n",
    "data: x\ndata: y\n\n",
    "data: x\n\ndata: y\n\n",
    "event: x\ndata: y\n\n",
  ])("isOneEvent() returns false for %j", (text) => {
    expect(isOneEvent(text)).toBe(false)
  })
})

describe("incompleteTail()", () => {
  test.each([
    [[], 0],
    [[0x41], 0],
    [[0x80], 0],
    [[0x80, 0x80, 0x80, 0x80], 0],
    [[0xc2], 1],
    [[0xdf], 1],
    [[0xdf, 0x80], 0],
    [[0xe0], 1],
    [[0xe0, 0xa0], 2],
    [[0xef, 0x80, 0x80], 0],
    [[0xf0], 1],
    [[0xf0, 0x9f], 2],
    [[0xf0, 0x9f, 0x98], 3],
    [[0xf0, 0x9f, 0x98, 0x80], 0],
    [[0xf4, 0x8f], 2],
    [[0x41, 0xe2, 0x82], 2],
    [[0xe2, 0x41], 0],
  ])("incompleteTail() of %j returns %d", (bytes, length) => {
    expect(incompleteTail(Uint8Array.from(bytes), bytes.length)).toBe(length)
    expect(incompleteTail(Uint8Array.from([...bytes, 0x41]), bytes.length)).toBe(length)
  })
})

describe("blockEnd()", () => {
  const x = (length: number) => "x".repeat(length)
  const end = (text: string, start = 0, length = text.length) => blockEnd(utf8(text), start, length)

  test("blockEnd() accepts a whole input that is not larger than a block", () => {
    expect(end(`${x(10)}\n${x(20)}`)).toBe(31)
    expect(end(`${x(10)}\n${x(8181)}`)).toBe(8192)
    expect(end(`${x(5000)}\n${x(8181)}`, 5001)).toBe(13_182)
  })

  test("blockEnd() ends a block after the last line end in it", () => {
    expect(end(`${x(10)}\n${x(20)}\n${x(9000)}`)).toBe(32)
    expect(end(`${x(8192)}\n${x(20)}`)).toBe(8193)
    expect(end(`${x(100)}\n${x(50)}\n${x(9000)}`, 101)).toBe(152)
  })

  test("blockEnd() searches only the block, wherever it starts", () => {
    const lines = `${x(99)}\n`.repeat(300)
    expect(end(lines, 100)).toBe(8200)
    expect(end(lines, 12_345)).toBe(20_500)
    expect(end(lines + x(9000) + lines, 30_000)).toBe(39_100)
  })

  test("blockEnd() continues to the next line end if the block has none, or to the end of the input", () => {
    expect(end(`${x(9000)}\n${x(20)}`)).toBe(9001)
    expect(end(`x\n${x(9000)}\n${x(20)}`, 2)).toBe(9003)
    expect(end(x(20_000))).toBe(20_000)
    expect(end(`${x(9000)}\n${x(20)}`, 0, 8500)).toBe(8500)
    expect(end(`${x(9000)}\n${x(20)}`, 0, 9001)).toBe(9001)
  })
})

describe("decodeUtf8()", () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })

  /** The result of the module's first call with these globals. */
  async function decoded(globals: Readonly<Record<string, unknown>>): Promise<string[]> {
    vi.resetModules()
    const { decodeUtf8 } = await import("../../src/parser/utf8.ts")
    const bytes = utf8("\uFEFFa漢\uFEFFb")
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value)
    const texts = [decodeUtf8(bytes, 0, bytes.length), decodeUtf8(bytes, 3, 7), decodeUtf8(Uint8Array.of(0xff), 0, 1)]
    vi.unstubAllGlobals()
    return texts
  }

  const EXPECTED = ["\uFEFFa漢\uFEFFb", "a漢", "\uFFFD"]

  test("decodeUtf8() returns the same with and without Node's native functions", async () => {
    expect(await decoded({})).toEqual(EXPECTED)
    expect(await decoded({ Buffer: undefined })).toEqual(EXPECTED)
    expect(await decoded({ Buffer: { prototype: {} } })).toEqual(EXPECTED)
  })

  test("decodeUtf8() uses the Buffer of Node, and not the one of Deno", async () => {
    const utf8Slice = vi.fn<() => string>(() => "mine")
    const Buffer = { prototype: { utf8Slice } }
    expect(await decoded({ Buffer })).toEqual(["mine", "mine", "mine"])
    expect(await decoded({ Buffer, Deno: {} })).toEqual(EXPECTED)
  })

  test("SseParser reads text if the platform cannot decode bytes", async () => {
    vi.resetModules()
    const { SseParser: Fresh } = await import("../../src/parser/index.ts")
    const seen: string[] = []
    const parser = new Fresh({ onEvent: ({ data }) => seen.push(data) })
    vi.stubGlobal("Buffer", undefined)
    vi.stubGlobal("TextDecoder", undefined)
    expect(() => parser.feed(Uint8Array.of(0x41))).toThrow(
      new TypeError("Cannot read event stream: the platform must have TextDecoder; pass text"),
    )
    vi.unstubAllGlobals()
    parser.reset()
    parser.feed("data: a\n\n")
    expect(seen).toEqual(["a"])
  })
})

describe("SseParser and large chunks whose handler throws", () => {
  const filler = ": filler\n".repeat(2000)

  test("SseParser with fatal dispatches the valid events before invalid bytes, also at the next text", () => {
    const seen: string[] = []
    const parser = new SseParser({
      fatal: true,
      onEvent({ data }) {
        seen.push(data)
        if (data === "z") throw new Error("mine")
      },
    })
    const bytes = [...utf8(`data: z\n\n${filler}data: a\n\n`), 0xff, 10]
    expect(() => parser.feed(Uint8Array.from(bytes))).toThrow("mine")
    expect(() => parser.feed("data: b\n\n")).toThrow(SseMalformedError)
    expect(seen).toEqual(["z", "a"])
  })

  test("SseParser drops the following bytes if a handler resets and throws", () => {
    const seen: string[] = []
    const parser: SseParser = new SseParser({
      onEvent({ data }) {
        seen.push(data)
        if (data !== "z") return
        parser.reset()
        throw new Error("mine")
      },
    })
    expect(() => parser.feed(utf8(`data: z\n\n${filler}data: a\n\n`))).toThrow("mine")
    parser.feed(utf8("data: b\n\n"))
    expect(seen).toEqual(["z", "b"])
  })
})

describe("SseParser and names that resemble fields", () => {
  const nearly = ["data", "event", "id", "retry"].flatMap((name) =>
    Array.from(name, (_, at) => `${name.slice(0, at)}x${name.slice(at + 1)}`).concat(
      `${name}x`,
      `x${name}`,
      name.slice(1),
    ),
  )

  test.each(nearly)("SseParser treats %j as an unknown field, with and without a colon", (name) => {
    for (const line of [`${name}: 1`, `${name}:1`, name]) {
      for (const size of [1, 2, 3, 100]) {
        const { calls, parser } = recordCalls()
        parser.feed("\n")
        for (const piece of pieces(`${line}\n${line}\r\n\n`, size)) parser.feed(piece)
        expect(calls).toEqual([`unknown "${line}"`, `unknown "${line}"`])
      }
    }
  })

  test("SseParser reads its fields without a colon as empty values", () => {
    const { calls, parser } = recordCalls()
    parser.feed("event: a\nevent\nid: 1\nid\nretry\ndata\n\n")
    expect(calls).toEqual(['id ""', 'message ""'])
  })

  test("SseParser accepts a retry only of digits, after at most one space", () => {
    const { calls, parser } = recordCalls()
    parser.feed("retry:5\nretry: 6\nretry:  7\nretry: 8x\nretry: x retry: 9\nretry:\n")
    expect(calls).toEqual(["retry 5", "retry 6"])
  })
})

describe("SseParser and NUL in ids", () => {
  test.each([10, 3000])("SseParser ignores only the ids with NUL, in a text of %d characters or more", (length) => {
    for (const id of ["\u0000", "\u00001", "1\u0000", "1\u00002"]) {
      const { calls, parser } = recordCalls()
      const filler = `: ${"x".repeat(length)}\n`
      parser.feed(`\n${filler}id: a\n\nid: ${id}\nx\0: y\n\nid: b\n${filler}\nid: ${id}\nid: c\n\n`)
      expect(calls.filter((call) => call.startsWith("id"))).toEqual(['id "a"', 'id "b"', 'id "c"'])
    }
  })
})
