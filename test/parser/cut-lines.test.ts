import { afterEach, describe, expect, test, vi } from "vitest"
import { recordCalls } from "../support/parser-calls.ts"

const utf8 = (text: string) => new TextEncoder().encode(text)

afterEach(() => void vi.restoreAllMocks())

describe("SseParser and lines cut into pieces", () => {
  test("SseParser does not read a piece of an unknown line as a field", () => {
    for (const rest of ["ata: evil\n\n", "ata: evil\r\rx", "ata: evil\r\n\r\n"]) {
      const { calls, parser } = recordCalls({ onUnknownLine: undefined })
      parser.feed("d-long-unknown")
      parser.feed(rest)
      expect(calls).toEqual([])
    }
  })

  test("SseParser drops only the LF directly after a CR", () => {
    const { calls, parser } = recordCalls()
    for (const piece of ["data: a", "b\rdata: c\n", "\n", "data: d", "\r", "\ndata: e\n", "\n"]) parser.feed(piece)
    expect(calls).toEqual(['message "ab\\nc"', 'message "d\\ne"'])
  })

  test("SseParser finds a CR behind the LF that ends a cut line", () => {
    const { calls, parser } = recordCalls()
    for (const piece of ["data: a", "b\n\ndata: c\r\rdata: d\r\n\r\n"]) parser.feed(piece)
    expect(calls).toEqual(['message "ab"', 'message "c"', 'message "d"'])
  })

  test("SseParser keeps the text after a cut line whose handler throws, also after another text", () => {
    const { calls, parser } = recordCalls({
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
    "SseParser drops the following text if the handler of %j resets and throws",
    (line) => {
      for (const throws of [false, true]) {
        for (const bytes of [false, true]) {
          const { calls, parser }: ReturnType<typeof recordCalls> = recordCalls({
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

test.each(Array.from({ length: 32 }, (_, code) => code))("SseParser keeps control character %d after a cut", (code) => {
  const character = String.fromCharCode(code)
  const { calls, parser } = recordCalls()
  parser.feed("\n: a")
  parser.feed(`${character}b\n`)
  const isLineEnd = character === "\n" || character === "\r"
  expect(calls).toEqual(isLineEnd ? ['comment "a"', 'unknown "b"'] : [`comment ${JSON.stringify(`a${character}b`)}`])
})
