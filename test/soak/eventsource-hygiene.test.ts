import { afterAll, beforeAll, expect, test } from "vitest"
import { EventSource, type EventSourceInit } from "steadystream/eventsource"
import { type FaultAnswer, type FaultServer, startFaultServer } from "steadystream/testing"
import { EagerClock } from "../support/eager-clock.ts"
import { CYCLES, heap, MAX_GROWTH, settledGrowth, timers } from "../support/hygiene.ts"

const AT_ONCE = 20

let server: FaultServer
let answer: FaultAnswer | "stall"
beforeAll(async () => {
  server = await startFaultServer(() => answer)
})
afterAll(() => server.close())

interface Exit {
  readonly answer: FaultAnswer | "stall"
  readonly init?: EventSourceInit
  /** The event at which the test closes the source. Without one, the source must close itself. */
  readonly closeAt?: "open" | "message" | "error" | "once"
}

const stream: FaultAnswer = { body: "retry: 0\nid: 1\ndata: a\n\ndata: b\n\n", end: "stall" }

/** Ways in which an EventSource is closed. */
const EXITS: Readonly<Record<string, Exit>> = {
  "204": { answer: { status: 204, headers: {} } },
  "an endless 500": { answer: { status: 500, endless: "x".repeat(10_000) } },
  "an endless page of HTML": { answer: { headers: { "content-type": "text/html" }, endless: "<p>".repeat(5_000) } },
  "a line over its limit": { answer: { endless: "x".repeat(10_000) }, init: { limits: { maxLineLength: 50_000 } } },
  "a budget used up": { answer: { body: ": no event\n\n" }, init: { retry: { maxRetries: 2 } } },
  "close() at once": { answer: stream, closeAt: "once" },
  "close() while connecting": { answer: "stall", closeAt: "once" },
  "close() in open": { answer: stream, closeAt: "open" },
  "close() in message": { answer: stream, closeAt: "message" },
  "close() in error": { answer: { ...stream, end: "reset" }, closeAt: "error" },
}

/** One EventSource from its start to its end. */
function live({ closeAt, init }: Exit, close: "now" | "later"): Promise<void> {
  return new Promise((resolve) => {
    const source = new EventSource(server.url, { clock: new EagerClock(), ...init })
    const end = () => {
      source.close()
      resolve()
    }
    if (closeAt === "once") {
      if (close === "now") end()
      else setImmediate(end)
      return
    }
    if (closeAt !== undefined) source.addEventListener(closeAt, end)
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) resolve()
    })
  })
}

test.for(Object.entries(EXITS))("EventSource leaves nothing behind after %s, 1,000 times", async ([name, exit]) => {
  answer = exit.answer
  const close = name === "close() at once" ? "now" : "later"
  const cycles = async (count: number) => {
    for (let done = 0; done < count; done += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, () => live(exit, close)))
    }
    await server.allClosed()
    server.requests.length = 0
  }
  await cycles(CYCLES / 5)
  const before = { heap: await heap(), timers: timers() }
  await cycles(CYCLES)
  expect(await settledGrowth(before.heap)).toBeLessThan(MAX_GROWTH)
  expect(server.openSockets).toBe(0)
  expect(timers()).toBeLessThanOrEqual(before.timers)
})
