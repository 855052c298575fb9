import { describe, expect, test } from "vitest"
import { defineEvents, text, SseResponseError, SseRetryError, SseTimeoutError, SseTruncatedError } from "steadystream"
import { subscribe, type SubscribeOptions, type Subscription } from "steadystream/client"
import {
  type ChatSnapshot,
  type ChunkStream,
  readChatCompletions,
  type ReadChunksOptions,
  readResponses,
  relay,
} from "steadystream/openai"
import { ManualClock, type ScriptedAnswer, type ScriptedFetch, scriptedFetch } from "steadystream/testing"
import { all, chat, DONE, events, HELLO, rejection, settle } from "./scripted-source.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

const TARGET = "https://example.com/chat"
const HOUR = 3_600_000

/** The blocks of an answer that says "Hello", each with an ID. */
const BLOCKS = [...HELLO.split(/(?<=\n\n)/).filter((block) => block !== ""), "data: [DONE]\n\n"].map(
  (block, index) => `id: ${index + 1}\n${block}`,
)

/** The blocks after the cursor of the request, cut after `count` of them. */
const replay = (count = Infinity, end: "close" | "reset" | "stall" = "close"): ScriptedAnswer =>
  function answer({ headers }) {
    const from = Number(headers.get("last-event-id") ?? 0)
    return { chunks: BLOCKS.slice(from, from + count), end }
  }

const noContent = (): Response => new Response(null, { status: 204 })

interface Run {
  readonly clock: ManualClock
  readonly fetch: ScriptedFetch
  readonly subscription: Subscription
  readonly stream: ChunkStream<object, ChatSnapshot>
}

function connect(answers: readonly ScriptedAnswer[], options: SubscribeOptions = {}): Omit<Run, "stream"> {
  const clock = new ManualClock()
  const fetch = scriptedFetch(answers)
  return { clock, fetch, subscription: subscribe(TARGET, { fetch, clock, ...options }) }
}

function open(answers: readonly ScriptedAnswer[], options?: SubscribeOptions, reading?: ReadChunksOptions): Run {
  const run = connect(answers, options)
  return { ...run, stream: readChatCompletions(run.subscription, { clock: run.clock, ...reading }) }
}

/** Reads to the end, with the clock. */
async function finish({ clock, stream }: Run): Promise<unknown> {
  const chunks = all(stream).catch((error: unknown) => error)
  await clock.advance(HOUR)
  return chunks
}

