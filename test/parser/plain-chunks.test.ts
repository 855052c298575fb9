/* The parser decodes a chunk of bytes that looks like one event with one line of data differently from all others. */
import { afterEach, describe, expect, test, vi } from "vitest"
import { SseLimitError, SseParser, type SseParserOptions } from "steadystream"
import { isSmallAndWhole, valueStart } from "../../src/parser/utf8.ts"

const utf8 = (text: string) => new TextEncoder().encode(text)

/** Enough chunks of one event that the parser expects the next chunk to be one event too. */
const RUN: readonly string[] = Array.from("012345678", (digit) => `data:${digit}\n\n`)

/** All calls of the handlers when `chunks` are fed as bytes, and when all of them are fed as one text. */
function bothWays(chunks: readonly (string | Uint8Array)[], options: SseParserOptions = {}): [string[], string[]] {
  const bytes = chunks.map((chunk) => (typeof chunk === "string" ? utf8(chunk) : chunk))
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(bytes))
  return [calls(bytes, options), calls([text], options)]
}

function calls(chunks: readonly (string | Uint8Array)[], options: SseParserOptions): string[] {
  const seen: string[] = []
  const push = (name: string) => (value: unknown) => void seen.push(`${name} ${JSON.stringify(value)}`)
  const parser = new SseParser({
    onEvent: push("event"),
    onComment: push("comment"),
    onRetry: push("retry"),
    onId: push("id"),
    onUnknownLine: push("unknown"),
    ...options,
  })
  try {
    for (const chunk of chunks) parser.feed(chunk)
  } catch (error) {
    seen.push(String(error))
  }
  return seen
}

describe("valueStart()", () => {
  test.each([
    ["data: x\n\n", 6],
    ["data:xy\n\n", 5],
    ["data:  \n\n", 6],
    ["data:x\n\n", 5],
  ])("valueStart() returns the start of the value in chunk %#", (text, start) => {
    expect(valueStart(utf8(text))).toBe(start)
  })

  test.each([
    "data:\n\n",
    "data: x\n",
    "data: x\nx",
    "data: x\r\n",
    "dxta: x\n\n",
    "daxa: x\n\n",
    "datx: x\n\n",
    "datax x\n\n",
    "",
  ])("valueStart() returns 0 for chunk %#", (text) => {
    expect(valueStart(utf8(text))).toBe(0)
  })
})

describe("isSmallAndWhole()", () => {
  test.each([
    ["x", true],
    ["x".repeat(8192), true],
    ["x".repeat(8193), false],
    ["xé", false],
    ["", false],
  ])("isSmallAndWhole() checks the length and the last character, %#", (text, expected) => {
    expect(isSmallAndWhole(utf8(text))).toBe(expected)
  })
})

