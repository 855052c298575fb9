import { getEventListeners } from "node:events"
import { afterAll, beforeAll, expect, test } from "vitest"
import { subscribe, type Subscription, type SubscribeOptions } from "steadystream/client"
import { type FaultAnswer, type FaultServer, ManualClock, startFaultServer } from "steadystream/testing"
import { EagerClock } from "../support/eager-clock.ts"
import { CYCLES, heap, MAX_GROWTH, settledGrowth, timers } from "../support/hygiene.ts"

const AT_ONCE = 20

let server: FaultServer
let answer: FaultAnswer | "stall"
beforeAll(async () => {
  server = await startFaultServer(() => answer)
})
afterAll(() => server.close())

/** Ways in which a subscription ends: the server's part and the consumer's part. */
const EXITS: Record<
  string,
  {
    answer: FaultAnswer | "stall"
    options?: SubscribeOptions
    leave(s: Subscription, abort: AbortController): Promise<unknown>
  }
> = {
  "204": { answer: { status: 204, headers: {} }, leave: (s) => s.listen({ onEvent: () => {} }) },
  "an end mark": {
    answer: { body: "data: a\n\ndata: [DONE]\n\n", end: "stall" },
    options: { until: "[DONE]" },
    leave: (s) => s.listen({ onEvent: () => {} }),
  },
  "a clean end": {
    answer: { body: "data: a\n\n" },
    options: { retry: false },
    leave: (s) => s.listen({ onEvent: () => {} }),
  },
  "an endless 500": { answer: { status: 500, endless: "x".repeat(10_000) }, options: { retry: false }, leave: fails },
  "an endless 404": { answer: { status: 404, endless: "x".repeat(10_000) }, leave: fails },
  "a page of HTML": {
    answer: { headers: { "content-type": "text/html" }, endless: "<p>".repeat(5_000) },
    leave: fails,
  },
  "a reset": { answer: { body: "data: a\n\nda", end: "reset" }, options: { retry: false }, leave: fails },
  "a line over its limit": {
    answer: { endless: "x".repeat(10_000) },
    options: { limits: { maxLineLength: 50_000 } },
    leave: fails,
  },
  "a budget used up": { answer: { status: 503 }, options: { retry: { maxRetries: 2 } }, leave: fails },
  break: {
    answer: { body: "data: a\n\n", end: "stall" },
    leave: async (s) => {
      for await (const event of s) if (event.data === "a") break
    },
  },
  "throw in the loop": {
    answer: { body: "data: a\n\n", endless: "data: more\n\n" },
    leave: (s) =>
      fails({
        listen: async () => {
          for await (const event of s) throw new Error(event.data)
        },
      }),
  },
  "close() while connecting": {
    answer: "stall",
    leave: (s) => {
      const done = s.listen({ onEvent: () => {} })
      setImmediate(() => s.close())
      return done
    },
  },
  "close() in a handler": {
    answer: { body: "data: a\n\n", end: "stall" },
    leave: (s) => s.listen({ onEvent: () => s.close() }),
  },
  "abort while open": {
    answer: { body: "data: a\n\n", end: "stall" },
    leave: (s, abort) => fails({ listen: () => s.listen({ onEvent: () => abort.abort() }) }),
  },
}

/** Throws unless the subscription fails. It is not `expect`, which keeps its values until the end of the test. */
async function fails(subscription: Pick<Subscription, "listen">): Promise<void> {
  const failed = await subscription.listen({ onEvent: () => {} }).then(
    () => false,
    () => true,
  )
  if (!failed) throw new Error("The subscription must fail")
}

test.for(Object.entries(EXITS))("subscribe() leaves nothing behind after %s, 1,000 times", async ([, exit]) => {
  answer = exit.answer
  const abort = new AbortController()
  const once = async () => {
    const own = new AbortController()
    const signal = exit.leave.length > 1 ? own.signal : abort.signal
    await exit.leave(subscribe(server.url, { clock: new EagerClock(), signal, ...exit.options }), own)
  }
  const cycles = async (count: number) => {
    for (let done = 0; done < count; done += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, once))
    await server.allClosed()
    server.requests.length = 0
  }
  await cycles(CYCLES / 5)
  const before = { heap: await heap(), timers: timers() }
  await cycles(CYCLES)
  expect(await settledGrowth(before.heap)).toBeLessThan(MAX_GROWTH)
  expect([server.openSockets, getEventListeners(abort.signal, "abort").length]).toEqual([0, 0])
  expect(timers()).toBeLessThanOrEqual(before.timers)
})

test("close() at any moment leaves no request, event, timer or listener", async () => {
  let moments = 0
  for (const fault of [
    { body: ["id: 1\ndata: a\n\n", ": c\n\n", "data: b\n\n"], end: "reset" },
    { status: 503, body: "x" },
  ] as const) {
    for (let moment = 0; moment < 120; moment++) {
      answer = fault
      const clock = new ManualClock()
      const { signal } = new AbortController()
      let isClosed = false
      const late: string[] = []
      const note = (what: string) => () => void (isClosed && late.push(what))
      const subscription = subscribe(server.url, {
        clock,
        signal,
        fetch: (input, init) => {
          note("request")()
          return fetch(input, init)
        },
        headers: async (): Promise<HeadersInit> => ({}),
        onOpen: note("open"),
        onComment: note("comment"),
        onRetry: note("retry"),
      })
      const done = subscription.listen({ onEvent: note("event") })
      // The first 60 steps are microtasks, and the others are turns of the event loop.
      for (let step = 0; step < moment; step++) {
        if (step < 60) await Promise.resolve()
        else await new Promise((resolve) => setImmediate(resolve))
        if (step > 80) await clock.advance(100)
      }
      subscription.close()
      isClosed = true
      await done
      await clock.advance(60_000)
      await server.allClosed()
      expect([late, clock.pendingTimers, getEventListeners(signal, "abort").length]).toEqual([[], 0, 0])
      moments++
    }
  }
  expect(moments).toBe(240)
})
