import { readChatCompletions, readChunks, readCompletions, readResponses, relay } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { settle } from "../../support/streams.ts"

const things = { name: "things", accumulate: () => ({ value: {}, push() {}, missing: () => null }) }

describe("a call that is refused", () => {
  const readers: [string, (source: never, options: object) => unknown][] = [
    ["readChatCompletions()", (source, options) => readChatCompletions(source, options)],
    ["readCompletions()", (source, options) => readCompletions(source, options)],
    ["readResponses()", (source, options) => readResponses(source, options)],
    ["readChunks()", (source, options) => readChunks(source, things, options)],
    ["relay()", (source, options) => relay(source, options)],
  ]
  const wrong: [string, object][] = [
    ["timeouts.idle", { timeouts: { idle: -1 } }],
    ["limits.maxChoices", { limits: { maxChoices: 0 } }],
    ["completion", { completion: "lenint" }],
  ]
  const wrongInRelay: [string, object][] = [
    ["keepAlive", { keepAlive: NaN }],
    ["dialect", { dialect: "chats" }],
    ["onError", { onError: 1 }],
  ]
  const calls = [
    ...readers.flatMap(([name, read]) => wrong.map(([option, options]) => [name, option, options, read] as const)),
    ...wrongInRelay.map(([option, options]) => ["relay()", option, options, readers.at(-1)![1]] as const),
  ]
  test.each(calls)("%s with a wrong %s cancels every kind of source", async (_name, _option, options, read) => {
    const ended: string[] = []
    const stream = (name: string) => new ReadableStream({ cancel: () => void ended.push(name) })
    const iterator = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => ended.push("iterator"),
      }),
    }
    const sources = [
      stream("stream"),
      new Response(stream("response")),
      Promise.resolve(new Response(stream("promise"))),
      iterator,
      () => ended.push("function"),
    ]
    for (const source of sources) expect(() => read(source as never, options)).toThrow(/"/)
    await settle()
    expect(ended.toSorted()).toEqual(["iterator", "promise", "response", "stream"])
    expect((sources[0] as ReadableStream).locked).toBe(false)
  })

  test.each([undefined, null, 5, {}])("readChunks() with the dialect %j cancels the stream", async (dialect) => {
    const reasons: unknown[] = []
    const source = new ReadableStream({ cancel: (reason) => void reasons.push(reason) })
    expect(() => readChunks(source, dialect as never)).toThrow(TypeError)
    await settle()
    expect(reasons).toEqual([expect.any(TypeError)])
  })

  test("readChatCompletions() leaves a locked stream as it is", () => {
    const source = new ReadableStream()
    source.getReader()
    expect(() => readChatCompletions(source)).toThrow(TypeError)
    expect(source.locked).toBe(true)
  })
})
