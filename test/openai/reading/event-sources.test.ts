import { describe, expect, test, vi } from "vitest"
import { defineEvents, readEvents, type SseEvent, SseParserStream, text as plainText } from "steadystream"
import { subscribe } from "steadystream/client"
import { type ChunkSource, readChatCompletions, readChunks, readCompletions, readResponses } from "steadystream/openai"
import { ManualClock, scriptedFetch } from "steadystream/testing"
import { all, chat, DONE, events, HELLO, rejection, settle } from "./scripted-source.ts"

/** The events of the text of a stream. */
const parsed = (text: string): Promise<SseEvent[]> => all(readEvents(text))

const eventOf = (data: unknown, event = "message"): SseEvent => ({
  event,
  data: typeof data === "string" ? data : JSON.stringify(data),
  id: undefined,
  lastEventId: "",
})

/** A source of events that records whether it was left. */
function source(list: Iterable<unknown>, end: "close" | "stall" | Error = "close") {
  const rest = list[Symbol.iterator]()
  const leave = vi.fn<() => void>()
  const iterator: AsyncIterator<SseEvent> = {
    async next() {
      const result = rest.next()
      if (result.done !== true) return result as IteratorResult<SseEvent>
      if (end instanceof Error) throw end
      return end === "stall" ? new Promise<never>(() => {}) : { done: true, value: undefined }
    },
    async return() {
      leave()
      return { done: true, value: undefined }
    },
  }
  return { leave, [Symbol.asyncIterator]: () => iterator }
}

describe("the chunk readers over events", () => {
  test("readChatCompletions() returns what it returns over the bytes of the same events", async () => {
    const bytes = readChatCompletions(HELLO + DONE)
    const chunks = await all(bytes)
    const sources = [
      readEvents(HELLO + DONE),
      await parsed(HELLO + DONE),
      source(await parsed(HELLO + DONE)),
      new Response(HELLO + DONE).body!.pipeThrough(new SseParserStream()),
    ]
    for (const given of sources) {
      const stream = readChatCompletions(given)
      expect(await all(stream)).toEqual(chunks)
      expect(stream.snapshot).toEqual(bytes.snapshot)
      expect(await stream.ended).toMatchObject({ reason: "done", sawDone: true, chunks: 4 })
      expect(stream.response).toBeUndefined()
    }
  })

  test("readChatCompletions() has every form of consumer over events", async () => {
    const list = await parsed(HELLO + DONE)
    expect(await all(readChatCompletions(list).textDeltas())).toEqual(["Hel", "lo"])
    expect((await readChatCompletions(list).collect()).choices[0]?.content).toBe("Hello")
    expect(await all(readChatCompletions(list).toReadableStream())).toHaveLength(4)
  })

  test("readCompletions(), readResponses() and readChunks() take events as well", async () => {
    const text = events({ choices: [{ index: 0, text: "Hi", finish_reason: "stop" }] })
    expect((await readCompletions(readEvents(text)).collect()).choices[0]?.text).toBe("Hi")
    const delta = eventOf({ delta: "Hi", output_index: 0 }, "response.output_text.delta")
    const last = eventOf({ response: { id: "r", status: "completed" } }, "response.completed")
    const responses = readResponses(source([delta, last], "stall"))
    expect(await all(responses.textDeltas())).toEqual(["Hi"])
    expect(await responses.ended).toMatchObject({ reason: "terminal" })
    const count = { value: 0, push: () => void count.value++, missing: () => null }
    expect(await readChunks([eventOf({ n: 1 })], { name: "numbers", accumulate: () => count }).collect()).toBe(1)
  })

  test("readChatCompletions() accepts an event without a type", async () => {
    const list = [{ data: JSON.stringify(chat({ content: "Hi" }, "stop")) }] as SseEvent[]
    expect((await readChatCompletions(list).collect()).choices[0]?.content).toBe("Hi")
  })

  test("readChatCompletions() reads the members of a MessageEvent, which are not its own", async () => {
    const list = [chat({ content: "Hi" }, "stop"), "[DONE]"].map(
      (data) => new MessageEvent("message", { data: typeof data === "string" ? data : JSON.stringify(data) }),
    )
    const stream = readChatCompletions(list as unknown as SseEvent[])
    expect((await stream.collect()).choices[0]?.content).toBe("Hi")
    expect(await stream.ended).toMatchObject({ reason: "done", chunks: 1 })
  })

  test("readChatCompletions() reads nothing before the first call, and nothing ahead", async () => {
    const next = vi.fn<() => Promise<IteratorResult<SseEvent>>>(async () => ({
      done: false,
      value: eventOf(chat({ content: "a" })),
    }))
    const stream = readChatCompletions({ [Symbol.asyncIterator]: () => ({ next }) })
    await settle()
    expect(next).toHaveBeenCalledTimes(0)
    await stream[Symbol.asyncIterator]().next()
    await settle()
    expect(next).toHaveBeenCalledTimes(1)
  })
})

