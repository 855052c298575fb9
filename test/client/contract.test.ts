import { expect, test } from "vitest"
import { z } from "zod"
import { defineEvents, SseValidationError, text, type, type EventOf } from "steadystream"
import { subscribe, type SubscribeOptions } from "steadystream/client"
import { ManualClock, type ScriptedAnswer, scriptedFetch } from "steadystream/testing"

let release = (): void => {}
const gate = () => new Promise<void>((resolve) => (release = resolve))
const events = defineEvents({
  tick: z.object({ at: z.string().transform(Number) }),
  done: type<{ total: number }>(),
  log: text(),
  // Answers when the test calls the resolver.
  slow: z.string().refine(async () => {
    await gate()
    return true
  }),
})
type Event = EventOf<typeof events>

const TARGET = "https://example.com/stream"
const tick = (id: number) => `id: ${id}\nevent: tick\ndata: {"at":"${id}"}\n\n`

function start(answers: readonly ScriptedAnswer[], options: SubscribeOptions = {}) {
  const clock = new ManualClock()
  const fetch = scriptedFetch(answers)
  const subscription = subscribe(TARGET, { fetch, clock, ...options, events })
  const read: Event[] = []
  const outcome = subscription
    .listen({ onEvent: (event) => read.push(event) })
    .then(() => "done")
    .catch((error: unknown) => error)
  return { clock, fetch, subscription, read, outcome }
}

test("subscribe() with events yields the union of the contract, across reconnections", async () => {
  const answers: ScriptedAnswer[] = [
    { chunks: [tick(1), "event: unknown\ndata: x\n\n", tick(2)], end: "reset" },
    { chunks: [tick(3), 'event: done\ndata: {"total":3}\n\n'], end: "stall" },
  ]
  const { clock, fetch, read, outcome, subscription } = start(answers, { until: ({ event }) => event === "done" })
  await clock.advance(60_000)
  expect(await outcome).toBe("done")
  expect(read.map(({ event, data }) => [event, data])).toEqual([
    ["tick", { at: 1 }],
    ["tick", { at: 2 }],
    ["tick", { at: 3 }],
    ["done", { total: 3 }],
  ])
  expect(fetch.requests[1]!.headers.get("last-event-id")).toBe("2")
  expect(subscription.lastEventId).toBe("3")
})

test("subscribe() with events passes the raw event to until before the contract decodes it", async () => {
  const { clock, read, outcome } = start([{ chunks: ["event: log\ndata: a\n\n", "data: [DONE]\n\n"], end: "stall" }], {
    until: "[DONE]",
  })
  await clock.advance(10)
  expect([await outcome, read.map(({ data }) => data)]).toEqual(["done", ["a"]])
})

test("subscribe() with events ends at an invalid event, keeps the cursor before it and makes no more requests", async () => {
  const bad = "id: 2\nevent: tick\ndata: secret\n\n"
  const { clock, fetch, read, outcome, subscription } = start([{ chunks: [tick(1), bad, tick(3)], end: "stall" }])
  await clock.advance(60_000)
  const error = await outcome
  expect(error).toBeInstanceOf(SseValidationError)
  expect(error).toMatchObject({ event: "tick", lastEventId: "2", retryable: false })
  expect(String(error)).not.toContain("secret")
  expect([read.length, subscription.lastEventId, subscription.state]).toEqual([1, "1", "closed"])
  expect([fetch.requests.length, fetch.openBodies, clock.pendingTimers]).toEqual([1, 0, 0])
})

test("subscribe() with events skips events as its policy says, and moves the cursor", async () => {
  const lenient = defineEvents({ tick: z.object({ at: z.string() }) }, { invalid: "skip" })
  const fetch = scriptedFetch([{ chunks: ["id: 1\nevent: tick\ndata: no\n\n", tick(2)], end: "close" }])
  const subscription = subscribe(TARGET, { fetch, retry: false, events: lenient })
  const read = []
  for await (const event of subscription) read.push(event.data.at)
  expect([read, subscription.lastEventId]).toEqual([["2"], "2"])
})

test("close() drops an event whose schema has not answered, and the cursor stays before it", async () => {
  const { clock, fetch, read, outcome, subscription } = start([
    { chunks: [tick(1), 'id: 2\nevent: slow\ndata: "x"\n\n'], end: "stall" },
  ])
  await clock.advance(10)
  subscription.close()
  release()
  expect(await outcome).toBe("done")
  await clock.advance(10)
  expect([read.length, subscription.lastEventId, fetch.openBodies]).toEqual([1, "1", 0])
})

test("subscribe() with events rejects with the signal's reason while a schema has not answered", async () => {
  const controller = new AbortController()
  const { clock, fetch, outcome } = start([{ chunks: ['event: slow\ndata: "x"\n\n'], end: "stall" }], {
    signal: controller.signal,
  })
  await clock.advance(10)
  const reason = new Error("enough")
  controller.abort(reason)
  expect(await outcome).toBe(reason)
  release()
  await clock.advance(10)
  expect([fetch.requests.length, fetch.openBodies, clock.pendingTimers]).toEqual([1, 0, 0])
})
