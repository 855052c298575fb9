import { afterEach, describe, expect, test } from "vitest"
import { subscribe, type SubscribeOptions } from "steadystream/client"
import { type FaultScript, type FaultServer, scriptedFetch, startFaultServer } from "steadystream/testing"
import { consume } from "../support/consumer.ts"
import { EagerClock } from "../support/eager-clock.ts"
import { failOnUnhandledRejections } from "../support/unhandled.ts"

failOnUnhandledRejections()

const TARGET = "https://example.com/stream"

let server: FaultServer | undefined
afterEach(() => server?.close())
const start = async (script: FaultScript) => (server = await startFaultServer(script))
const event = (id: string) => ({ body: `id: ${id}\ndata: ${id}\n\n` })

async function run(target: Parameters<typeof subscribe>[0], options: SubscribeOptions = {}) {
  const { data, outcome } = consume(subscribe(target, { clock: new EagerClock(), ...options }))
  return { data, outcome: await outcome }
}

test("subscribe() sends the last event ID as its UTF-8 bytes", async () => {
  for (const id of ["1", "é", "✓1", "日本", "a b", "🎈", "~!@#"]) {
    await start([event(id), { status: 204 }])
    await run(server!.url)
    const sent = server!.requests[1]!.headers["last-event-id"]!
    expect(Buffer.from(sent, "latin1").toString("utf8")).toBe(id)
    await server!.close()
  }
})

test("subscribe() does not send an ID that a header would change or reject, and warns once", async () => {
  for (const id of ["\u0001", "a\u007f", "tab\tinside", " edge", "edge ", "x".repeat(4097), "é".repeat(2049)]) {
    const warnings: unknown[] = []
    const fetch = scriptedFetch([
      { chunks: [`id:  ${id}\ndata: a\n\n`.replace("id:  ", "id: ")] },
      { status: 503, chunks: [] },
      { status: 503, chunks: [] },
      new Response(null, { status: 204 }),
    ])
    const { outcome } = await run(TARGET, { fetch, onWarning: (warning) => warnings.push(warning) })
    expect(outcome).toBe("done")
    expect(fetch.requests.some((request) => request.headers.has("last-event-id"))).toBe(false)
    expect(warnings).toEqual([{ code: "unsendable-id", message: expect.not.stringContaining(id.trim()) }])
  }
})

test("subscribe() sends the cursor in the query if lastEventIdParam is set", async () => {
  await start([event("a&b=1 ✓"), { status: 204 }])
  await run(`${server!.url}?x=1`, { lastEventIdParam: "since", lastEventId: "0" })
  expect(server!.requests.map((r) => [r.path, r.headers["last-event-id"]])).toEqual([
    ["/?x=1&since=0", undefined],
    [`/?x=1&since=a%26b%3D1+%E2%9C%93`, undefined],
  ])
})

test("subscribe() sends the lastEventId option with the first request", async () => {
  await start([{ status: 204 }])
  await run(server!.url, { lastEventId: "42" })
  expect(server!.requests[0]!.headers["last-event-id"]).toBe("42")
})

test("subscribe() resets the cursor at an empty id, and then sends none", async () => {
  await start([{ body: "id: 1\ndata: a\n\nid:\ndata: b\n\n" }, { status: 204 }])
  await run(server!.url)
  expect(server!.requests[1]!.headers).not.toHaveProperty("last-event-id")
})

describe("subscribe() with lastEventIdParam", () => {
  test.each([
    ["?sig=a%20b%2Fc~(d)&flag&x=1+2", "?sig=a%20b%2Fc~(d)&flag&x=1+2&from=i%2F1+%C3%A9"],
    ["?from=old&a=1&from=older", "?a=1&from=i%2F1+%C3%A9"],
    ["", "?from=i%2F1+%C3%A9"],
    ["?#part", "?from=i%2F1+%C3%A9#part"],
  ])("subscribe() with lastEventIdParam leaves the rest of the query %s unchanged", async (search, expected) => {
    const fetch = scriptedFetch([new Response(null, { status: 204 })])
    await consume(subscribe(TARGET + search, { fetch, lastEventId: "i/1 é", lastEventIdParam: "from" })).outcome
    expect(fetch.requests[0]!.url).toBe(TARGET + expected)
    expect(fetch.requests[0]!.headers.has("last-event-id")).toBe(false)
  })
})
