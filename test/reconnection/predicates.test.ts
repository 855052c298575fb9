import { subscribe } from "steadystream/client"
import { ManualClock, scriptedFetch } from "steadystream/testing"
import { describe, expect, test } from "vitest"
import { consume } from "../support/consumer.ts"
import { play } from "../support/play.ts"
import { within } from "../support/streams.ts"

const TARGET = "https://example.com/stream"
const NO_CONTENT = { status: 204 } as const

describe("subscribe() and predicates of the caller", () => {
  test("subscribe() refuses an async until, also one that rejects", async () => {
    const until = (async () => Promise.reject(new Error("broken"))) as never
    const { data, ended } = await play([{ chunks: ["data: a\n\ndata: b\n\ndata: c\n\n"] }, NO_CONTENT], { until })
    expect(ended).toBeInstanceOf(TypeError)
    expect((ended as Error).message).toBe('Cannot use options: "until" must return a boolean, not a promise')
    expect(data).toEqual([])
  })

  test("subscribe() refuses an async shouldRetry", async () => {
    const shouldRetry = (async () => false) as never
    const { fetch, ended } = await play([new Error("down")], { retry: { shouldRetry } })
    expect(ended).toBeInstanceOf(TypeError)
    expect(fetch.requests).toHaveLength(1)
  })

  test("subscribe() ends with what until throws, as an error", async () => {
    const broken = new Error("broken")
    const { ended } = await play([{ chunks: ["data: a\n\n"] }], {
      until: () => {
        throw broken
      },
    })
    expect(ended).toBe(broken)
  })

  test("subscribe() refuses an async isProgress", async () => {
    const { ended } = await play([{ chunks: ["data: a\n\n"] }], { retry: { isProgress: async () => false } })
    expect(ended).toBeInstanceOf(TypeError)
  })

  test.each([Number.NaN, undefined, Infinity, -1, 2, "0.5"])(
    "subscribe() retries if the clock's random() returns %s",
    async (random): Promise<void> => {
      const clock = new ManualClock({ random: () => random as number })
      const fetch = scriptedFetch([new Error("down"), NO_CONTENT])
      const delays: number[] = []
      const { outcome } = consume(subscribe(TARGET, { clock, fetch, onRetry: ({ delay }) => void delays.push(delay) }))
      await clock.advance(60_000)
      const ended = await within(outcome, 50)
      expect([ended, fetch.requests.length]).toEqual(["done", 2])
      expect(delays[0]).toBeGreaterThanOrEqual(100)
      expect(delays[0]).toBeLessThanOrEqual(1_250)
    },
  )
})
