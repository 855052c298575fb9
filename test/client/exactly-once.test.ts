import * as fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { subscribe } from "steadystream/client"
import { type FaultAnswer, type FaultRequest, type FaultServer, startFaultServer } from "steadystream/testing"
import { consume } from "../support/consumer.ts"
import { EagerClock } from "../support/eager-clock.ts"

/*
 * A server that replays from the last event ID on, over real sockets, and cuts the response at one byte of the data on
 * over the wire: head, HTTP chunk framing, CRLF, code points and blocks alike.
 */
let server: FaultServer
let plan: { total: number; cuts: { at: number; end: "fin" | "reset" }[]; framing: "chunked" | "length" | "close" }

const PREFIX = 20
/** About the length of the head. The UTF-8 body has more bytes than characters. */
const HEAD = 250

const block = (id: number) => `id: ${id}\r\ndata: ✓${id}\n\n`
const replay = (from: number, total: number) =>
  Array.from({ length: total - from }, (_, index) => block(from + index + 1))

function answer(request: FaultRequest): FaultAnswer {
  const from = Number(request.headers["last-event-id"] ?? 0)
  const cut = plan.cuts.shift()
  const end = from === plan.total ? ["event: end\ndata\n\n"] : []
  // Each block of the prefix is sent in its own HTTP chunk, and the rest in one chunk.
  const blocks = replay(from, plan.total)
  const body = [...blocks.slice(0, PREFIX), blocks.slice(PREFIX).join(""), ...end]
  return { body, framing: plan.framing, cutAt: cut?.at, end: cut?.end }
}

beforeAll(async () => {
  server = await startFaultServer(answer)
})
afterAll(() => server.close())

async function receive(given: typeof plan): Promise<number[]> {
  plan = given
  const { events, outcome } = consume(
    subscribe(server.url, {
      clock: new EagerClock(),
      until: (event) => event.event === "end",
      retry: { maxRetries: 50 },
    }),
  )
  expect(await outcome).toBe("done")
  return events.filter((event) => event.event !== "end").map((event) => Number(event.data.slice(1)))
}

const upTo = (total: number) => Array.from({ length: total }, (_, index) => index + 1)

/** Every byte of the head and the prefix, or every third byte without chunk framing. */
const places = [
  { framing: "chunked", end: "fin", step: 1 },
  { framing: "chunked", end: "reset", step: 1 },
  { framing: "close", end: "fin", step: 3 },
  { framing: "close", end: "reset", step: 3 },
] as const

test.for(places)(
  "subscribe() delivers 300 events exactly once if $end cuts a $framing body at any of the first 20 bytes",
  async ({ framing, end, step }) => {
    const framingLength = framing === "chunked" ? "ff\r\n\r\n".length : 0
    const length = HEAD + replay(0, PREFIX).join("").length + PREFIX * framingLength
    for (let at = 0; at < length; at += step) {
      expect(await receive({ total: 300, cuts: [{ at, end }], framing })).toEqual(upTo(300))
    }
  },
)

test("subscribe() delivers 300 events exactly once over connections that are cut at random", async () => {
  const cut = fc.record({ at: fc.nat(20_000), end: fc.constantFrom("fin" as const, "reset" as const) })
  const framing = fc.constantFrom("chunked" as const, "length" as const, "close" as const)
  await fc.assert(
    fc.asyncProperty(fc.array(cut, { maxLength: 12 }), framing, async (cuts, framed) => {
      expect(await receive({ total: 300, cuts: [...cuts], framing: framed })).toEqual(upTo(300))
    }),
    { numRuns: 100 },
  )
}, 60_000)
