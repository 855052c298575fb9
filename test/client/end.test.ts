import { expect, test } from "vitest"
import { defineEvents, text } from "steadystream"
import { subscribe, type SubscribeOptions, type Subscription } from "steadystream/client"
import { ManualClock, type ScriptedAnswer, scriptedFetch } from "steadystream/testing"
import { consume } from "../support/consumer.ts"

const TARGET = "https://example.com/stream"
const HOUR = 3_600_000
const noContent = () => new Response(null, { status: 204 })

/** Reads a subscription to its end. */
async function run(answers: readonly ScriptedAnswer[], options: SubscribeOptions = {}): Promise<Subscription> {
  const clock = new ManualClock()
  const subscription = subscribe(TARGET, { fetch: scriptedFetch(answers), clock, ...options })
  const { outcome } = consume(subscription)
  await clock.advance(HOUR)
  await outcome
  return subscription
}

test("end names the end mark that was not delivered", async () => {
  const answer: ScriptedAnswer = { chunks: ["data: a\n\ndata: [DONE]\n\n"], end: "stall" }
  expect((await run([answer], { until: "[DONE]" })).end).toEqual({ reason: "until", mark: "[DONE]" })
  const { end } = await run([answer], { until: ({ data }) => data === "[DONE]" })
  expect(end).toEqual({ reason: "until", mark: undefined })
})

test("end says whether the server ended the subscription or it failed", async () => {
  const answer: ScriptedAnswer = { chunks: ["data: a\n\n"] }
  expect((await run([answer, noContent])).end).toEqual({ reason: "no-content", mark: undefined })
  expect((await run([answer, noContent], { until: "[DONE]" })).end).toMatchObject({ reason: "no-content" })
  expect((await run([answer], { retry: false })).end).toEqual({ reason: "eof", mark: undefined })
  expect((await run([answer], { retry: false, until: "z" })).end).toEqual({ reason: "error", mark: undefined })
  expect((await run([answer], { timeouts: { total: 1 } })).end).toMatchObject({ reason: "error" })
})

test("end is undefined while events may follow, also while they are queued", async () => {
  const fetch = scriptedFetch([{ chunks: ["data: a\n\ndata: b\n\ndata: [DONE]\n\n"] }])
  const subscription = subscribe(TARGET, { fetch, clock: new ManualClock(), until: "[DONE]" })
  expect(subscription.end).toBeUndefined()
  const events = subscription[Symbol.asyncIterator]()
  await events.next()
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect([subscription.state, subscription.end]).toEqual(["closed", undefined])
  await events.next()
  expect(subscription.end).toMatchObject({ reason: "until" })
})

test("end is a cancellation if the caller closes the subscription or drops queued events", async () => {
  const cancelled = { reason: "cancelled", mark: undefined }
  const whole: ScriptedAnswer = { chunks: ["data: a\n\ndata: b\n\ndata: [DONE]\n\n"] }
  const clock = new ManualClock()
  const open = () => subscribe(TARGET, { fetch: scriptedFetch([whole]), clock, until: "[DONE]" })
  const unread = open()
  unread.close()
  expect(unread.end).toEqual(cancelled)
  const queued = open()
  await queued[Symbol.asyncIterator]().next()
  await clock.advance(0)
  queued.close()
  expect([queued.state, queued.end]).toEqual(["closed", cancelled])
  const aborted = await run([{ chunks: [], end: "stall" }], { signal: AbortSignal.abort(new Error("mine")) })
  expect(aborted.end).toEqual(cancelled)
})

test("end has the event that the stream ended inside, which is not delivered and moves nothing", async () => {
  const chunks = ["id: 1\ndata: a\n\nid: 2\nevent: x\ndata: b"]
  const { end, lastEventId } = await run([{ chunks }], { retry: false })
  const unfinished = { event: "x", data: "b", id: "2", lastEventId: "2" }
  expect([end, lastEventId]).toEqual([{ reason: "eof", mark: undefined, unfinished }, "1"])
  expect((await run([{ chunks }, noContent])).end).toMatchObject({ reason: "no-content", unfinished })
  expect((await run([{ chunks }, { chunks: ["data: c\n\n"] }, noContent])).end?.unfinished).toBeUndefined()
  expect((await run([{ chunks }], { retry: false, limits: { maxEventSize: 2 } })).end?.unfinished).toEqual(unfinished)
})

test("end stays as it was if the subscription is closed after its end", async () => {
  const subscription = await run([{ chunks: ["data: [DONE]\n\n"] }], { until: "[DONE]" })
  subscription.close()
  await subscription[Symbol.asyncDispose]()
  expect(subscription.end).toMatchObject({ reason: "until" })
})

test("gaps counts the gaps, whether they are delivered, reported or skipped by a contract", async () => {
  const chunks = ["data: a\n\n", 'event: steadystream.gap\ndata: {"reason":"trimmed"}\n\n', "data: b\n\n"]
  expect((await run([{ chunks }, noContent], { onGap: () => {} })).gaps).toBe(1)
  expect((await run([{ chunks }, noContent])).gaps).toBe(1)
  const events = defineEvents({ message: text() })
  expect((await run([{ chunks }, noContent], { events })).gaps).toBe(1)
})
