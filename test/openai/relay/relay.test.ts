import { describe, expect, test, vi } from "vitest"
import { relay } from "steadystream/openai"
import { ManualClock } from "steadystream/testing"
import { CHUNK, END, FINISH, ManualProvider, relayed } from "./manual-provider.ts"
import { nextText, settle, textOf } from "../writing/stream-reading.ts"
import { silenceReports } from "../../support/silence-reports.ts"

silenceReports()

describe("relay()", () => {
  test("relay() forwards the data of each event byte for byte, and ends a whole answer with the end mark", async () => {
    const data = '{ "id" : "c","choices":[{"index":0,"delta":{"content":"\\u00e9 1.0e2"},"n":12345678901234567890}] }'
    const text = await relayed(`id: 7\nretry: 10\ndata: ${data}\n\n: comment\n\n${FINISH}${END}`)
    expect(text).toBe(`data: ${data}\n\n${FINISH}${END}`)
  })

  test("relay() keeps event types and data of several lines, and drops heartbeats", async () => {
    const multi = 'event: chunk\ndata: {"choices":\ndata: []}\n\n'
    const text = await relayed(`${multi}data:\n\ndata: {"type":"ping"}\n\n${CHUNK}${FINISH}${END}`)
    expect(text).toBe(`${multi}${CHUNK}${FINISH}${END}`)
  })

  test("relay() writes the end mark if the provider ends after every finish reason without one", async () => {
    expect(await relayed(CHUNK + FINISH)).toBe(CHUNK + FINISH + END)
  })

  test("relay() reads the answer chunk by chunk while it forwards it", async () => {
    const seen: unknown[] = []
    const answer = relay(CHUNK + CHUNK + FINISH + END, {
      onChunk: (chunk) => void seen.push([chunk.choices![0]!.delta!.content, answer.snapshot.choices[0]!.content]),
    })
    await textOf(answer.toReadableStream())
    expect(seen).toEqual([
      ["Hi", "Hi"],
      ["Hi", "HiHi"],
      [undefined, "HiHi"],
    ])
    expect(await answer.ended).toMatchObject({ reason: "done", chunks: 3 })
  })

  test("relay() continues if onChunk throws, and reports it once", async () => {
    const onHandlerError = vi.fn<(error: unknown) => void>()
    const error = new Error("disk full")
    const onChunk = () => {
      throw error
    }
    expect(await relayed(CHUNK + FINISH + END, { onChunk, onHandlerError })).toBe(CHUNK + FINISH + END)
    expect(onHandlerError.mock.calls).toEqual([[error]])
  })

  test("relay() yields events, as sendEventStream() accepts them", async () => {
    const events: unknown[] = []
    for await (const event of relay(CHUNK + FINISH)) events.push(event)
    expect(events.map((event) => Object.keys(event as object))).toEqual([
      ["event", "data"],
      ["event", "data"],
      ["data"],
    ])
  })

  test("relay() yields no more events after the consumer leaves the iteration, also for waiting calls", async () => {
    const provider = new ManualProvider()
    const events = relay(provider.ask)[Symbol.asyncIterator]()
    const waiting = events.next()
    await settle()
    await events.return!()
    expect(provider.signal!.aborted).toBe(true)
    expect(await waiting).toEqual({ done: true, value: undefined })

    const failing = relay("", { dialect: "responses" })[Symbol.asyncIterator]()
    expect((await failing.next()).value?.event).toBe("error")
    await failing.return!()
    expect(await failing.next()).toEqual({ done: true, value: undefined })
  })

  test("relay() has one consumer", async () => {
    const answer = relay(CHUNK)
    answer.toResponse()
    expect(() => answer.toReadableStream()).toThrow(
      new TypeError("Cannot relay chat completions: the relay must have only one consumer"),
    )
  })

  test("relay() reads nothing from the provider before the browser reads, and no further than it reads", async () => {
    const asked = vi.fn<() => Response>(() => new Response(CHUNK + FINISH + END))
    let pieces = 0
    const stream = new ReadableStream<string>({ pull: (c) => (pieces++, c.enqueue(CHUNK)) }, { highWaterMark: 0 })
    const lazy = relay(asked).toResponse()
    const reader = relay(stream).toReadableStream().getReader()
    await settle()
    expect([asked.mock.calls.length, pieces]).toEqual([0, 0])
    await reader.read()
    await settle()
    expect(pieces).toBe(1)
    await reader.cancel()
    await lazy.body!.cancel()
    expect(asked).not.toHaveBeenCalled()
  })

  test("relay() aborts the provider's request in the same tick in which the browser leaves", async () => {
    const provider = new ManualProvider()
    const answer = relay(provider.ask)
    const reader = answer.toResponse().body!.getReader()
    const first = nextText(reader)
    await settle()
    provider.send(CHUNK)
    expect(await first).toBe(CHUNK)
    void reader.read()
    await settle()
    void reader.cancel("left")
    expect(provider.signal!.aborted).toBe(true)
    expect(provider.signal!.reason).toBe("left")
    expect(await answer.ended).toMatchObject({ reason: "cancelled", chunks: 1 })
    expect(provider.cancelled).toBe(true)
    expect(answer.snapshot.choices[0]!.content).toBe("Hi")
  })

  test("relay() keeps a silent browser connected, on its clock", async () => {
    const clock = new ManualClock()
    const reader = relay(new ManualProvider().ask, { clock, keepAlive: 5000 }).toReadableStream().getReader()
    const first = nextText(reader)
    await clock.advance(5000)
    expect(await first).toBe(": keep-alive\n\n")
    await reader.cancel()
    expect(clock.pendingTimers).toBe(0)
  })

  test("relay() ends a Responses stream at its terminal event, without the end mark", async () => {
    const created = 'event: response.created\ndata: {"type":"response.created","response":{"id":"r"}}\n\n'
    const done = 'event: response.completed\ndata: {"type":"response.completed","response":{"id":"r"}}\n\n'
    expect(await relayed(created + done + END, { dialect: "responses" } as never)).toBe(created + done)
  })

  test("relay() relays text completions", async () => {
    const text = 'data: {"object":"text_completion","choices":[{"index":0,"text":"Hi","finish_reason":"stop"}]}\n\n'
    const answer = relay(text + END, { dialect: "completions" })
    expect(await textOf(answer.toReadableStream())).toBe(text + END)
    expect(answer.snapshot.choices[0]!.text).toBe("Hi")
  })

  test("relay() rejects an invalid source and an invalid duration at once", () => {
    expect(() => relay(7 as never)).toThrow(TypeError)
    expect(() => relay("", { keepAlive: -1 })).toThrow(RangeError)
    expect(() => relay("", { timeouts: { idle: Number.NaN } })).toThrow(RangeError)
  })
})

