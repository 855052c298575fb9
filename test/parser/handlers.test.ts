import { afterEach, describe, expect, test, vi } from "vitest"
import { SseParser } from "steadystream"
import { recordCalls } from "../support/parser-calls.ts"

const utf8 = (text: string) => new TextEncoder().encode(text)

afterEach(() => void vi.restoreAllMocks())

describe("SseParser without handlers", () => {
  test("SseParser moves its cursor without handlers", () => {
    const parser = new SseParser()
    parser.feed("retry: 5\nid: 1\ndata: a\n\nx\n: c\nid: 2\ndata: b\ndata: c\n\n")
    expect(parser.lastEventId).toBe("2")
    const onlyId = new SseParser({ onId: () => {} })
    onlyId.feed("id: 3\ndata: a\n\n")
    expect(onlyId.lastEventId).toBe("3")
  })
})

describe("SseParser and forbidden calls in a handler", () => {
  test("SseParser.feed() in a handler that has ended and reset throws a TypeError, also if end() calls the handler", () => {
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

describe("SseParser.end() in a handler", () => {
  test("SseParser.end() in a handler does not read a cut code point of the chunk", () => {
    const ends: unknown[] = []
    const parser: SseParser = new SseParser({ onEvent: () => void ends.push(parser.end()) })
    parser.feed(Uint8Array.from([...utf8("data: a\n\n"), 0xe2]))
    expect(ends).toEqual([{ incomplete: false }])
  })
})

describe("SseParser.end({ flush }) with a handler that throws", () => {
  const thrower = () => {
    throw new Error("handler")
  }

  test.each(["data: x\n: c", "data: x\nfoo", "data: x\nretry: 5", "data: x\r: c"])(
    "SseParser.end({ flush }) dispatches the block of %j if the handler of its last line throws",
    (text) => {
      const { calls, parser } = recordCalls({ onComment: thrower, onUnknownLine: thrower, onRetry: thrower })
      parser.feed(text)
      expect(() => parser.end({ flush: true })).toThrow("handler")
      expect(calls).toEqual(['message "x"'])
      expect(() => parser.feed("")).toThrow("the stream has ended")
    },
  )
})
