import { afterEach, describe, expect, test, vi } from "vitest"
import { type SseEvent, SseTruncatedError } from "steadystream"
import { subscribe, type SubscribeOptions } from "steadystream/client"
import {
  type FaultScript,
  type FaultServer,
  ManualClock,
  type ScriptedAnswer,
  scriptedFetch,
  startFaultServer,
} from "steadystream/testing"
import { consume } from "../support/consumer.ts"
import { failOnUnhandledRejections } from "../support/unhandled.ts"

const stall: ScriptedAnswer = { chunks: [], end: "stall" }

failOnUnhandledRejections()

const TARGET = "https://example.com/stream"
const HOUR = 3_600_000
const noContent = () => new Response(null, { status: 204 })

let server: FaultServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})
const start = async (script: FaultScript) => (server = await startFaultServer(script))

async function run(answers: readonly ScriptedAnswer[], options: SubscribeOptions = {}) {
  const clock = new ManualClock()
  const fetch = scriptedFetch(answers)
  const subscription = subscribe(TARGET, { fetch, clock, ...options })
  const { data, events, outcome } = consume(subscription)
  await clock.advance(HOUR)
  const cursors = fetch.requests.map((request) => request.headers.get("last-event-id"))
  return { data, events, cursors, fetch, subscription, outcome: await outcome }
}

test("subscribe() ends at the sentinel, does not deliver it and drops the events after it", async () => {
  const answer: ScriptedAnswer = { chunks: ["data: a\n\ndata: [DONE]\n\ndata: b\n\n"], end: "stall" }
  const { outcome, data, fetch } = await run([answer], { until: "[DONE]" })
  expect([outcome, data, fetch.requests.length, fetch.openBodies]).toEqual(["done", ["a"], 1, 0])
})

test("subscribe() accepts only data that equals the sentinel", async () => {
  const chunks = ["data:  [DONE]\n\n", "data: x[DONE]\n\n", "event: [DONE]\ndata\n\n", "data:[DONE]\n\n"]
  expect((await run([{ chunks }], { until: "[DONE]" })).data).toEqual([" [DONE]", "x[DONE]", ""])
})

test("subscribe() ends at the event for which the predicate returns true, and delivers it", async () => {
  const answer: ScriptedAnswer = { chunks: ["data: a\n\nevent: end\ndata: z\n\ndata: b\n\n"], end: "stall" }
  const { outcome, data, fetch } = await run([answer], { until: (event) => event.event === "end" })
  expect([outcome, data, fetch.openBodies]).toEqual(["done", ["a", "z"], 0])
})

test("subscribe() closes the socket at the end mark if the server keeps it open", async () => {
  await start({ body: "data: a\n\ndata: [DONE]\n\n", end: "stall" })
  expect(await consume(subscribe(server!.url, { until: "[DONE]" })).outcome).toBe("done")
  await server!.allClosed()
})

test("subscribe() rejects with the error that the predicate throws, after the events before it", async () => {
  const mistake = new Error("mistake")
  const until = (event: SseEvent) => {
    if (event.data === "b") throw mistake
    return false
  }
  const { outcome, data, fetch } = await run([{ chunks: ["data: a\n\ndata: b\n\n"], end: "stall" }], { until })
  expect([outcome, data, fetch.requests.length, fetch.openBodies]).toEqual([mistake, ["a"], 1, 0])
})

test("subscribe() treats a clean end before the end mark as a failure", async () => {
  const once = await run([{ chunks: ["data: a\n\n"] }], { until: "[DONE]", retry: false })
  expect(once.outcome).toBeInstanceOf(SseTruncatedError)
  expect([once.outcome, once.data]).toMatchObject([{ code: "truncated", missing: "until" }, ["a"]])
  const post = await run([{ chunks: ["data: a\n\n"] }], { until: "[DONE]", method: "POST", body: "q" })
  expect(post.outcome).toBeInstanceOf(SseTruncatedError)
  const again = await run([{ chunks: ["id: 1\ndata: a\n\n"] }, { chunks: ["data: b\n\ndata: [DONE]\n\n"] }], {
    until: "[DONE]",
  })
  expect([again.outcome, again.data]).toEqual(["done", ["a", "b"]])
})

test("subscribe() treats a clean end as the end if the request must not be repeated", async () => {
  for (const options of [{ retry: false }, { resume: "never" }, { method: "POST" }] as const) {
    const { outcome, data, fetch } = await run([{ chunks: ["data: a\n\ndata: cut"] }], options)
    expect([outcome, data, fetch.requests.length]).toEqual(["done", ["a"], 1])
  }
})

test("subscribe() never reports success for a connection that broke", async () => {
  const { outcome, data } = await run([{ chunks: ["data: a\n\n"], end: "reset" }], { retry: false })
  expect([outcome, data]).toMatchObject([{ code: "connection", retryable: true }, ["a"]])
})

