import { expect, test } from "vitest"
import { type Attempt, subscribe } from "steadystream/client"
import { ManualClock } from "steadystream/testing"
import { consume } from "../support/consumer.ts"

const HOUR = 3_600_000

test("subscribe() connects by a function over any transport, and passes the cursor to it", async () => {
  const attempts: Attempt[] = []
  const clock = new ManualClock()
  async function* feed(attempt: Attempt) {
    attempts.push(attempt)
    yield `id: ${attempts.length}\nda`
    yield `ta: ${attempts.length}\n\n`
    if (attempts.length === 2) throw new Error("line lost")
    if (attempts.length === 3) yield "data: [DONE]\n\n"
  }
  const opened: unknown[] = []
  const { data, outcome } = consume(
    subscribe(feed, { clock, until: "[DONE]", onOpen: (info) => void opened.push(info) }),
  )
  await clock.advance(HOUR)
  expect([await outcome, data]).toEqual(["done", ["1", "2", "3"]])
  expect(attempts.map(({ lastEventId, error }) => [lastEventId, error?.code])).toEqual([
    ["", undefined],
    ["1", "truncated"],
    ["2", "connection"],
  ])
  expect(opened[0]).toEqual({ status: undefined, headers: undefined, url: undefined })
})

test("subscribe() applies the same policy to a Response from a function", async () => {
  const connect = async () => new Response("no", { status: 403 })
  expect(await consume(subscribe(connect)).outcome).toMatchObject({ code: "response", status: 403 })
  expect(await consume(subscribe(async () => new Response(null, { status: 204 }))).outcome).toBe("done")
})

test("subscribe() stops if a function returns no source or invalid chunks", async () => {
  expect(await consume(subscribe((async () => 1) as never)).outcome).toBeInstanceOf(TypeError)
  expect(await consume(subscribe((async () => [1, 2]) as never)).outcome).toBeInstanceOf(TypeError)
})

test("subscribe() closes a source that a function returns too late", async () => {
  const clock = new ManualClock()
  let deliver: ((source: ReadableStream<string>) => void) | undefined
  const subscription = subscribe(() => new Promise<ReadableStream<string>>((resolve) => void (deliver = resolve)), {
    clock,
  })
  const { outcome } = consume(subscription)
  await clock.advance(0)
  subscription.close()
  await outcome
  let cancelled = false
  deliver!(new ReadableStream({ cancel: () => void (cancelled = true) }))
  await clock.advance(0)
  expect(cancelled).toBe(true)
})

test("subscribe() closes the source of each attempt at its failure, at close() and at the end mark", async () => {
  const clock = new ManualClock()
  let open = 0
  const connect = () => {
    open++
    return new ReadableStream<string>({
      start: (controller) => controller.enqueue("id: 1\ndata: a\n\nid: 1\ndata: [DONE]\n\n"),
      cancel: () => void open--,
    })
  }
  await consume(subscribe(connect, { until: "[DONE]" })).outcome
  expect(open).toBe(0)
  const closed = subscribe(connect)
  const { outcome } = consume(closed)
  await clock.advance(0)
  closed.close()
  expect([await outcome, open]).toEqual(["done", 0])
  const late = consume(subscribe(connect, { clock, timeouts: { eventIdle: 1000 }, retry: { maxRetries: 2 } }))
  await clock.advance(HOUR)
  expect(await late.outcome).toMatchObject({ code: "retries-exhausted" })
  expect(open).toBe(0)
})

test("close() cancels a refused response's body that is being read, from any connect function", async () => {
  const clock = new ManualClock()
  let cancelled = 0
  const connect = async () => new Response(new ReadableStream({ cancel: () => void cancelled++ }), { status: 500 })
  const subscription = subscribe(connect, { clock })
  const { outcome } = consume(subscription)
  await clock.advance(0)
  subscription.close()
  expect(await outcome).toBe("done")
  await clock.advance(HOUR)
  expect([cancelled, clock.pendingTimers]).toEqual([1, 0])
})
