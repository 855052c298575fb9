import { describe, expect, test, vi } from "vitest"
import { SseError, SseProviderError } from "steadystream"
import { readChatCompletions, readChunks, readResponses, toChatCompletion } from "steadystream/openai"
import { chunkings } from "steadystream/testing"
import { all, chat, DONE, events, HELLO, rejection, ScriptedSource, settle } from "./reading/scripted-source.ts"

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

  test.each([
    ["readChatCompletions", readChatCompletions],
    ["readResponses", readResponses],
  ] as const)("%s() takes an event named error for one that says nothing of it, too", async (_, read) => {
    const body = `data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\nevent: error\ndata:\n\n${DONE}`
    const error = await rejection((read as typeof readChatCompletions)(body).collect())
    expect(error).toBeInstanceOf(SseProviderError)
    expect(error).toMatchObject({ error: { message: "", code: null } })
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
  const dialect = { name: "things", accumulate: () => ({ value: null, push: () => {}, missing: () => null }) }

  test("readChunks() fails where a reader throws at once instead of rejecting", async () => {
    const broken = {
      getReader: () => ({
        read: () => {
          throw new Error("not a stream")
        },
        cancel: async () => {},
      }),
    }
    const stream = readChunks(broken as unknown as ReadableStream<Uint8Array>, dialect)
    await expect(stream.collect()).rejects.toThrow("connection broke")
    expect((await stream.ended).reason).toBe("error")
  })

  test.each([5, null, undefined, {}])("readChunks() fails where an iterable gives %j", async (piece) => {
    const stream = readChunks([piece] as unknown as string[], dialect)
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

  test("readChatCompletions() passes over lines of no field after a chunk, wherever the body is cut", async () => {
    const body = events(chat({ content: "Hi" })) + "<html>\nplain text\n" + events(chat({}, "stop")) + DONE
    for (const chunks of chunkings(body)) {
      const { choices } = await readChatCompletions(chunks).collect()
      expect(choices[0]).toMatchObject({ content: "Hi", finishReason: "stop" })
    }
  })

  test("readChatCompletions() tells the same of a body that is broken, wherever it is cut", async () => {
    const bodies = [
      `<html>\n${HELLO}`,
      `: c\n\ndata:\n\n<html>\n${HELLO}`,
      `error: {"message":"m"}\n${HELLO}`,
      `${HELLO}error: no\n`,
      'plain\n{"error":{"code":"c"}}\n',
      `${events(chat({ content: "Hi" }))}data: {`,
      `${events(chat({ content: "Hi" }))}nonsense`,
    ]
    for (const body of bodies) {
      const whole = await rejection(readChatCompletions([body]).collect())
      for (const chunks of chunkings(body)) {
        const error = await rejection(readChatCompletions(chunks).collect())
        expect([error.code, error.message, error.chunks, error.partial]).toEqual([
          whole.code,
          whole.message,
          whole.chunks,
          whole.partial,
        ])
      }
    }
  })

  test("readChatCompletions() keeps no more than 64 Ki characters of what is no event stream", async () => {
    const json = (length: number) => `{"x":"${"y".repeat(length)}"}`
    const small = await rejection(readChatCompletions(json(60_000)).collect())
    const large = await rejection(readChatCompletions(json(70_000)).collect())
    expect([small.code, Object.keys(small.json ?? {}), large.code, large.json]).toEqual([
      "not-a-stream",
      ["x"],
      "not-a-stream",
      undefined,
    ])
  })

  test("readResponses() throws the first of two errors, once the response has failed", async () => {
    const failed = { type: "response.failed", response: { id: "r", status: "failed" } }
    const made = events({ type: "error", code: "first" }, { type: "error", code: "second" }, failed)
    const error = await rejection(readResponses(made).collect())
    expect(error).toMatchObject({ error: { code: "first" }, partial: { final: failed.response } })
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
