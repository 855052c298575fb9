import { describe, expect, test, vi } from "vitest"
import { SseError, SseProviderError } from "ssekit"
import { readChatCompletions, readChunks, readResponses, toChatCompletion } from "ssekit/openai"
import { all, chat, DONE, events, HELLO, rejection, ScriptedSource, settle } from "./scripted-source.ts"

/** What cannot be made a string or a number: the platform's conversions throw. */
const UNCONVERTIBLE = { toString: 1, valueOf: 1 }

describe("readChatCompletions() and a consumer that ends in a callback", () => {
  test.each(["cancel", "abort"] as const)(
    "readChatCompletions(): %s in onHeartbeat drops the rest of the piece",
    async (how) => {
      const abort = new AbortController()
      const stop = () => (how === "cancel" ? void stream.cancel() : abort.abort(new Error("enough")))
      const stream = readChatCompletions([`: beat\n\n${HELLO}${DONE}`], { signal: abort.signal, onHeartbeat: stop })
      const chunks = stream[Symbol.asyncIterator]()
      await chunks.next().catch(() => {})
      expect(await chunks.next()).toEqual({ done: true, value: undefined })
      expect(stream.snapshot.choices).toEqual([])
      expect(await stream.ended).toMatchObject({ reason: "cancelled", chunks: 0 })
    },
  )
})

describe("readChatCompletions() and callbacks that fail", () => {
  test("readChatCompletions() reports what a promise of onHeartbeat rejects with, once", async () => {
    const onHandlerError = vi.fn<(error: unknown) => void>()
    const onHeartbeat = (): unknown => Promise.reject(new Error("from a promise"))
    await readChatCompletions(`: a\n\n: b\n\n${HELLO}${DONE}`, { onHeartbeat, onHandlerError }).collect()
    await settle()
    expect(onHandlerError.mock.calls).toEqual([[new Error("from a promise")]])
  })

  test("readChatCompletions() survives an onHandlerError that throws", async () => {
    const fail = () => {
      throw new Error("no")
    }
    const report = vi.spyOn(console, "error").mockImplementation(() => {})
    const stream = readChatCompletions(`: a\n\n${HELLO}${DONE}`, { onHeartbeat: fail, onHandlerError: fail })
    expect((await stream.collect()).choices[0]!.content).toBe("Hello")
    expect(report).toHaveBeenCalledOnce()
    report.mockRestore()
  })

  test("readChatCompletions() reports to the console where there is no reportError", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {})
    vi.stubGlobal("reportError", undefined)
    const onHeartbeat = () => {
      throw new Error("lost?")
    }
    await readChatCompletions(`: a\n\n${HELLO}${DONE}`, { onHeartbeat }).collect()
    vi.unstubAllGlobals()
    expect(report.mock.calls).toEqual([[new Error("lost?")]])
    report.mockRestore()
  })
})

describe("readChatCompletions() and payloads made to break it", () => {
  test.each([
    { error: { message: "m", type: UNCONVERTIBLE } },
    { error: { message: "m", code: UNCONVERTIBLE } },
    { error: { message: "m", status: UNCONVERTIBLE } },
    { error: { message: UNCONVERTIBLE } },
    { error: UNCONVERTIBLE },
    { object: "error", code: UNCONVERTIBLE },
  ])("readChatCompletions() reports a provider's error whatever its members are: %j", async (payload) => {
    const error = await rejection(readChatCompletions(events(payload)).collect())
    expect(error).toBeInstanceOf(SseProviderError)
    expect(error.partial.choices).toEqual([])
  })

  test.each(["__proto__", "constructor", "toString"])(
    "readResponses() takes %s.delta and .done for events that it does not know",
    async (name) => {
      const made = events(
        { type: "response.output_text.delta", output_index: 0, delta: "a" },
        { type: `${name}.delta`, output_index: 0, delta: "x" },
        { type: `${name}.done`, output_index: 0, text: "x" },
        { type: "response.completed", response: { id: "r", status: "completed" } },
      )
      const { items, text } = await readResponses(made).collect()
      expect(text).toBe("a")
      expect(Object.keys(items[0]!)).toHaveLength(9)
    },
  )

  test.each([-1, 1.5, Number.NaN, 1e300, "__proto__", null, {}, []])(
    "readChatCompletions() takes the choice and tool index %j without growing or writing to a prototype",
    async (index) => {
      const call = { index, id: "c", function: { name: "f", arguments: "{}" }, __proto__x: 1 }
      const body = JSON.stringify({ choices: [{ index, delta: { tool_calls: [call] }, finish_reason: "stop" }] })
      const snapshot = await readChatCompletions(
        `data: ${body.replaceAll("__proto__x", "__proto__")}\n\n${DONE}`,
      ).collect()
      expect(snapshot.choices).toHaveLength(1)
      expect(snapshot.choices[0]!.toolCalls).toHaveLength(1)
      expect(Object.getPrototypeOf(toChatCompletion(snapshot).choices[0]!.message.tool_calls![0])).toBe(
        Object.prototype,
      )
    },
  )
})