test("subscribe() reports a failure after all events that preceded it, also to a late consumer", async () => {
  const clock = new ManualClock()
  const fetch = scriptedFetch([{ chunks: ["data: a\n\ndata: b\n\n"], end: "reset" }])
  const iterator = subscribe(TARGET, { fetch, clock, retry: false })[Symbol.asyncIterator]()
  expect(await iterator.next()).toMatchObject({ value: { data: "a" } })
  await clock.advance(HOUR)
  expect(await iterator.next()).toMatchObject({ value: { data: "b" } })
  await expect(iterator.next()).rejects.toMatchObject({ code: "connection" })
  expect(await iterator.next()).toEqual({ done: true, value: undefined })
})

test("subscribe() discards a cut event and requests it again", async () => {
  const { data, cursors } = await run([
    { chunks: ["id: 1\ndata: a\n\nid: 2\ndata: half"], end: "reset" },
    { chunks: ["id: 2\ndata: whole\n\n"] },
    noContent(),
  ])
  expect([data, cursors]).toEqual([
    ["a", "whole"],
    [null, "1", "2"],
  ])
})

test("subscribe() resumes from blocks that have only an id", async () => {
  const { cursors } = await run([{ chunks: ["id: 1\ndata: a\n\nid: 9\n\nid: 10\n"] }, noContent()])
  expect(cursors).toEqual([null, "9"])
})

test("lastEventId is the ID of the last event that the consumer took, and the next request sends the last one received", async () => {
  const clock = new ManualClock()
  const fetch = scriptedFetch([
    { chunks: ["id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n\n"] },
    { chunks: [], end: "stall" },
  ])
  const subscription = subscribe(TARGET, { fetch, clock, lastEventId: "0" })
  const iterator = subscription[Symbol.asyncIterator]()
  expect(subscription.lastEventId).toBe("0")
  await iterator.next()
  await clock.advance(HOUR)
  expect(subscription.lastEventId).toBe("1")
  expect(fetch.requests[1]!.headers.get("last-event-id")).toBe("3")
  await iterator.next()
  expect(subscription.lastEventId).toBe("3")
  await iterator.return()
})

test("subscribe() delivers an event whose id repeats, and drops it with dedupe", async () => {
  const answers: ScriptedAnswer[] = [
    { chunks: ["id: 1\ndata: a\n\nid: 2\ndata: b\n\ndata: no id\n\n"] },
    { chunks: ["id: 2\ndata: b\n\ndata: no id\n\nid: 3\ndata: c\n\n"] },
    noContent(),
  ]
  expect((await run(answers)).data).toEqual(["a", "b", "no id", "b", "no id", "c"])
  expect((await run(answers, { dedupe: true })).data).toEqual(["a", "b", "no id", "no id", "c"])
  expect((await run(answers, { dedupe: true, lastEventId: "1" })).data).toEqual(["b", "no id", "no id", "c"])
})

test("subscribe() remembers 1,024 ids for dedupe", async () => {
  const block = (id: number) => `id: ${id}\ndata: ${id}\n\n`
  const ids = Array.from({ length: 1025 }, (_, index) => index)
  const { data } = await run([{ chunks: [ids.map(block).join(""), block(0), block(1024), block(500)] }, noContent()], {
    dedupe: true,
  })
  expect(data.slice(1024)).toEqual(["1024", "0"])
})

test("subscribe() calls onGap for a gap in order with the events, and delivers the event without onGap", async () => {
  const chunks = ['data: a\n\nid: 5\nevent: steadystream.gap\ndata: {"from":"1","reason":"trimmed"}\n\ndata: b\n\n']
  const seen: unknown[] = []
  const clock = new ManualClock()
  const fetch = scriptedFetch([{ chunks }, { chunks: [], end: "stall" }])
  const subscription = subscribe(TARGET, { fetch, clock, onGap: (gap) => void seen.push(gap) })
  const done = subscription.listen({ onEvent: (event) => void seen.push(event.data) })
  await clock.advance(HOUR)
  expect(seen).toEqual(["a", { from: "1", reason: "trimmed", resumesAt: undefined }, "b"])
  expect(fetch.requests[1]!.headers.get("last-event-id")).toBe("5")
  subscription.close()
  await done
  expect((await run([{ chunks }, noContent()])).events.map((event) => event.event)).toEqual([
    "message",
    "steadystream.gap",
    "message",
  ])
})

test("subscribe() reports a gap whose data is not valid", async () => {
  for (const data of ["", "nonsense", "null", "[]", '{"from":1}']) {
    const gaps: unknown[] = []
    await run([{ chunks: [`event: steadystream.gap\ndata: ${data}\n\n`] }, noContent()], {
      onGap: (gap) => void gaps.push(gap),
    })
    expect(gaps).toEqual([{ from: undefined, reason: undefined, resumesAt: undefined }])
  }
})

test("subscribe() stops reading the socket while the queue is full, by events or by size", async () => {
  for (const limits of [{ maxQueuedEvents: 10 }, { maxQueuedSize: 10_000 }]) {
    await start({ endless: `data: ${"x".repeat(10_000)}\n\n` })
    const subscription = subscribe(server!.url, { limits })
    const iterator = subscription[Symbol.asyncIterator]()
    await iterator.next()
    for (let blocked = 0; blocked < 20; blocked = server!.blockedSockets > 0 ? blocked + 1 : 0) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    // The buffers of the kernel and of the platform's streams.
    expect(server!.bytesTaken).toBeLessThan(16 * 1024 * 1024)
    for (let count = 0; count < 500; count++) await iterator.next()
    await iterator.return()
    await server!.allClosed()
    await server!.close()
  }
})

