import { describe, expect, test, vi } from "vitest"
import * as steadystream from "steadystream"
import { SseError, SseLimitError, SseParser, SseResponseError } from "steadystream"

function limitErrorOf(Parser: typeof SseParser): unknown {
  try {
    new Parser({ maxLineLength: 1 }).feed("data")
  } catch (error) {
    return error
  }
  return undefined
}

describe("SseError", () => {
  test("SseError.is() and instanceof accept each class of the package and no other error", () => {
    const error = limitErrorOf(SseParser)
    expect(SseError.is(error)).toBe(true)
    expect(error).toBeInstanceOf(SseError)
    expect(error).toBeInstanceOf(SseLimitError)
    expect(error instanceof SseResponseError).toBe(false)
    for (const value of [new Error("x"), new TypeError("x"), null, undefined, "x", {}, { name: "SseLimitError" }]) {
      expect(SseError.is(value)).toBe(false)
      expect(value instanceof SseLimitError).toBe(false)
    }
  })

  test("SseError.is() and instanceof accept the errors of another copy of the package", async () => {
    vi.resetModules()
    const other = await import("steadystream")
    expect(other.SseParser).not.toBe(SseParser)
    const error = limitErrorOf(other.SseParser)
    expect(error instanceof SseLimitError).toBe(true)
    expect(error instanceof SseResponseError).toBe(false)
    expect(SseError.is(error)).toBe(true)
    expect(other.SseError.is(limitErrorOf(SseParser))).toBe(true)
  })

  test("SseError: instanceof a subclass of the user accepts only its own instances", () => {
    class Mine extends SseLimitError {}
    expect(limitErrorOf(SseParser) instanceof Mine).toBe(false)
  })

  test("SseError classes have a literal name of their own", () => {
    const classes = Object.entries(steadystream).filter(([name]) => /^Sse\w+Error$/.test(name) && name !== "SseError")
    expect(classes.length).toBeGreaterThan(8)
    for (const [name, Class] of classes) {
      const fake = Object.assign([], { status: 0, headers: new Headers(), body: "" })
      const error = Reflect.construct(Class as new (...args: unknown[]) => SseError, ["m", fake, fake, fake])
      expect(error.name).toBe(name)
      expect(String(error)).toBe(`${name}: m`)
    }
  })
})

test("SseError.is() returns false for parsed JSON that imitates an error", () => {
  const imitation: unknown = JSON.parse('{"constructor":{"~sse":"SseError"}}')
  expect(SseError.is(imitation)).toBe(false)
  expect(imitation instanceof SseLimitError).toBe(false)
})