describe("relay() and changes in the middle", () => {
  test("relay().cancel() after the end changes nothing, for any caller", async () => {
    const answer = relay(CHUNK + FINISH + END)
    void answer.ended.then(() => answer.cancel())
    expect(await textOf(answer.toReadableStream())).toBe(CHUNK + FINISH + END)
    expect((await answer.ended).reason).toBe("done")
  })

  test("relay().cancel() in onChunk reports to the browser, and aborts the provider's request", async () => {
    const provider = new ManualProvider()
    const answer = relay(provider.ask, { keepAlive: 0, onChunk: () => void answer.cancel() })
    const text = textOf(answer.toReadableStream())
    await settle()
    provider.send(CHUNK + CHUNK)
    const written = await text
    expect(written.startsWith(CHUNK)).toBe(true)
    expect(written.split("\n\n")).toHaveLength(3)
    expect(written).toContain('"code":"cancelled"')
    expect([provider.signal!.aborted, provider.cancelled]).toEqual([true, true])
  })

  test("relay() reports a rejection of onChunk once, and continues", async () => {
    const onHandlerError = vi.fn<(error: unknown) => void>()
    const onChunk = (): unknown => Promise.reject(new Error("disk full"))
    expect(await relayed(CHUNK + FINISH + END, { onChunk, onHandlerError })).toBe(CHUNK + FINISH + END)
    await settle()
    expect(onHandlerError.mock.calls).toEqual([[new Error("disk full")]])
  })

  test("relay() accepts CRLF, CR, a BOM, comments, id lines and joined payloads, and forwards none of them", async () => {
    const glued = `${CHUNK.trimEnd()}\n${FINISH}`
    for (const end of ["\n", "\r\n", "\r"]) {
      const text = `\uFEFF: hi\n\nid: 1\nretry: 1\n${glued}id: 2\n\n${END}`.replaceAll("\n", end)
      expect(await relayed(text)).toBe(CHUNK + FINISH + END)
    }
  })

  test("relay() sends no request if the browser leaves before the start", async () => {
    const ask = vi.fn<() => Promise<Response>>()
    const answer = relay(ask)
    await answer.toReadableStream().cancel("gone")
    await settle()
    expect(ask).not.toHaveBeenCalled()
    expect((await answer.ended).reason).toBe("cancelled")
  })

  test("relay() writes only the code of a failure, whatever the provider's body says", async () => {
    const secret = { error: { message: "key sk-secret is wrong" } }
    const ask = async () => new Response(JSON.stringify(secret), { status: 401 })
    const text = await textOf(relay(ask).toReadableStream())
    expect(text).toContain('"code":"response"')
    expect(text).not.toContain("secret")
  })
})

test.each(["chat", "completions", "responses"] as const)("relay() names its dialect %s", (dialect) => {
  expect(relay("", { dialect }).dialect).toBe(dialect)
  expect(relay("").dialect).toBe("chat")
})
