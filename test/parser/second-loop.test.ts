import { defineEvents, readEvents, type } from "steadystream"
import { subscribe } from "steadystream/client"
import { readChatCompletions, relay } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { all, eventStream, rejection } from "../support/streams.ts"

const HELLO = 'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
const connected = () => subscribe(async () => eventStream(HELLO), { retry: false, until: "[DONE]" })
const closed = () => {
  const subscription = connected()
  subscription.close()
  return subscription
}

describe("a second loop", () => {
  test.each<[string, () => AsyncIterable<unknown>]>([
    ["readEvents()", () => readEvents(HELLO)],
    ["readEvents() with a contract", () => readEvents("data: {}\n\n", { events: defineEvents({ message: type() }) })],
    ["readChatCompletions()", () => readChatCompletions(HELLO)],
    ["the iterator of readChatCompletions()", () => readChatCompletions(HELLO)[Symbol.asyncIterator]()],
    ["textDeltas()", () => readChatCompletions(HELLO).textDeltas()],
    ["relay()", () => relay(HELLO)],
    ["the iterator of relay()", () => relay(HELLO)[Symbol.asyncIterator]()],
    ["subscribe()", connected],
    ["the iterator of subscribe()", () => connected()[Symbol.asyncIterator]()],
    ["states()", () => closed().states()],
  ])("%s throws if it is looped again, after an end and after a break", async (_, open) => {
    for (const isLeft of [false, true]) {
      const looped = open()
      for await (const _item of looped) if (isLeft) break
      const error = await rejection(all(looped))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toContain("must have only one consumer")
    }
  })

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