describe("SseParser and chunks that are one event", () => {
  test.each<[string, (string | Uint8Array)[]]>([
    ["one after the other", ["data: a\n\n", "data:b\n\n", "data:  c\n\n", "data: 漢字 😀\n\n", "data: \n\n"]],
    ["of two lines", ["data: a\ndata: b\n\n", "data: c\n\n"]],
    ["of two events", ["data: a\n\ndata: b\n\n", "data: c\n\n", "data: d\ndata: e\n\n"]],
    ["with a CR inside", ["data: a\rdata: b\n\n", "data: c\n\n"]],
    ["with CRLF, too", ["data: a\r\n\n", "data: b\r\n\r\n", "data: c\n\n"]],
    ["after a line of data", ["data: a\n", "data: b\n\n"]],
    ["after a type", ["event: t\n", "data: b\n\n", "data: c\n\n"]],
    ["after an id", ["id: 1\n", "data: b\n\n", "data: c\n\n"]],
    ["after a line that is not over", ["foo: ", "data: b\n\n", "data: c\n\n"]],
    ["after half a field", ["data: ", "data: b\n\n", "data: c\n\n"]],
    ["after a CR", ["data: a\r", "\ndata: b\n\n", "data: c\n\n", "data: d\r", "data: e\n\n"]],
    ["after half a code point", [Uint8Array.of(0xe2, 0x82), "data: b\n\n", "data: c\n\n"]],
    ["with invalid bytes", [Uint8Array.of(...utf8("data: a"), 0xe2, ...utf8("\n\n")), "data: c\n\n"]],
    ["with a byte order mark for a value", ["data: \uFEFF\n\n", "data:\uFEFF\n\n"]],
    ["first, after a byte order mark", ["\uFEFFdata: a\n\n", "data: b\n\n"]],
  ])("SseParser reads a chunk that is one event %s", (_, chunks) => {
    const [bytes, text] = bothWays([...chunks, "data: z\n\n"])
    expect(bytes).toEqual(text)
    const [later, alike] = bothWays([...RUN, ...chunks, "data: z\n\n"])
    expect(later).toEqual(alike)
  })

  test.each<[string, SseParserOptions]>([
    ["data: 1234\n\n", { maxLineLength: 10 }],
    ["data:12345\n\n", { maxLineLength: 10 }],
    ["data: 1234\n\n", { maxEventSize: 4 }],
    ["data: 漢字漢字\n\n", { maxEventSize: 4 }],
  ])("SseParser counts %j, which is exactly at its limit, in characters", (event, options) => {
    const over = event.replace("\n", "5\n")
    expect(bothWays([...RUN, event], options)[0]).toHaveLength(RUN.length + 1)
    const [bytes, text] = bothWays([...RUN, event, over], options)
    expect(bytes).toEqual(text)
    expect(bytes.at(-1)).toContain(SseLimitError.name)
  })

  describe("SseParser and how much of a chunk it decodes", () => {
    afterEach(() => void vi.resetModules())

    /** The text that the parser decodes of each chunk after a series of chunks of one event. */
    async function decoded(chunks: readonly string[], options: SseParserOptions = {}): Promise<string[]> {
      vi.resetModules()
      const { SseParser: Fresh } = await import("../../src/parser/index.ts")
      const texts: string[] = []
      function utf8Slice(this: Uint8Array, start: number, end: number): string {
        texts.push(new TextDecoder().decode(this.subarray(start, end)))
        return texts.at(-1)!
      }
      vi.stubGlobal("Buffer", { prototype: { utf8Slice } })
      const parser = new Fresh(options)
      for (const chunk of [...RUN, ...chunks]) parser.feed(utf8(chunk))
      // Restored at once, because other code uses it.
      vi.unstubAllGlobals()
      return texts.slice(RUN.length)
    }

    test("SseParser decodes only the value of a chunk that is one event, in a series of such chunks", async () => {
      expect(await decoded(["data: ab\n\n", "data:cd\n\n", ": c\n", "data: e\n\n"])).toEqual([
        "ab",
        "cd",
        ": c\n",
        "data: e\n\n",
      ])
      expect(await decoded(["data: abc\n\n"], { maxLineLength: 9 })).toEqual(["abc"])
    })

    test("SseParser decodes a chunk again if it was wrongly read as one event, and later chunks once", async () => {
      const two = "data: a\n\ndata: b\n\n"
      expect(await decoded([two, two, two])).toEqual(["a\n\ndata: b", two, two, two])
      expect(await decoded(["data: a\rdata: b\n\n", two])).toEqual(["a\rdata: b", "data: a\rdata: b\n\n", two])
      expect(await decoded([two, ...RUN, "data: c\n\n"])).toEqual(["a\n\ndata: b", two, ...RUN.slice(0, 8), "8", "c"])
    })

    test("SseParser decodes a whole chunk that starts differently, and the chunk after it", async () => {
      const chunks = ["event: a\n\n", "data: b\n", "data: c\n\n", "data: d\n\n"]
      expect(await decoded(chunks)).toEqual(chunks)
      expect(await decoded(["data: ab\n\n"], { fatal: true })).toEqual(["data: ab\n\n"])
    })
  })

  test.each(["\uFEFFdata: d\n\n", "\ndata: d\n\n", "data: d\n\n"])(
    "SseParser reads %j as a new stream after a handler has reset it in a chunk that is one event",
    (chunk) => {
      const seen: string[] = []
      const parser: SseParser = new SseParser({
        onEvent({ data }) {
          seen.push(data)
          if (data === "c") parser.reset()
        },
      })
      for (const text of [...RUN, "data: c\n\n", chunk]) parser.feed(utf8(text))
      expect(seen.slice(RUN.length)).toEqual(["c", "d"])
    },
  )

  test("SseParser reads the rest of a chunk whose handler threw before a chunk that is one event", () => {
    const seen: string[] = []
    const parser = new SseParser({
      onEvent({ data }) {
        seen.push(data)
        if (data === "a") throw new Error("a")
      },
    })
    parser.feed(utf8("data: 0\n\n"))
    expect(() => parser.feed(utf8("data: a\n\ndata: b\n\n"))).toThrow("a")
    parser.feed(utf8("data: c\n\n"))
    expect(seen).toEqual(["0", "a", "b", "c"])
  })

  test("SseParser reads the unread one-event blocks of a chunk whose handler threw before a chunk that is one event", () => {
    const seen: string[] = []
    const parser = new SseParser({
      onEvent({ data }) {
        seen.push(data[0]!)
        if (data[0] === "8") throw new Error("8")
      },
    })
    const events = Array.from("0123456789", (digit) => `data: ${digit.repeat(5000)}\n\n`)
    parser.feed(":\n")
    expect(() => parser.feed(utf8(events.join("")))).toThrow("8")
    parser.feed(utf8("data: a\n\n"))
    expect(seen.join("")).toBe("0123456789a")
  })

  test("SseParser has ended after a chunk that is one event whose handler ends it", () => {
    const parser = new SseParser({ onEvent: ({ data }) => void (data === "b" && parser.end()) })
    parser.feed(utf8("data: a\n\n"))
    parser.feed(utf8("data: b\n\n"))
    expect(() => parser.feed(utf8("data: c\n\n"))).toThrow("the stream has ended")
  })
})
