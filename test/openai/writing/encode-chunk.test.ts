import { describe, expect, test } from "vitest"
import { DONE, encodeChunk, encodeError } from "steadystream/openai"
import { eventsOf } from "./stream-reading.ts"

describe("encodeChunk()", () => {
  test("encodeChunk() writes JSON in one line of data and nothing else", () => {
    expect(encodeChunk({ choices: [], usage: null })).toBe('data: {"choices":[],"usage":null}\n\n')
    expect(DONE).toBe("data: [DONE]\n\n")
  })

  test("encodeChunk() writes the event type if there is one", () => {
    const chunk = { type: "response.created" }
    expect(encodeChunk(chunk, { event: chunk.type })).toBe(
      'event: response.created\ndata: {"type":"response.created"}\n\n',
    )
    expect(() => encodeChunk(chunk, { event: "a\ndata: injected" })).toThrow(TypeError)
  })

  test.each([
    ["LF, CR and CRLF", "a\nb\rc\r\nd\n\ndata: [DONE]\n\n"],
    ["U+2028 and U+2029", "a\u2028b\u2029c"],
    ["U+0000, U+FEFF and U+0085", "a\0b\uFEFFc\u0085d"],
    ["a lone high surrogate", "a\uD83D"],
    ["a lone low surrogate", "\uDE00b"],
    ["an emoji cut in two pieces' first", "😀".slice(0, 1)],
  ])("encodeChunk() keeps %s", async (_, content) => {
    const bytes = new TextEncoder().encode(encodeChunk({ content }))
    const events = await eventsOf(new Response(bytes).body!)
    expect(events.map(({ data }) => JSON.parse(data) as unknown)).toEqual([{ content }])
  })

  test("encodeChunk() rejects what JSON cannot represent, and puts none of it into the message", () => {
    const circular: Record<string, unknown> = { secret: "s3cret" }
    circular["self"] = circular
    for (const payload of [undefined, () => "s3cret", Symbol("s3cret"), circular, { n: 1n }]) {
      expect(() => encodeChunk(payload)).toThrow(
        new TypeError("Cannot encode chunk: the payload must have a JSON text"),
      )
    }
  })
})

describe("encodeError()", () => {
  test("encodeError() writes the shape that the official client throws", () => {
    const error = { message: "Slow down", type: "rate_limit_error", code: "rate_limit_exceeded", param: "model" }
    expect(encodeError(error)).toBe(
      `data: {"error":{"message":"Slow down","type":"rate_limit_error","param":"model","code":"rate_limit_exceeded"}}\n\n`,
    )
  })

  test("encodeError() writes a general server error by default, and writes neither status nor raw", () => {
    const error = { status: 500, raw: { stack: "at secret.ts" } }
    expect(JSON.parse(encodeError(error).slice(6))).toEqual({
      error: {
        message: "The server had an error while processing your request",
        type: "server_error",
        param: null,
        code: "internal_error",
      },
    })
    expect(encodeError()).toBe(encodeError(error))
    expect(encodeError({ type: null, code: null })).toContain('"type":null,"param":null,"code":null')
  })

  test("encodeError() writes the Responses dialect nested and flat", async () => {
    const error = { message: "No", type: "invalid_request_error", code: "bad", param: "input" }
    const [event] = await eventsOf(encodeError(error, { dialect: "responses", sequenceNumber: 7 }))
    expect(event!.event).toBe("error")
    expect(JSON.parse(event!.data)).toEqual({
      type: "error",
      sequence_number: 7,
      code: "bad",
      message: "No",
      param: "input",
      error,
    })
  })
})
