import { describe, expect, test } from "vitest"
import { encodeComment, encodeEvent, encodeRetry, SseParser, type SseEvent, type SseEventInit } from "steadystream"

function parse(text: string) {
  const events: SseEvent[] = []
  const comments: string[] = []
  const retries: number[] = []
  const parser = new SseParser({
    onEvent: (event) => events.push(event),
    onComment: (comment) => comments.push(comment),
    onRetry: (ms) => retries.push(ms),
  })
  parser.feed(text)
  return { events, comments, retries, lastEventId: parser.lastEventId, ...parser.end() }
}

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

const invalid = (Kind: typeof TypeError | typeof RangeError, message: string) => {
  const error = new Kind(`Cannot encode event: ${message}`)
  return Object.assign(error, { code: "invalid-field" })
}

describe("encodeEvent() output", () => {
  test.each<[SseEventInit, string]>([
    [{ data: "a" }, "data: a\n\n"],
    [{ data: "" }, "data:\n\n"],
    [{ data: "a\nb" }, "data: a\ndata: b\n\n"],
    [{ data: "a\rb\r\nc" }, "data: a\ndata: b\ndata: c\n\n"],
    [{ data: "\n" }, "data: \ndata: \n\n"],
    [{ data: "a\n\n" }, "data: a\ndata: \ndata: \n\n"],
    [{ data: "\r\r\n\n" }, "data: \ndata: \ndata: \ndata: \n\n"],
    [{ data: " a " }, "data:  a \n\n"],
    [{ data: ": a" }, "data: : a\n\n"],
    [{ event: "tick", data: "a" }, "event: tick\ndata: a\n\n"],
    [{ event: "tick" }, "event: tick\ndata:\n\n"],
    [{ event: "message", data: "a" }, "data: a\n\n"],
    [{ event: "", data: "a" }, "data: a\n\n"],
    [{ event: "message" }, "data:\n\n"],
    [{ event: "" }, "data:\n\n"],
    [{ id: "1" }, "id: 1\n\n"],
    [{ id: "" }, "id: \n\n"],
    [{ id: " 1" }, "id:  1\n\n"],
    [{ retry: 0 }, "retry: 0\n\n"],
    [{ retry: 2_147_483_647 }, "retry: 2147483647\n\n"],
    [{ comment: "hi" }, ": hi\n\n"],
    [{ comment: "" }, ":\n\n"],
    [{ comment: "a\r\nb\rc\nd" }, ": a\n: b\n: c\n: d\n\n"],
    [{ comment: "c", event: "e", id: "1", retry: 5, data: "d" }, ": c\nevent: e\nid: 1\nretry: 5\ndata: d\n\n"],
    [{ data: "a", id: undefined, event: undefined, retry: undefined, comment: undefined }, "data: a\n\n"],
  ])("encodeEvent(%j) returns the specified block", (init, text) => {
    expect(encodeEvent(init)).toBe(text)
  })

  test("encodeEvent() writes a parsed event so that it parses to the same event", () => {
    const event: SseEvent = { event: "x", data: " a\n\nb\n", id: "7", lastEventId: "7" }
    expect(parse(encodeEvent(event)).events).toEqual([event])
  })

  test("encodeEvent() passes U+0085, U+2028, U+2029, VT, FF, NUL and a byte order mark in data", () => {
    const data = "\uFEFFa\u0085\u2028\u2029\u000B\u000C\0b"
    expect(parse(encodeEvent({ data })).events).toMatchObject([{ data }])
    expect(parse(encodeEvent({ event: "\u2028", id: "\u0085", data: "" })).events).toMatchObject([
      { event: "\u2028", id: "\u0085", data: "" },
    ])
  })

  test("encodeEvent() keeps a lone surrogate, which becomes U+FFFD in UTF-8", () => {
    const text = encodeEvent({ data: "a\uD800b" })
    expect(text).toBe("data: a\uD800b\n\n")
    expect(new TextDecoder().decode(new TextEncoder().encode(text))).toBe("data: a\uFFFDb\n\n")
  })
})

