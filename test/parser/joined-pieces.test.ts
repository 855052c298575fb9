/* Pieces of texts keep those texts in memory, so what waits is joined now and then: how often is counted here. */
import { afterEach, expect, test, vi } from "vitest"
import { SseParser } from "ssekit"

afterEach(() => void vi.restoreAllMocks())

/** How often pieces were joined while `chunk` was fed so many times after `start`. */
function joins(start: string, chunk: string, times: number): number {
  let joined = 0
  const { test: match } = RegExp.prototype
  const spy = vi.spyOn(RegExp.prototype, "test").mockImplementation(function (this: RegExp, text) {
    // The record of calls would keep all texts.
    spy.mockClear()
    if (text.length > 20) joined++
    return match.call(this, text)
  })
  const parser = new SseParser()
  parser.feed(start)
  for (let count = 0; count < times; count++) parser.feed(chunk)
  spy.mockRestore()
  return joined
}

test("SseParser joins the data of an event whenever 64 Ki characters were read around it", () => {
  const chunk = `data: 0123456789\n:${"x".repeat(1000)}\n`
  expect(joins(":\n", chunk, 60)).toBe(0)
  expect(joins(":\n", chunk, 130)).toBe(2)
  expect(joins(":\n", chunk, 640)).toBe(10)
})

test("SseParser joins a line that comes character by character whenever it has grown by an eighth", () => {
  const [none, some, more] = [1_000, 100_000, 200_000].map((times) => joins("data: ", "x", times))
  expect(none).toBe(0)
  expect(some).toBeGreaterThan(20)
  expect(some).toBeLessThan(40)
  expect(more! - some!).toBeGreaterThan(3)
  expect(more! - some!).toBeLessThan(8)
})

test("SseParser joins nothing of large pieces, of which there are few", () => {
  expect(joins("data: ", "x".repeat(10_000), 100)).toBe(0)
  expect(joins(":\n", `data: ${"x".repeat(10_000)}\n`, 100)).toBe(0)
})
