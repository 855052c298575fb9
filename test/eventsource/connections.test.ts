import { EventSource, type EventSourceInit } from "steadystream/eventsource"
import { type FaultServer, ManualClock, scriptedFetch, startFaultServer } from "steadystream/testing"
import { afterEach, describe, expect, test } from "vitest"
import { EagerClock } from "../support/eager-clock.ts"

const TARGET = "https://example.com/stream"
const opened: EventSource[] = []
const servers: FaultServer[] = []
afterEach(async () => {
  for (const source of opened.splice(0)) source.close()
  for (const server of servers.splice(0)) await server.close()
})
function connect(chunks: string[], init: EventSourceInit = {}, Class: typeof EventSource = EventSource) {
  const clock = new ManualClock()
  const fetch = scriptedFetch([{ chunks, end: "stall" }])
  const source = new Class(TARGET, { clock, fetch, ...init })
  opened.push(source)
  return { source, clock, fetch }
}
async function start(script: Parameters<typeof startFaultServer>[0]): Promise<FaultServer> {
  const server = await startFaultServer(script)
  servers.push(server)
  return server
}
/** The messages of `source` until it is closed, or until two have come. */
function twoMessages(source: EventSource): Promise<string[]> {
  opened.push(source)
  return new Promise((resolve) => {
    const data: string[] = []
    source.onmessage = (event) => {
      if (data.push(String(event.data)) === 2) resolve(data)
    }
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) resolve(data)
    })
  })
}

describe("EventSource and redirects", () => {
  const redirect = (location: string) => ({ status: 307, headers: { location } })

  test("EventSource leaves redirects to a fetch of the caller, which does not send its secret to another origin", async () => {
    const target = await start([{ body: "id: 1\ndata: a\n\n" }, { body: "data: b\n\n", end: "stall" }])
    const balancer = await start(redirect(target.url))
    const source = new EventSource(balancer.url, {
      clock: new EagerClock(),
      fetch: (url, init) =>
        fetch(url, { ...(init as RequestInit), headers: { ...init.headers, authorization: "Bearer secret" } }),
    })
    expect(await twoMessages(source)).toEqual(["a", "b"])
    expect(target.requests.map(({ headers }) => headers["authorization"])).toEqual([undefined, undefined])
  })

  test.each([
    ["authorization", { authorization: "Bearer secret" }, undefined],
    ["accept-language", { "accept-language": "de" }, "de"],
  ])("EventSource follows a redirect to another origin with the right headers: %s", async (name, headers, expected) => {
    const target = await start([{ body: "id: 1\ndata: a\n\n" }, { body: "data: b\n\n", end: "stall" }])
    const balancer = await start(redirect(target.url))
    const source = new EventSource(balancer.url, {
      clock: new EagerClock(),
      headers: headers as Record<string, string>,
    })
    expect(await twoMessages(source)).toEqual(["a", "b"])
    for (const request of target.requests) {
      if (expected === undefined) expect(request.headers[name]).toBeUndefined()
      else expect(request.headers[name]).toBe(expected)
    }
    expect(target.requests[1]!.headers["last-event-id"]).toBe("1")
  })

  test("EventSource reads a location as UTF-8", async () => {
    const server = await start([redirect("/caf\u00c3\u00a9"), { body: "data: a\n\ndata: b\n\n", end: "stall" }])
    await twoMessages(new EventSource(server.url, { clock: new EagerClock() }))
    expect(server.requests[1]!.path).toBe("/caf%C3%A9")
  })

  test("EventSource reconnects with the method QUERY", async () => {
    const server = await start([{ body: "data: a\n\n" }, { body: "data: b\n\n", end: "stall" }])
    const source = new EventSource(server.url, { clock: new EagerClock(), method: "QUERY", body: "question" })
    expect(await twoMessages(source)).toEqual(["a", "b"])
    expect(server.requests.map(({ method, body }) => [method, body])).toEqual([
      ["QUERY", "question"],
      ["QUERY", "question"],
    ])
  })
})

describe("EventSource and progress", () => {
  test("EventSource with a retry limit goes on as long as each connection delivers events", async () => {
    const answers = Array.from({ length: 12 }, (_, at) => ({ chunks: [`data: ${at}\n\n`] }))
    const { source, clock } = connect([], {
      fetch: scriptedFetch([...answers, { end: "stall" }]),
      retry: { maxRetries: 3 },
    })
    const data: unknown[] = []
    source.addEventListener("message", (event) => void data.push(event.data))
    for (let minute = 0; minute < 5; minute++) await clock.advance(60_000)
    expect([data.length, source.readyState]).toEqual([12, EventSource.OPEN])
  })

  test("EventSource advises close(), not options of subscribe(), when the server closes the stream", async () => {
    const { source, clock } = connect([], { fetch: scriptedFetch([{ chunks: ["data: a\n\n"] }, { end: "stall" }]) })
    const errors: string[] = []
    source.addEventListener("error", ({ error }) => void errors.push((error as Error).message))
    await clock.advance(10_000)
    expect(errors).toEqual([
      "Cannot read event stream: the server closed the stream (if that is its normal end, call close() at the last event, or answer the next request with 204)",
    ])
  })
})
