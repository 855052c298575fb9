import { expect, test } from "vitest"
import { SseRetryError } from "ssekit"
import { subscribe } from "ssekit/client"
import { ManualClock, scriptedFetch } from "ssekit/testing"

const URL = "https://example.com/stream"

test("subscribe() resumes after a clean end from the last event ID and ends at 204", async () => {
  const clock = new ManualClock()
  const fetch = scriptedFetch([
    { chunks: ["id: 1\ndata: a\n\nid: 2\nda"] },
    { chunks: ["id: 2\ndata: b\n\n"] },
    new Response(null, { status: 204 }),
  ])
  const subscription = subscribe(URL, { fetch, clock })
  const got: string[] = []
  const done = subscription.listen({ onEvent: (event) => got.push(event.data) })
  await clock.advance(60_000)
  await done
  expect(got).toEqual(["a", "b"])
  expect(fetch.requests.map((request) => request.headers.get("last-event-id"))).toEqual([null, "1", "2"])
  expect(subscription.state).toBe("closed")
  expect(clock.pendingTimers).toBe(0)
})

test("subscribe() gives up after maxRetries consecutive failures", async () => {
  const clock = new ManualClock()
  const fetch = scriptedFetch([new TypeError("fetch failed")])
  const done = subscribe(URL, { fetch, clock, retry: { maxRetries: 3 } }).listen({ onEvent: () => {} })
  const outcome = done.catch((error: unknown) => error)
  await clock.advance(60_000)
  const error = (await outcome) as SseRetryError
  expect(error).toBeInstanceOf(SseRetryError)
  expect(error.attempts.map((attempt) => attempt.number)).toEqual([0, 1, 2, 3])
  expect(fetch.requests.length).toBe(4)
})
