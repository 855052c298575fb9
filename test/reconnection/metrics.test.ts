import { type AttemptMetrics, subscribe, type SubscribeOptions } from "steadystream/client"
import { ManualClock, scriptedFetch } from "steadystream/testing"
import { describe, expect, test } from "vitest"

const encoder = new TextEncoder()

/** A response whose pieces arrive after these times, in milliseconds from the request. */
function timedResponse(
  clock: ManualClock,
  pieces: readonly (readonly [at: number, text: string])[],
  end: "close" | "break",
) {
  const begun = clock.now()
  const queue = [...pieces]
  return new Response(
    new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const piece = queue.shift()
          if (piece === undefined)
            return end === "close" ? controller.close() : controller.error(new TypeError("terminated"))
          await new Promise<void>((resolve) => void clock.setTimeout(resolve, piece[0] - (clock.now() - begun)))
          controller.enqueue(encoder.encode(piece[1]))
        },
      },
      { highWaterMark: 0 },
    ),
    { headers: { "content-type": "text/event-stream" } },
  )
}

async function measured(clock: ManualClock, options: SubscribeOptions): Promise<AttemptMetrics[]> {
  const all: AttemptMetrics[] = []
  const read = async () => {
    for await (const _ of subscribe("https://example.com/", { clock, onMetrics: (m) => void all.push(m), ...options }));
  }
  await clock.runUntil(read().catch(() => {}))
  return all
}

describe("onMetrics", () => {
  test("onMetrics is called after each attempt with its times, events and bytes", async () => {
    const clock = new ManualClock()
    const body = [
      [100, ": hi\n\n"],
      [250, "data: a\n\n"],
      [300, "data: b\n\n"],
      [900, "data: c\n\n"],
    ] as const
    const fetch = scriptedFetch([() => timedResponse(clock, body, "close")])
    const start = clock.now()
    const [metrics, ...more] = await measured(clock, { fetch, retry: false })
    expect(more).toEqual([])
    expect(metrics).toEqual({
      attempt: 0,
      startTime: start,
      responseTime: 0,
      firstByteTime: 100,
      firstEventTime: 250,
      duration: 900,
      status: 200,
      events: 3,
      bytes: 33,
      longestGap: 600,
      error: undefined,
    })
  })

  test("onMetrics names the error and the status of an attempt that failed, and the number of each attempt", async () => {
    const clock = new ManualClock()
    const fetch = scriptedFetch([
      new TypeError("fetch failed"),
      new Response(null, { status: 503 }),
      () => timedResponse(clock, [[5, "data: a\n\n"]], "break"),
      new Response(null, { status: 204 }),
    ])
    const all = await measured(clock, { fetch })
    expect(all.map(({ attempt, status, events, error }) => [attempt, status, events, error])).toEqual([
      [0, undefined, 0, "connection"],
      [1, 503, 0, "response"],
      [2, 200, 1, "connection"],
      [1, 204, 0, undefined],
    ])
    expect(all[0]!.firstByteTime).toBeUndefined()
  })

  test("onMetrics names a deadline, and no error if the consumer leaves", async () => {
    const clock = new ManualClock()
    const stalled = scriptedFetch([{ chunks: ["data: a\n\n"], end: "stall" }])
    const [timedOut] = await measured(clock, { fetch: stalled, retry: false, timeouts: { idle: 1_000 } })
    expect([timedOut!.error, timedOut!.duration]).toEqual(["timeout", 1_000])

    const left: AttemptMetrics[] = []
    const fetch = scriptedFetch([{ chunks: ["data: a\n\n"], end: "stall" }])
    for await (const _ of subscribe("https://example.com/", { clock, fetch, onMetrics: (m) => void left.push(m) }))
      break
    await clock.advance(0)
    expect(left.map(({ error, events }) => [error, events])).toEqual([[undefined, 1]])
  })

  test("onMetrics that throws is reported and stops nothing", async () => {
    const errors: unknown[] = []
    const boom = new Error("boom")
    const fetch = scriptedFetch([{ chunks: ["data: a\n\n"] }])
    const events = subscribe("https://example.com/", {
      fetch,
      retry: false,
      onMetrics: () => {
        throw boom
      },
      onHandlerError: (error) => void errors.push(error),
    })
    const seen: string[] = []
    for await (const { data } of events) seen.push(data)
    expect([seen, errors]).toEqual([["a"], [boom]])
  })
})