test("subscribe() pulls nothing from its source while the queue is full, by events or by size", async () => {
  for (const limits of [{ maxQueuedEvents: 10 }, { maxQueuedSize: 10 * "message1234".length }]) {
    const clock = new ManualClock()
    let pulls = 0
    async function* connect() {
      for (;;) {
        pulls++
        yield "data: 1234\n\n"
      }
    }
    const iterator = subscribe(connect, { clock, limits })[Symbol.asyncIterator]()
    await iterator.next()
    await clock.advance(HOUR)
    expect(pulls).toBe(11)
    for (let taken = 0; taken < 5; taken++) await iterator.next()
    await clock.advance(0)
    expect(pulls).toBe(16)
    await iterator.return()
  }
})

test("subscribe() reads on when the consumer has made room", async () => {
  const total = 5000
  const body = Array.from({ length: total }, (_, index) => `id: ${index}\ndata: ${index}\n\n`)
  await start([{ body }, { status: 204 }])
  const limits = { maxQueuedEvents: 3 }
  const { data, outcome } = consume(
    subscribe(server!.url, { limits, until: (event) => event.data === String(total - 1) }),
  )
  expect(await outcome).toBe("done")
  expect(data).toEqual(Array.from({ length: total }, (_, index) => String(index)))
})

test("subscribe() delivers the same events wherever the stream is cut", async () => {
  const { chunkings } = await import("steadystream/testing")
  const bytes = new TextEncoder().encode("\uFEFFid: é\r\ndata: ✓\r\n\r\ndata: b\n\n")
  for (const chunks of chunkings(bytes)) {
    const { data } = consume(subscribe(async () => chunks, { until: "b" }))
    await new Promise((resolve) => setImmediate(resolve))
    expect(data).toEqual(["✓"])
  }
})

test("subscribe() delivers events named like members of Object.prototype", async () => {
  const names = ["__proto__", "constructor", "toString", "error", "open", "close"]
  const chunks = names.map((name) => `event: ${name}\ndata: x\n\n`)
  const { events } = await run([{ chunks }, noContent()])
  expect(events.map((event) => event.event)).toEqual(names)
})

describe("subscribe() with unusual consumers", () => {
  test("subscribe() with dedupe delivers every event whose id is empty", async () => {
    const fetch = scriptedFetch([{ chunks: ["id:\ndata: a\n\nid:\ndata: b\n\n"] }])
    const { data, outcome } = consume(subscribe(TARGET, { fetch, dedupe: true, retry: false }))
    expect([await outcome, data]).toEqual(["done", ["a", "b"]])
  })

  test("next() called repeatedly does not extend a deadline", async () => {
    const clock = new ManualClock()
    const fetch = scriptedFetch([() => new Promise<never>(() => {})])
    const events = subscribe(TARGET, { fetch, clock, retry: false })[Symbol.asyncIterator]()
    const first = events.next().catch((error: unknown) => error)
    await clock.advance(29_999)
    void events.next()
    await clock.advance(1)
    expect(await Promise.race([first, Promise.resolve("waiting")])).toMatchObject({ code: "timeout", phase: "connect" })
  })

  test("next() rejects once with the reason of an abort for all waiting calls, and returns done afterwards", async () => {
    const abort = new AbortController()
    const events = subscribe(TARGET, { fetch: scriptedFetch([stall]), signal: abort.signal })[Symbol.asyncIterator]()
    const waiting = [events.next(), events.next()]
    abort.abort(new Error("enough"))
    expect(await Promise.allSettled(waiting)).toEqual([
      { status: "rejected", reason: new Error("enough") },
      { status: "rejected", reason: new Error("enough") },
    ])
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  test("subscribe() ignores its signal after the last event of an ended stream was taken", async () => {
    const { signal } = new AbortController()
    const remove = vi.spyOn(signal, "removeEventListener")
    const fetch = scriptedFetch([{ chunks: ["data: a\n\ndata: b\n\n"] }])
    const events = subscribe(TARGET, { fetch, signal, retry: false })[Symbol.asyncIterator]()
    await events.next()
    await new Promise((resolve) => setImmediate(resolve))
    expect(remove).not.toHaveBeenCalled()
    await events.next()
    expect(remove).toHaveBeenCalledTimes(1)
  })

  test("close() in onStateChange prevents onRetry and every other call", async () => {
    const clock = new ManualClock()
    const called: string[] = []
    const subscription = subscribe(TARGET, {
      fetch: scriptedFetch([{ chunks: ["data: a\n\n"] }]),
      clock,
      onStateChange: (state) => {
        called.push(state)
        if (state === "waiting") subscription.close()
      },
      onRetry: () => called.push("retry"),
      onOpen: () => called.push("opened"),
    })
    await consume(subscription).outcome
    await clock.advance(HOUR)
    expect(called).toEqual(["open", "opened", "waiting", "closed"])
  })
})
