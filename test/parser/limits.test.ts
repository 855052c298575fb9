import { afterEach, describe, expect, test, vi } from "vitest"
import { type SseEvent, SseLimitError, SseParser, type SseParserOptions } from "steadystream"
import { recordCalls } from "../support/parser-calls.ts"

/** Text or bytes, cut into pieces of `size`. */
function* pieces<T extends string | Uint8Array>(whole: T, size: number): Generator<T> {
  for (let start = 0; start < whole.length; start += size) yield whole.slice(start, start + size) as T
}

afterEach(() => void vi.restoreAllMocks())

/** Feeds until the parser throws, and returns the events before the error and the error. */
function feedAll(chunks: Iterable<string | Uint8Array>, options: SseParserOptions) {
  const events: SseEvent[] = []
  const parser = new SseParser({ ...options, onEvent: (event) => events.push(event) })
  let error: unknown
  for (const chunk of chunks) {
    try {
      parser.feed(chunk)
    } catch (thrown) {
      error = thrown
      break
    }
  }
  return { events: events.map((event) => event.data), error, parser }
}

function* everyCut(text: string): Generator<(string | Uint8Array)[]> {
  const bytes = new TextEncoder().encode(text)
  for (let cut = 0; cut <= text.length; cut++) yield [text.slice(0, cut), text.slice(cut)]
  for (let cut = 0; cut <= bytes.length; cut++) yield [bytes.slice(0, cut), bytes.slice(cut)]
  yield text.split("")
}

const refused = (limit: string, max: number) =>
  expect.objectContaining({ name: "SseLimitError", code: "limit", limit, max, retryable: false })