describe("the end of a source of events", () => {
  test("readChatCompletions() fails if the events end before the answer is complete", async () => {
    const stream = readChatCompletions([eventOf(chat({ content: "Hel" }))])
    const error = await rejection(all(stream))
    expect(error).toMatchObject({ name: "SseTruncatedError", missing: "finish_reason", chunks: 1, retryable: false })
    expect(error.partial.choices[0]?.content).toBe("Hel")
    expect(await rejection(readChatCompletions([]).collect())).toMatchObject({ code: "truncated", chunks: 0 })
  })

  test("readChatCompletions() leaves its source once the answer is complete, without a drain", async () => {
    const given = source(await parsed(HELLO + DONE), "stall")
    await readChatCompletions(given, { clock: new ManualClock() }).collect()
    await settle()
    expect(given.leave).toHaveBeenCalledTimes(1)
  })

  test("readChatCompletions() leaves its source at break, cancel() and an error", async () => {
    const list = await parsed(HELLO)
    const left = source(list)
    for await (const _ of readChatCompletions(left)) break
    const cancelled = source(list, "stall")
    const stream = readChatCompletions(cancelled)
    const pending = all(stream)
    await settle()
    await stream.cancel()
    expect(await pending).toHaveLength(4)
    expect(await stream.ended).toMatchObject({ reason: "cancelled", chunks: 4 })
    const failed = source([...list, eventOf("{")], "stall")
    expect(await rejection(all(readChatCompletions(failed)))).toMatchObject({ code: "malformed", chunks: 4 })
    await settle()
    for (const { leave } of [left, cancelled, failed]) expect(leave).toHaveBeenCalledTimes(1)
  })

  test("readChatCompletions() leaves its source and rejects with the reason if its signal aborts", async () => {
    const controller = new AbortController()
    const given = source([], "stall")
    const pending = rejection<unknown>(all(readChatCompletions(given, { signal: controller.signal })))
    await settle()
    const reason = new Error("mine")
    controller.abort(reason)
    expect(await pending).toBe(reason)
    await settle()
    expect(given.leave).toHaveBeenCalledTimes(1)
  })

  test("readChatCompletions() leaves its source if an option is refused", async () => {
    const given = source([], "stall")
    expect(() => readChatCompletions(given, { limits: { maxEventSize: 0 } })).toThrow(RangeError)
    await settle()
    expect(given.leave).toHaveBeenCalledTimes(1)
  })

  test("readChatCompletions() has the outcome of the bytes over events that are cut anywhere", async () => {
    const text = HELLO + events({ choices: [{ index: 1, delta: { content: "B" }, finish_reason: "stop" }] }) + DONE
    const contract = defineEvents({ message: plainText() })
    const outcomeOf = async (given: ChunkSource) => {
      const stream = readChatCompletions(given)
      await stream.collect().catch(() => undefined)
      const { reason, error, sawDone } = await stream.ended
      return JSON.stringify([reason, sawDone, (error as Error | undefined)?.message, stream.snapshot])
    }
    const outcomes = new Set<string>()
    // Over events, a body without one has no line that would be an error.
    for (let at = text.indexOf("\n\n") + 2; at <= text.length; at++) {
      const cut = text.slice(0, at)
      const fetch = scriptedFetch([{ chunks: [cut] }])
      const outcome = await outcomeOf(cut)
      outcomes.add(outcome)
      for (const given of [
        readEvents(cut),
        readEvents(cut, { events: contract }),
        subscribe("https://example.com/chat", { fetch, retry: false }),
      ])
        expect(await outcomeOf(given), JSON.stringify(cut)).toBe(outcome)
    }
    expect(outcomes.size).toBeGreaterThan(5)
  })

  test("readEvents() calls no handler for the event that its source ends inside", async () => {
    const handler = vi.fn<() => void>()
    const options = { onId: handler, onRetry: handler, onComment: handler, onUnknownLine: handler }
    for (const rest of ["id: 2\ndata: b", "retry: 5", ": comment", "other: 1", "id: 2\n"]) {
      const reader = readEvents(`data: a\n\n${rest}`, options)
      expect(await all(reader)).toMatchObject([{ data: "a" }])
      expect(reader.lastEventId).toBe("")
    }
    expect(handler).not.toHaveBeenCalled()
  })

  test("readChatCompletions() fails at a gap that the contract of its source has skipped", async () => {
    const gap = "event: steadystream.gap\ndata: {}\n\n"
    const contract = defineEvents({ message: plainText() })
    const [first, second, ...rest] = HELLO.split(/(?<=\n\n)/)
    for (const body of [first! + second! + gap + rest.join("") + DONE, first! + second! + gap]) {
      const error = await rejection(readChatCompletions(readEvents(body, { events: contract })).collect())
      expect(error).toMatchObject({ name: "SseTruncatedError", missing: "events", chunks: 2 })
      expect(error.partial.choices[0]?.content).toBe("Hel")
    }
  })

  test("readChatCompletions() reports the error of its source, after the chunks before it", async () => {
    const stream = readChatCompletions(source(await parsed(HELLO), new TypeError("terminated")))
    const error = await rejection(all(stream))
    expect(error).toMatchObject({ name: "SseConnectionError", chunks: 4, partial: { choices: [{ content: "Hello" }] } })
  })
})

