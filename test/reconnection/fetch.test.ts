import { describe, expect, test } from "vitest"
import { subscribe } from "steadystream/client"
import { ManualClock } from "steadystream/testing"
import { consume } from "../support/consumer.ts"
import { failOnUnhandledRejections } from "../support/unhandled.ts"

const TARGET = "https://example.com/stream"

const HOUR = 3_600_000

failOnUnhandledRejections()

describe("subscribe() and an invalid fetch", () => {
  test.each([undefined, null, 5, "text", {}, { headers: null }, { body: 1 }])(
    "subscribe() leaves no unhandled rejection if fetch returns %j after close()",
    async (given) => {
      const clock = new ManualClock()
      let answer: ((response: Response) => void) | undefined
      const fetch = () => new Promise<Response>((resolve) => void (answer = resolve))
      const subscription = subscribe(TARGET, { fetch, clock })
      const { outcome } = consume(subscription)
      await clock.advance(0)
      subscription.close()
      answer!(given as unknown as Response)
      await clock.advance(HOUR)
      expect([await outcome, clock.pendingTimers]).toEqual(["done", 0])
    },
  )

  test.each([undefined, null, 5, "text", {}])(
    "subscribe() rejects with a TypeError if fetch returns %j",
    async (given: unknown) => {
      const fetch = async () => given as Response
      expect(await consume(subscribe(TARGET, { fetch })).outcome).toBeInstanceOf(TypeError)
    },
  )

  test("subscribe() retries if fetch throws synchronously", async () => {
    const clock = new ManualClock()
    const fetch = () => {
      throw new TypeError("no")
    }
    const { outcome } = consume(subscribe(TARGET, { fetch, clock, retry: { maxRetries: 2 } }))
    await clock.advance(HOUR)
    expect(await outcome).toMatchObject({ code: "retries-exhausted", attempts: { length: 3 } })
  })

  test("subscribe() cancels a late response of a fetch that ignores its signal, after each deadline", async () => {
    const clock = new ManualClock()
    const answers: ((response: Response) => void)[] = []
    let cancelled = 0
    const fetch = () => new Promise<Response>((resolve) => void answers.push(resolve))
    const { outcome } = consume(subscribe(TARGET, { fetch, clock, retry: { maxRetries: 1 } }))
    await clock.advance(HOUR)
    expect(await outcome).toMatchObject({ code: "retries-exhausted", cause: { code: "timeout", phase: "connect" } })
    for (const answer of answers) answer(new Response(new ReadableStream({ cancel: () => void cancelled++ })))
    await clock.advance(0)
    expect([cancelled, clock.pendingTimers]).toEqual([2, 0])
  })
})
