import { SseTimeoutError } from "steadystream"
import { subscribe, type Timeouts } from "steadystream/client"
import { ManualClock, scriptedFetch } from "steadystream/testing"
import { describe, expect, test } from "vitest"
import { consume } from "../support/consumer.ts"
import { eventStream, within } from "../support/streams.ts"

const TARGET = "https://example.com/stream"

describe('subscribe() and timeouts.idle "auto"', () => {
  const auto: Timeouts = { idle: "auto" }
  /** A subscription to a stream whose pieces come when the test writes them. */
  function open(timeouts: Timeouts, maxQueuedEvents = 256) {
    const clock = new ManualClock()
    let controller!: ReadableStreamDefaultController<Uint8Array>
    const body = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) })
    const fetch = async () => eventStream(body as ReadableStream<Uint8Array<ArrayBuffer>>)
    const subscription = subscribe(TARGET, { clock, fetch, retry: false, timeouts, limits: { maxQueuedEvents } })
    let release = () => {}
    const busy = new Promise<void>((resolve) => (release = resolve))
    const outcome = subscription.listen({ onEvent: () => busy }).then(
      () => "done",
      (error: unknown) => error,
    )
    const beat = async (ms: number, text = ": keep-alive\n\n") => {
      await clock.advance(ms)
      controller.enqueue(new TextEncoder().encode(text))
      await clock.advance(0)
    }
    return { clock, outcome, beat, subscription, release }
  }

  test("subscribe() has no idle timeout before two heartbeats came", async () => {
    const { clock, outcome, beat, subscription } = open(auto)
    await beat(0)
    await clock.advance(3_600_000)
    expect(await within(outcome, 50)).toBe("pending")
    subscription.close()
  })

  test("subscribe() waits three times the longest gap between heartbeats", async () => {
    const { clock, outcome, beat } = open(auto)
    for (const gap of [0, 5_000, 8_000, 5_000]) await beat(gap)
    await clock.advance(23_900)
    expect(await within(outcome, 50)).toBe("pending")
    await clock.advance(200)
    expect(await within(outcome, 50)).toMatchObject({ name: "SseTimeoutError", phase: "idle" })
  })

  test("subscribe() waits at least 10 seconds", async () => {
    const { clock, outcome, beat } = open(auto)
    for (const gap of [0, 1_000, 1_000, 1_000]) await beat(gap)
    await clock.advance(9_900)
    expect(await within(outcome, 50)).toBe("pending")
    await clock.advance(200)
    expect(await within(outcome, 50)).toBeInstanceOf(SseTimeoutError)
  })

  test('subscribe() refuses timeouts.idle "automatic"', () => {
    expect(() => subscribe(TARGET, { timeouts: { idle: "automatic" } as never })).toThrow(/timeouts\.idle/)
  })

  test("subscribe() learns from the heartbeats of one connection only", async () => {
    const clock = new ManualClock()
    const beats = [": a\n\n", ": b\n\n"]
    const fetch = scriptedFetch([{ chunks: beats.slice(0, 1) }, { chunks: beats.slice(1), end: "stall" }])
    const subscription = subscribe(TARGET, { clock, fetch, timeouts: auto })
    const { outcome } = consume(subscription)
    await clock.advance(3_600_000)
    expect(fetch.requests).toHaveLength(2)
    subscription.close()
    expect(await outcome).toBe("done")
  })

  test("subscribe() learns nothing from the time in which its consumer was slow", async () => {
    const { clock, outcome, beat, release } = open(auto, 1)
    for (const gap of [0, 1_000, 1_000]) await beat(gap)
    await beat(0, "data: a\n\ndata: b\n\ndata: c\n\n")
    await beat(3_600_000)
    release()
    await clock.advance(9_900)
    expect(await within(outcome, 50)).toBe("pending")
    await clock.advance(200)
    expect(await within(outcome, 50)).toBeInstanceOf(SseTimeoutError)
  })
})