describe("a chunk reader over a subscription", () => {
  test.each([
    ["without until", {}],
    ["with the end mark as until", { until: "[DONE]" }],
    ["with a function as until", { until: ({ data }: { data: string }) => data === "[DONE]" }],
  ])("readChatCompletions() reads one answer across reconnections %s", async (_, options) => {
    const run = open([replay(1, "reset"), replay(2), replay(0), replay(Infinity, "stall")], options)
    expect(await finish(run)).toHaveLength(4)
    expect(run.stream.snapshot.choices).toMatchObject([{ content: "Hello", finishReason: "stop" }])
    expect(await run.stream.ended).toMatchObject({ reason: "done", sawDone: true, chunks: 4, error: undefined })
    expect(run.fetch.requests.map(({ headers }) => headers.get("last-event-id"))).toEqual([null, "1", "3", "3"])
    expect([run.subscription.state, run.fetch.openBodies, run.clock.pendingTimers]).toEqual(["closed", 0, 0])
  })

  test("readChatCompletions() reads a POST that a GET resumes", async () => {
    const run = open([replay(2, "reset"), replay()], {
      method: "POST",
      body: "{}",
      until: "[DONE]",
      resume: () => ({ method: "GET", url: "/api/chat/7" }),
    })
    expect(await finish(run)).toHaveLength(4)
    expect(run.fetch.requests.map(({ method, url }) => [method, url])).toEqual([
      ["POST", TARGET],
      ["GET", "https://example.com/api/chat/7"],
    ])
    expect((await run.stream.ended).reason).toBe("done")
  })

  test("readChatCompletions() never takes a 204 for the end mark", async () => {
    for (const options of [{}, { until: "[DONE]" }]) {
      const cut = open([replay(2), noContent], options)
      const error = await finish(cut)
      expect(error).toBeInstanceOf(SseTruncatedError)
      expect(error).toMatchObject({ missing: "finish_reason", partial: { choices: [{ content: "Hel" }] } })
      const strict = open([replay(4), noContent], options, { completion: "strict" })
      expect(await finish(strict)).toMatchObject({ missing: "done" })
    }
  })

  test("readChatCompletions() accepts a 204 after every finish reason as the body of an answer without end mark", async () => {
    const run = open([replay(4), noContent])
    expect(await finish(run)).toHaveLength(4)
    expect(await run.stream.ended).toMatchObject({ reason: "finished", sawDone: false })
  })

  describe("if the server begins the answer again", () => {
    const plain = [...HELLO.split(/(?<=\n\n)/), DONE].filter((block) => block !== "")
    const again = /the server began the answer again/

    test.each([
      ["no event has an ID", plain, undefined],
      ["the server ignores the last event ID", BLOCKS, undefined],
      ["a slow consumer takes the events of both connections later", plain, 1],
      ["every event has the same ID", plain.map((block) => `id: 1\n${block}`), undefined],
    ])("readChatCompletions() fails instead of returning the text twice: %s", async (_, blocks, before) => {
      const run = open([{ chunks: blocks.slice(0, 2), end: "reset" }, { chunks: blocks }], { until: "[DONE]" })
      const iterator = run.stream[Symbol.asyncIterator]()
      for (let count = 0; count < (before ?? 0); count++) await iterator.next()
      if (before !== undefined) await run.clock.advance(HOUR)
      const error = rejection(all({ [Symbol.asyncIterator]: () => iterator }))
      await run.clock.advance(HOUR)
      expect(await error).toMatchObject({ name: "SseTruncatedError", missing: "events", chunks: 2, message: again })
      expect(run.stream.snapshot.choices[0]?.content).toBe("Hel")
      expect(run.fetch.requests).toHaveLength(2)
    })

    test("readChatCompletions() fails also after more events than IDs are remembered", async () => {
      const block = (id: number) => `id: ${id}\n${events(chat({ content: "a" }))}`
      const blocks = [Array.from({ length: 3_000 }, (_, index) => block(index)).join("")]
      const run = open([{ chunks: blocks, end: "reset" }, { chunks: [...blocks, DONE] }], { until: "[DONE]" })
      const result: { error?: unknown } = {}
      void all(run.stream).catch((reason: unknown) => (result.error = reason))
      for (let turn = 0; turn < 200 && result.error === undefined; turn++) {
        await run.clock.advance(1_000)
        await settle()
      }
      expect(result.error).toMatchObject({ missing: "events", message: again, chunks: 5_999 })
    })

    test("readChatCompletions() makes no endless requests for an end mark without a blank line", async () => {
      const run = open([{ chunks: [HELLO, "data: [DONE]\n"] }], { until: "[DONE]" })
      expect(await finish(run)).toMatchObject({ missing: "events", chunks: 4 })
      expect(run.fetch.requests).toHaveLength(2)
    })

    test("readChatCompletions() needs no error if dedupe drops what comes again", async () => {
      const options = { until: "[DONE]", dedupe: true }
      const run = open([{ chunks: BLOCKS.slice(0, 2), end: "reset" }, { chunks: BLOCKS }], options)
      expect(await finish(run)).toHaveLength(4)
      expect((await run.stream.ended).reason).toBe("done")
    })

    test("readChatCompletions() reads on if nothing is doubled: after heartbeats, and at the end mark", async () => {
      const late = open([{ chunks: [": hi\n\n", "data: null\n\n"], end: "reset" }, { chunks: plain }], {
        until: "[DONE]",
      })
      expect(await finish(late)).toHaveLength(4)
      const marked = open([{ chunks: [HELLO], end: "reset" }, { chunks: [DONE] }], { until: "[DONE]" })
      expect(await finish(marked)).toHaveLength(4)
      for (const { stream } of [late, marked]) expect((await stream.ended).reason).toBe("done")
      // An event that the server splits in two has an ID that comes twice.
      const blocks = [0, 1, 2, 2, 3].map((id, index) => BLOCKS[index]!.replace(/^id: \d/, `id: ${id}`))
      const split = open([{ chunks: blocks.slice(0, 2), end: "reset" }, { chunks: blocks.slice(2) }], {
        until: "[DONE]",
      })
      expect(await finish(split)).toHaveLength(4)
    })

    test("readResponses() reads on after a reconnection by sequence number, and fails if the numbers begin again", async () => {
      const sent = (from: number, to: number) =>
        Array.from({ length: to - from }, (_, index) =>
          events({ type: "response.output_text.delta", output_index: 0, delta: "a", sequence_number: from + index }),
        )
      const last = events({
        type: "response.completed",
        response: { id: "r", status: "completed" },
        sequence_number: 4,
      })
      for (const [from, expected] of [
        [2, 5],
        [0, { missing: "events", chunks: 2, message: again }],
      ] as const) {
        const run = connect([{ chunks: sent(0, 2), end: "reset" }, { chunks: [...sent(from, 4), last] }])
        const chunks = all(readResponses(run.subscription, { clock: run.clock })).then(
          ({ length }) => length,
          (error: unknown) => error,
        )
        await run.clock.advance(HOUR)
        if (typeof expected === "number") expect(await chunks).toBe(expected)
        else expect(await chunks).toMatchObject(expected)
      }
    })
  })

  test("readChatCompletions() does not take a 204 after a cut event for the end of the answer", async () => {
    const cut = { chunks: [...BLOCKS.slice(0, 4), BLOCKS[4]!.replace("[DONE]", '{"choices":[')], end: "reset" } as const
    const half = { ...cut, chunks: [cut.chunks.join("").slice(0, -2)] }
    for (const answers of [[half], [half, new TypeError("fetch failed")], [half, { chunks: [] }]]) {
      const run = open([...answers, noContent])
      expect(await finish(run)).toMatchObject({ name: "SseTruncatedError", missing: "done", chunks: 4 })
      expect(run.subscription.end).toMatchObject({ unfinished: { data: '{"choices":[', id: "5" } })
    }
    // The next connection has sent the event.
    const whole = open([half, { chunks: [BLOCKS[4]!.replace("[DONE]", "null")] }, noContent])
    expect(await finish(whole)).toHaveLength(4)
    expect(await whole.stream.ended).toMatchObject({ reason: "finished" })
    const marked = open([{ chunks: [BLOCKS.join("").slice(0, -1)] }, noContent])
    expect(await finish(marked)).toHaveLength(4)
    expect(await marked.stream.ended).toMatchObject({ reason: "done" })
  })

  test("readChatCompletions() takes no other end mark for its own", async () => {
    const run = open([{ chunks: [...BLOCKS.slice(0, 2), "data: END\n\n"] }], { until: "END" })
    expect(await finish(run)).toMatchObject({ code: "truncated" })
  })

  test("readChatCompletions() is cancelled if its subscription is closed, also with events in its queue", async () => {
    const waiting = open([replay(2, "stall")])
    const chunks = all(waiting.stream)
    await waiting.clock.advance(0)
    waiting.subscription.close()
    expect(await chunks).toHaveLength(2)
    expect(await waiting.stream.ended).toMatchObject({ reason: "cancelled", error: undefined, chunks: 2 })

    const queued = open([replay()], { until: "[DONE]" })
    const iterator = queued.stream[Symbol.asyncIterator]()
    await iterator.next()
    await queued.clock.advance(0)
    queued.subscription.close()
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(await queued.stream.ended).toMatchObject({ reason: "cancelled", chunks: 1 })

    const collected = open([replay(2, "stall")])
    const snapshot = rejection<DOMException>(collected.stream.collect())
    await collected.clock.advance(0)
    collected.subscription.close()
    expect((await snapshot).name).toBe("AbortError")
  })

  test.each([
    ["the reason", new Error("mine")],
    ["an SseError as the reason", new SseTruncatedError("mine", "x")],
  ])("readChatCompletions() rejects with %s of the subscription's signal", async (_, reason) => {
    const controller = new AbortController()
    const run = open([replay(2, "stall")], { signal: controller.signal })
    const pending = rejection<unknown>(all(run.stream))
    await run.clock.advance(0)
    controller.abort(reason)
    expect(await pending).toBe(reason)
    expect(await run.stream.ended).toMatchObject({ reason: "cancelled", error: reason, chunks: 2 })
  })

  test("readChatCompletions() closes the subscription and its connection if it is left or cancelled", async () => {
    const left = open([replay(2, "stall")])
    for await (const _ of left.stream) break
    const cancelled = open([replay(2, "stall")])
    const pending = all(cancelled.stream)
    await cancelled.clock.advance(0)
    await cancelled.stream.cancel()
    await pending
    const waiting = open([replay(2, "reset"), replay()], { retry: { initialDelay: 10_000 } })
    const retrying = all(waiting.stream)
    await waiting.clock.advance(0)
    expect(waiting.subscription.state).toBe("waiting")
    await waiting.stream.cancel()
    expect(await retrying).toHaveLength(2)
    for (const { subscription, fetch, clock } of [left, cancelled, waiting]) {
      await settle()
      expect([subscription.state, fetch.openBodies, clock.pendingTimers]).toEqual(["closed", 0, 0])
      expect(subscription.end).toMatchObject({ reason: "cancelled" })
      expect(fetch.requests).toHaveLength(1)
    }
  })

  test("readChatCompletions() reports the errors of the subscription, with the text so far", async () => {
    const partial = { choices: [{ content: "Hel" }] }
    const retries = await finish(
      open([replay(2, "reset"), new TypeError("fetch failed")], { retry: { maxRetries: 2 } }),
    )
    expect(retries).toBeInstanceOf(SseRetryError)
    expect(retries).toMatchObject({ partial, chunks: 2, retryable: false })
    const refused = await finish(open([replay(2, "reset"), new Response("no", { status: 404 })]))
    expect(refused).toBeInstanceOf(SseResponseError)
    expect(refused).toMatchObject({ partial, status: 404, chunks: 2 })
    const slow = await finish(open([replay(2, "stall")], { timeouts: { total: 5_000 } }))
    expect(slow).toBeInstanceOf(SseTimeoutError)
    expect(slow).toMatchObject({ partial, phase: "total", ms: 5_000 })
    const once = await finish(open([replay(2, "reset")], { retry: false }))
    expect(once).toMatchObject({ name: "SseConnectionError", partial, chunks: 2 })
  })

  test("readChatCompletions() throws what a function of the caller has thrown, as it is", async () => {
    for (const reason of [new RangeError("mine"), new DOMException("mine", "AbortError")]) {
      const until = () => {
        throw reason
      }
      const run = open([replay()], { until })
      expect(await finish(run)).toBe(reason)
      expect(await run.stream.ended).toMatchObject({ reason: "error", error: reason })
    }
  })

  test("readChatCompletions() reads the provider's error of a refused subscription", async () => {
    const headers = { "x-request-id": "r-1", "retry-after": "3" }
    const body = '{"error":{"message":"bad","code":"k"}}'
    for (const [status, retryable] of [
      [401, false],
      [409, true],
    ] as const) {
      const error = await finish(open([new Response(body, { status, headers })]))
      const provider = { message: "bad", code: "k" }
      expect(error).toMatchObject({ status, error: provider, requestId: "r-1", retryAfter: 3_000, retryable })
    }
  })

  test("readChatCompletions() counts the wait for a reconnection as time without an event", async () => {
    const run = open([replay(2, "reset"), { chunks: [], end: "stall" }], { timeouts: { connect: 0, idle: 0 } })
    expect(await finish(run)).toMatchObject({ code: "timeout", phase: "eventIdle", ms: 300_000, chunks: 2 })
    expect([run.subscription.state, run.fetch.openBodies]).toEqual(["closed", 0])
  })

  test.each([
    ["delivers it", {}],
    ["calls onGap with it", { onGap: () => {} }],
    ["has a contract, which skips it", { events: defineEvents({ message: text() }) }],
  ])("readChatCompletions() fails at a gap if the subscription %s", async (_, options) => {
    const gap = 'id: 3\nevent: steadystream.gap\ndata: {"reason":"trimmed"}\n\n'
    const run = open([replay(2), { chunks: [gap, ...BLOCKS.slice(3)] }], { until: "[DONE]", ...options })
    expect(await finish(run)).toMatchObject({ name: "SseTruncatedError", missing: "events", chunks: 2 })
    expect((await run.stream.ended).reason).toBe("error")
    const last = open([{ chunks: [...BLOCKS.slice(0, 4), gap, "data: [DONE]\n\n"] }], { until: "[DONE]", ...options })
    expect(await finish(last)).toMatchObject({ missing: "events", chunks: 4 })
  })

  test("readChatCompletions() fails at the end event of a stored answer and makes no further request", async () => {
    const end = 'id: 2.end\nevent: steadystream.end\ndata: {"status":"lost"}\n\n'
    const run = open([replay(2, "reset"), { chunks: [end] }], { until: "[DONE]" })
    expect(await finish(run)).toMatchObject({ error: { code: "lost" }, chunks: 2 })
    expect(run.fetch.requests).toHaveLength(2)
  })

  test("readResponses() closes the subscription at the terminal event", async () => {
    const clock = new ManualClock()
    const chunks = ['id: 1\ndata: {"type":"response.completed","response":{"id":"r","status":"completed"}}\n\n']
    const fetch = scriptedFetch([{ chunks, end: "stall" }])
    const stream = readResponses(subscribe(TARGET, { fetch, clock }), { clock })
    expect((await stream.collect()).status).toBe("completed")
    await settle()
    expect([fetch.openBodies, clock.pendingTimers]).toEqual([0, 0])
  })

  test("relay() forwards an answer across reconnections, without IDs and with one end mark", async () => {
    const { clock, subscription } = connect([replay(1, "reset"), replay(2, "reset"), replay()], { until: "[DONE]" })
    const answer = relay(subscription, { clock, keepAlive: 0 })
    const body = answer.toResponse().text()
    await clock.advance(HOUR)
    expect(await body).toBe(`${HELLO}data: [DONE]\n\n`)
    expect(answer.snapshot.choices[0]?.content).toBe("Hello")
  })

  test("readChatCompletions() refuses a subscription that has a consumer", async () => {
    const { subscription } = open([replay()])
    expect(() => readChatCompletions(subscription)).toThrow(TypeError)
    subscription.close()
  })
})
