import { inspect } from "node:util"
import { SseConnectionError, type SseError, SseRetryError } from "steadystream"
import { type Attempt, subscribe } from "steadystream/client"
import { ManualClock } from "steadystream/testing"
import { describe, expect, test } from "vitest"
import { consume } from "../support/consumer.ts"
import { play } from "../support/play.ts"

describe("subscribe() and the details of its errors", () => {
  test("SseRetryError.attempts and each retryable error carry attempt and lastEventId", async () => {
    const errors: SseError[] = []
    const { ended } = await play(
      [{ chunks: ["id: 7\ndata: a\n\n"], end: "reset" }, new Error("down"), new Response("", { status: 503 })],
      {
        retry: { maxRetries: 3 },
        onRetry: ({ error }: { error: SseError }) => void errors.push(error),
      },
    )
    expect(ended).toBeInstanceOf(SseRetryError)
    expect(errors.length).toBeGreaterThan(2)
    for (const error of errors) expect(error).toMatchObject({ attempt: expect.any(Number), lastEventId: "7" })
    for (const attempt of (ended as SseRetryError).attempts) expect(attempt).toMatchObject({ lastEventId: "7" })
    expect(errors[0]).toBeInstanceOf(SseConnectionError)
  })

  test("subscribe() adds attempt and lastEventId to a total timeout, and shows neither in a printed error", async () => {
    const { ended } = await play([{ chunks: ["id: secret\ndata: a\n\n"], end: "stall" }], {
      timeouts: { total: 1_000 },
    })
    expect(ended).toMatchObject({ phase: "total", attempt: 0, lastEventId: "secret" })
    expect(inspect(ended)).not.toContain("secret")
  })

  test("subscribe() goes on if a function throws a frozen error of the package", async () => {
    const clock = new ManualClock()
    const frozen = Object.freeze(new SseConnectionError("down"))
    const connect = (attempt: Attempt) => {
      if (attempt.number === 0) throw frozen
      return new Response(null, { status: 204 })
    }
    const { outcome } = consume(subscribe(connect, { clock }))
    await clock.advance(60_000)
    expect(await outcome).toBe("done")
  })
})
