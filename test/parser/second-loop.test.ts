import { defineEvents, readEvents, type } from "steadystream"
import { describe, expect, test } from "vitest"
import { all, rejection } from "../support/streams.ts"

describe("a second loop", () => {
  test("readEvents() throws if its iterator is looped again after its end", async () => {
    const iterator = readEvents("data: a\n\ndata: b\n\n")
    expect(await all(iterator)).toHaveLength(2)
    expect(await rejection(all(iterator))).toBeInstanceOf(TypeError)
    expect(() => iterator[Symbol.asyncIterator]()).toThrow(/one consumer/)
  })

  test("readEvents() throws if its iterator is looped again after a break", async () => {
    const iterator = readEvents("data: a\n\ndata: b\n\n")
    for await (const _ of iterator) break
    expect(await rejection(all(iterator))).toBeInstanceOf(TypeError)
  })

  test("readEvents() can be looped after next()", async () => {
    const iterator = readEvents("data: a\n\ndata: b\n\n")
    await iterator.next()
    expect(await all(iterator)).toHaveLength(1)
  })

  test("readEvents() with a contract throws if its iterator is looped again after its end", async () => {
    const iterator = readEvents("data: {}\n\n", { events: defineEvents({ message: type() }) })
    expect(await all(iterator)).toHaveLength(1)
    expect(() => iterator[Symbol.asyncIterator]()).toThrow(/one consumer/)
  })

  test("readEvents() throws if its iterator is looped again after a failure, and can be looped after an abort", async () => {
    const iterator = readEvents("data: aaaa\n\n", { maxLineLength: 5 })
    expect(await rejection(all(iterator))).toMatchObject({ code: "limit" })
    expect(() => iterator[Symbol.asyncIterator]()).toThrow(/one consumer/)
    const aborted = readEvents("data: a\n\n", { signal: AbortSignal.abort(new Error("mine")) })
    expect(await rejection(all(aborted))).toMatchObject({ message: "mine" })
  })
})