describe("encodeEvent() errors", () => {
  const lineBreaks = ["\n", "\r", "\r\n"]
  const unsafe = ["data: x", "\ndata: x", ": x", "\n", "id: 9\ndata: y", "event: z"]

  test("encodeEvent() throws for CR, LF and CRLF anywhere in event and id", () => {
    for (const name of ["event", "id"] as const) {
      for (const lineBreak of lineBreaks) {
        for (const rest of unsafe) {
          for (const value of [`${lineBreak}${rest}`, `a${lineBreak}${rest}`, `a${rest}${lineBreak}`]) {
            expect(thrownBy(() => encodeEvent({ [name]: value, data: "a" }))).toEqual(
              invalid(TypeError, `"${name}" must not contain a line break`),
            )
          }
        }
      }
    }
  })

  test("encodeEvent() throws for NUL in id, which a reader would ignore", () => {
    expect(thrownBy(() => encodeEvent({ id: "1\0", data: "a" }))).toEqual(
      invalid(TypeError, '"id" must not contain NUL'),
    )
    expect(encodeEvent({ event: "a\0", data: "" })).toBe("event: a\0\ndata:\n\n")
  })

  test("encodeEvent() throws for an empty message", () => {
    for (const init of [{}, { data: undefined }, { lastEventId: "1" }]) {
      expect(thrownBy(() => encodeEvent(init))).toEqual(invalid(TypeError, "the event must have at least one field"))
    }
  })

  test.each([-1, 1.5, 1e21, 2_147_483_648, Number.NaN, Infinity, "5", "5\ndata: x", null, 5n, [5], {}])(
    "encodeEvent() throws a RangeError for a retry of %s, also in JavaScript",
    (retry) => {
      const error = invalid(RangeError, '"retry" must be an integer from 0 to 2147483647')
      expect(thrownBy(() => encodeEvent({ retry: retry as number }))).toEqual(error)
      expect(thrownBy(() => encodeRetry(retry as number))).toEqual(error)
    },
  )

  test.each([null, 1, {}, ["a"], () => "a", 1n, Symbol("a"), true])(
    "encodeEvent() throws for data and comments that are not strings: %s",
    (value) => {
      for (const name of ["data", "comment"]) {
        expect(thrownBy(() => encodeEvent({ [name]: value, id: "1" }))).toEqual(
          invalid(TypeError, `"${name}" must be a string, not ${value === null ? "object" : typeof value}`),
        )
      }
    },
  )

  test("encodeEvent() converts a non-string event or id to a string once, and checks that string", () => {
    let calls = 0
    const changing = { toString: () => (calls++ === 0 ? "safe" : "1\ndata: injected") }
    expect(encodeEvent({ id: changing as unknown as string, data: "a" })).toBe("id: safe\ndata: a\n\n")
    expect(calls).toBe(1)
    expect(encodeEvent({ id: 7 as unknown as string, data: "a" })).toBe("id: 7\ndata: a\n\n")
    expect(thrownBy(() => encodeEvent({ event: ["a\n"] as unknown as string, data: "a" }))).toEqual(
      invalid(TypeError, '"event" must not contain a line break'),
    )
  })

  test.each([null, Symbol("x")])("encodeEvent() throws for an event or id of %s", (value) => {
    for (const name of ["event", "id"]) {
      expect(thrownBy(() => encodeEvent({ [name]: value, data: "a" }))).toEqual(
        invalid(TypeError, `"${name}" must be a string`),
      )
    }
  })

  test("encodeEvent() puts no value into its messages", () => {
    for (const init of [{ id: "secret\n" }, { event: "secret\r" }, { retry: "secret" as unknown as number }]) {
      expect(String(thrownBy(() => encodeEvent(init)))).not.toContain("secret")
    }
  })
})

describe("encodeComment()", () => {
  test.each(["keep-alive", "", " two", "a\nb", "data: x", "\n\ndata: x\n\n", "\r\rdata: x\r\r", "\u2028data: x"])(
    "encodeComment(%j) never writes an event",
    (text) => {
      const { events, comments, incomplete } = parse(encodeComment(text))
      expect(events).toEqual([])
      expect(incomplete).toBe(false)
      expect(comments.join("\n")).toBe(text.replace(/\r\n?/g, "\n"))
    },
  )

  test("encodeComment() throws for anything but a string", () => {
    expect(thrownBy(() => encodeComment(undefined as unknown as string))).toEqual(
      invalid(TypeError, '"comment" must be a string, not undefined'),
    )
  })
})

test("encodeRetry() writes a separate block that sets the reconnection time", () => {
  expect(encodeRetry(3000)).toBe("retry: 3000\n\n")
  expect(parse(encodeRetry(3000)).retries).toEqual([3000])
})