describe("SseParser limits", () => {
  test("SseParser accepts a line of exactly maxLineLength and rejects one more character, at every cut", () => {
    for (const lineEnd of ["\n", "\r", "\r\n"]) {
      const longest = `data: ${"x".repeat(4)}`
      for (const chunks of everyCut(`${longest}${lineEnd}${lineEnd}`)) {
        expect(feedAll(chunks, { maxLineLength: 10 })).toMatchObject({ events: ["xxxx"], error: undefined })
      }
      for (const chunks of everyCut(`data: a${lineEnd}${lineEnd}${longest}y${lineEnd}${lineEnd}`)) {
        expect(feedAll(chunks, { maxLineLength: 10 })).toMatchObject({
          events: ["a"],
          error: refused("maxLineLength", 10),
        })
      }
    }
  })

  test("SseParser counts comments and unknown fields as lines, at every cut", () => {
    for (const line of [": comment", "unknown: x", "x", "retry: 12345678", "id: 123456789"]) {
      for (const chunks of everyCut(`data: a\n\n${line.padEnd(12, "_")}\n`)) {
        expect(feedAll(chunks, { maxLineLength: 11 })).toMatchObject({
          events: ["a"],
          error: refused("maxLineLength", 11),
        })
      }
    }
  })

  test("SseParser accepts an event of exactly maxEventSize and rejects one more character, at every cut", () => {
    const whole = "event: abc\nid: 12\ndata: 345\ndata: 789\n\n"
    for (const chunks of everyCut(`${whole}${whole}`)) {
      expect(feedAll(chunks, { maxEventSize: 12 })).toMatchObject({
        events: ["345\n789", "345\n789"],
        error: undefined,
      })
    }
    for (const chunks of everyCut(`${whole}${whole.replace("789", "7890")}${whole}`)) {
      expect(feedAll(chunks, { maxEventSize: 12 })).toMatchObject({
        events: ["345\n789"],
        error: refused("maxEventSize", 12),
      })
    }
  })

  test("SseParser counts type and id alone against maxEventSize", () => {
    expect(feedAll(["event: abcde\n"], { maxEventSize: 4 }).error).toEqual(refused("maxEventSize", 4))
    expect(feedAll(["id: abcde\n"], { maxEventSize: 4 }).error).toEqual(refused("maxEventSize", 4))
    expect(feedAll(["event: abcde\nevent: ab\n"], { maxEventSize: 5 }).error).toBeUndefined()
  })

  test("SseParser counts characters, not bytes", () => {
    expect(
      feedAll([new TextEncoder().encode("data: 漢漢漢漢\n\n")], { maxLineLength: 10, maxEventSize: 4 }),
    ).toMatchObject({
      events: ["漢漢漢漢"],
      error: undefined,
    })
  })

  test("SseParser rejects an endless line when it passes the limit, also in bytes", () => {
    const chunk = new TextEncoder().encode("x".repeat(1000))
    for (const start of ["data: ", ": ", "unknown", ""]) {
      let fed = 0
      const parser = new SseParser({ maxLineLength: 10_000 })
      parser.feed(start)
      expect(() => {
        for (; fed < 100; fed++) parser.feed(chunk)
      }).toThrow(SseLimitError)
      expect(fed).toBeLessThanOrEqual(10)
    }
  })

  test("SseParser rejects an endless event of short lines", () => {
    let lines = 0
    const parser = new SseParser({ maxEventSize: 10_000 })
    expect(() => {
      for (; lines < 100_000; lines++) parser.feed("data: 12345678\n")
    }).toThrow(SseLimitError)
    expect(lines).toBe(Math.floor(10_000 / 9))
  })

  test("SseParser accepts endless comments in a block", () => {
    const { error, parser } = feedAll(
      Array.from({ length: 2000 }, () => ": keep-alive\n"),
      {
        maxLineLength: 100,
        maxEventSize: 100,
      },
    )
    expect(error).toBeUndefined()
    expect(parser.end()).toEqual({ incomplete: false })
  })

  test("SseParser throws one SseLimitError, then rejects input until reset()", () => {
    const { error, parser } = feedAll(["id: 1\ndata: a\n\ndata: too long\n\n"], { maxLineLength: 8 })
    expect(error).toBeInstanceOf(SseLimitError)
    expect(() => parser.feed("data: b\n\n")).toThrow(
      new TypeError('Cannot feed: "maxLineLength" was exceeded; call reset() first'),
    )
    expect(parser.end()).toEqual({ incomplete: false })
    parser.reset()
    parser.feed("data: b\n\n")
    expect(parser.lastEventId).toBe("1")
  })

  test("SseParser has limits of 16 Mi characters by default", () => {
    const max = 16 * 1024 * 1024
    const { events, error } = feedAll([`data:${"x".repeat(max - 5)}\n\n`, `data:${"x".repeat(max - 4)}\n\n`], {})
    expect(events.map((data) => data.length)).toEqual([max - 5])
    expect(error).toEqual(refused("maxLineLength", max))
    const half = `data:${"x".repeat(max / 2)}\n`
    expect(feedAll([half, half], {}).error).toEqual(refused("maxEventSize", max))
  })

  test.each([0, -1, Number.NaN])("SseParser rejects a limit of %d", (limit) => {
    expect(() => new SseParser({ maxLineLength: limit })).toThrow(RangeError)
    expect(() => new SseParser({ maxEventSize: limit })).toThrow(RangeError)
  })

  test("SseParser treats Infinity as no limit", () => {
    expect(feedAll(["data: a\n\n"], { maxLineLength: Infinity, maxEventSize: Infinity }).events).toEqual(["a"])
  })
})

describe("SseParser and its rejections", () => {
  const oneLine = "data: 12345\n\n"

  test.each(["first", "later", "cut"])("SseParser counts the data of an event of one line, %s", (when) => {
    const { calls, parser } = recordCalls({ maxEventSize: 4 })
    const feed = () => {
      if (when === "later") parser.feed("\n")
      for (const piece of pieces(oneLine, when === "cut" ? 4 : 100)) parser.feed(piece)
    }
    expect(feed).toThrow('Cannot parse event stream: "maxEventSize" of 4 characters was exceeded')
    expect(calls).toEqual([])
    expect(() => parser.feed("x")).toThrow('Cannot feed: "maxEventSize" was exceeded; call reset() first')
    expect(parser.end()).toEqual({ incomplete: false })
    expect(() => parser.feed("x")).toThrow('"maxEventSize" was exceeded')
  })

  test("SseParser counts a line that is fed as one event", () => {
    const { calls, parser } = recordCalls({ maxLineLength: 11 })
    parser.feed("\n")
    parser.feed(oneLine)
    expect(() => parser.feed("data: 123456\n\n")).toThrow(
      'Cannot parse event stream: "maxLineLength" of 11 characters was exceeded',
    )
    expect(calls).toEqual(['message "12345"'])
  })

  test("SseParser names the limit that is not a number of at least 1", () => {
    expect(() => new SseParser({ maxEventSize: 0 })).toThrow(
      'Cannot use options: "maxEventSize" must be a number from 1, not 0',
    )
  })

  test("SseParser.feed() in a handler that has reset throws a TypeError", () => {
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
