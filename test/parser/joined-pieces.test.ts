/*
 * A piece of a text keeps the whole text in memory, so the parser sometimes joins its pieces. These tests count how
 * often it does.
 */
import { afterEach, expect, test, vi } from "vitest"
import { SseParser, type SseParserOptions } from "steadystream"

afterEach(() => void vi.restoreAllMocks())

/** How often the parser joined pieces while `chunk` was fed that many times after `start`. */
function joins(start: string, chunk: string, times: number, options: SseParserOptions = {}): number {
  let joined = 0
  const { test: match } = RegExp.prototype
  const spy = vi.spyOn(RegExp.prototype, "test").mockImplementation(function (this: RegExp, text) {
    // The record of calls would keep all texts.
    spy.mockClear()
    if (text.length > 20) joined++
    return match.call(this, text)
  })
  const parser = new SseParser(options)
  for (let count = 0; count <= times; count++) {
    try {
      parser.feed(count === 0 ? start : chunk)
    } catch {
      // Some handlers throw.
    }
  }
  spy.mockRestore()
  return joined
}

test("SseParser joins the data of an event after every 64 Ki characters read", () => {
  const chunk = `data: 0123456789\n:${"x".repeat(1000)}\n`
  expect(joins(":\n", chunk, 50)).toBe(0)
  expect(joins(":\n", chunk, 130)).toBe(2)
  expect(joins(":\n", chunk, 640)).toBe(11)
})

test("SseParser joins the last thousand pieces of a line that is fed character by character", () => {
  const [none, some, more] = [1_000, 100_000, 200_000].map((times) => joins("data: ", "x", times))
  expect(none).toBe(0)
  expect(some).toBeGreaterThan(90)
  expect(some).toBeLessThan(110)
  expect(more).toBeLessThan(220)
})

test("SseParser does not join large pieces, because there are few", () => {
  expect(joins("data: ", "x".repeat(10_000), 100)).toBe(0)
  expect(joins(":\n", `data: ${"x".repeat(10_000)}\n`, 100)).toBe(0)
})

test("SseParser joins the data of an event also if a handler throws in each chunk", () => {
  const onComment = () => {
    throw new Error("handler")
  }
  expect(joins(":\n", `data: 0123456789\n:${"x".repeat(1000)}\n`, 130, { onComment })).toBe(2)
})

test("SseParser joins data of very many lines while it reads one text", () => {
  const lines = "data:x\n".repeat(100_000)
  expect(joins(":\n", lines, 1)).toBeGreaterThan(10)
  expect(joins(":\n", "data\n".repeat(100_000), 1)).toBeGreaterThan(10)
  expect(joins(":\n", `${"data:x\n".repeat(5)}\n`.repeat(10_000), 1)).toBe(0)
})

test("SseParser reads only the start of a line to find its field, so that the engine does not flatten a long one", () => {
  expect(joins(":\n", `data: ${"x".repeat(100)}`, 1)).toBe(0)
  expect(joins(":\n", `unknown: ${"x".repeat(100)}`, 1)).toBe(0)
})