describe("readChunks() and sources made to break it", () => {
  const protocol = { name: "things", accumulate: () => ({ value: null, push: () => {}, missing: () => null }) }

  test("readChunks() fails where a reader throws at once instead of rejecting", async () => {
    const broken = {
      getReader: () => ({
        read: () => {
          throw new Error("not a stream")
        },
        cancel: async () => {},
      }),
    }
    const stream = readChunks(broken as unknown as ReadableStream<Uint8Array>, protocol)
    await expect(stream.collect()).rejects.toThrow("connection must last")
    expect((await stream.ended).reason).toBe("error")
  })

  test.each([5, null, undefined, {}])("readChunks() fails where an iterable gives %j", async (piece) => {
    const stream = readChunks([piece] as unknown as string[], protocol)
    await expect(stream.collect()).rejects.toThrow(TypeError)
    expect(await stream.ended).toMatchObject({ reason: "error", chunks: 0 })
  })
})

describe("readChatCompletions() and responses that come late", () => {
  test("readChatCompletions() frees the response of a promise where it was cancelled before it was read", async () => {
    let cancelled = 0
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ cancel: () => void cancelled++ })
    const response = new Promise<Response>((resolve) => setTimeout(() => resolve(new Response(body)), 0))
    await readChatCompletions(response).cancel()
    await settle()
    expect(cancelled).toBe(1)
  })

  test("readChatCompletions() asks for nothing where it was cancelled before it was read", async () => {
    const ask = vi.fn<() => Promise<Response>>()
    await readChatCompletions(ask).cancel()
    await settle()
    expect(ask).not.toHaveBeenCalled()
  })

  test("readChatCompletions() rejects with a TypeError where a function gives a response that was read", async () => {
    const response = new Response(HELLO)
    await response.text()
    await expect(readChatCompletions(() => response).collect()).rejects.toThrow(TypeError)
  })
})

describe("readChatCompletions() and its end", () => {
  test("readChatCompletions() takes a last event of several lines without a blank line where its JSON is whole", async () => {
    const pretty = JSON.stringify(chat({ content: "Hi" }, "stop"), null, 1).split("\n")
    const stream = readChatCompletions(pretty.map((line) => `data: ${line}\n`).join(""))
    expect((await stream.collect()).choices[0]!.content).toBe("Hi")
    expect((await stream.ended).reason).toBe("finished")
  })

  test("readChatCompletions().textDeltas() serves calls that wait in their order", async () => {
    const source = new ScriptedSource()
    const texts = readChatCompletions(source.stream).textDeltas()
    const calls = [texts.next(), texts.next(), texts.next()]
    source.write(events(chat({ role: "assistant" }), chat({ content: "A" }), chat({ content: "B" }, "stop")) + DONE)
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual(["A", "B", undefined])
  })

  test("readChatCompletions() leaves one listener for any number of streams on one signal, and none after them", async () => {
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, "addEventListener")
    const remove = vi.spyOn(signal, "removeEventListener")
    const streams = Array.from({ length: 30 }, () => readChatCompletions(HELLO + DONE, { signal }))
    expect(add).toHaveBeenCalledTimes(1)
    await Promise.all(streams.map((stream) => all(stream)))
    expect(remove).toHaveBeenCalledTimes(1)
  })

  test("readChatCompletions() throws errors of the family for every body of random brackets", async () => {
    const parts = [
      '{"error"',
      ":",
      "{",
      "}",
      "[",
      "]",
      '"choices"',
      "null",
      "1",
      '"x"',
      ",",
      "\n",
      "data: ",
      "\n\n",
      "error: ",
    ]
    let seed = 7
    const next = () => (seed = (seed * 1103515245 + 12345) % 2147483648)
    for (let run = 0; run < 400; run++) {
      const body = Array.from({ length: 20 }, () => parts[next() % parts.length]).join("")
      const error = await rejection(readChatCompletions(body).collect())
      expect([SseError.is(error), "partial" in error], body).toEqual([true, true])
    }
  })
})