describe("deadlines and limits over events", () => {
  test("timeouts run over events as over a body", async () => {
    const list = [eventOf(chat({ role: "assistant" })), eventOf(chat({ content: "Hel" }))]
    for (const [phase, count] of [
      ["idle", 2],
      ["eventIdle", 2],
      ["contentIdle", 2],
      ["firstContent", 1],
    ] as const) {
      const clock = new ManualClock()
      const given = source(list.slice(0, count), "stall")
      const pending = rejection(all(readChatCompletions(given, { clock, timeouts: { [phase]: 1_000 } })))
      await clock.advance(999)
      expect(given.leave).not.toHaveBeenCalled()
      await clock.advance(1)
      expect(await pending).toMatchObject({ code: "timeout", phase, ms: 1_000, chunks: count })
      expect(given.leave).toHaveBeenCalledTimes(1)
    }
  })

  test("timeouts.eventIdle is five minutes by default, and timeouts.total runs on", async () => {
    const clock = new ManualClock()
    const silent = rejection(all(readChatCompletions(source([], "stall"), { clock })))
    const slow = rejection(all(readChatCompletions(source([], "stall"), { clock, timeouts: { total: 60_000 } })))
    await clock.advance(60_000)
    expect(await slow).toMatchObject({ phase: "total" })
    await clock.advance(240_000)
    expect(await silent).toMatchObject({ phase: "eventIdle", ms: 300_000 })
  })

  test("maxEventSize counts the data, the type and the ID of an event", async () => {
    const event: SseEvent = { ...eventOf(chat({ content: "Hi" }, "stop")), id: "12345" }
    const size = event.data.length + "message".length + 5
    const read = (maxEventSize: number) => readChatCompletions([event], { limits: { maxEventSize } }).collect()
    expect((await read(size)).choices[0]?.content).toBe("Hi")
    expect(await rejection(read(size - 1))).toMatchObject({ code: "limit", limit: "maxEventSize", max: size - 1 })
  })

  test("maxTotalSize counts the data of the events, and bytes reports it", async () => {
    const list = await parsed(HELLO)
    const size = list.reduce((sum, { data }) => sum + data.length, 0)
    const whole = readChatCompletions(list, { limits: { maxTotalSize: size } })
    await whole.collect()
    expect(await whole.ended).toMatchObject({ bytes: size })
    const error = await rejection(readChatCompletions(list, { limits: { maxTotalSize: size - 1 } }).collect())
    expect(error).toMatchObject({ code: "limit", limit: "maxTotalSize", chunks: 3 })
  })

  test("onHeartbeat is called with a heartbeat event, which is no chunk", async () => {
    const seen: unknown[] = []
    const list = [eventOf("null"), eventOf("{}", "ping"), ...(await parsed(HELLO + DONE))]
    const stream = readChatCompletions(list, { onHeartbeat: (heartbeat) => seen.push(heartbeat) })
    expect(await all(stream)).toHaveLength(4)
    expect(seen).toEqual([
      { kind: "event", text: "null" },
      { kind: "event", text: "{}" },
    ])
  })
})

describe("an item that is neither a piece of a body nor an event", () => {
  const message =
    "Cannot read chat completions: the source must have only bytes and text, or only events with text as data"

  test.each([
    ["a decoded event at first", [{ event: "a", data: { n: 1 } }]],
    ["null", [null]],
    ["a number", [5]],
    ["a decoded event later", [eventOf(chat({ content: "a" })), { event: "a", data: 1 }]],
    ["text after an event", [eventOf(chat({ content: "a" })), "data: {}\n\n"]],
    ["nothing after an event", [eventOf(chat({ content: "a" })), undefined]],
    ["an event after text", [events(chat({ content: "a" })), eventOf("{}")]],
  ])("readChatCompletions() fails with a TypeError at %s, and leaves its source", async (_, items) => {
    const given = source(items, "stall")
    const stream = readChatCompletions(given)
    expect(await rejection<unknown>(all(stream))).toEqual(new TypeError(message))
    const { reason, bytes } = await stream.ended
    expect([reason, Number.isNaN(bytes)]).toEqual(["error", false])
    await settle()
    expect(given.leave).toHaveBeenCalledTimes(1)
  })
})
