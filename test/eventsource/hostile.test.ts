import { EventSource } from "steadystream/eventsource"
import { ManualClock, scriptedFetch } from "steadystream/testing"
import { expect, test } from "vitest"

const TARGET = "https://example.com/stream"

test.each([
  ["/relative", "https://example.com"],
  ["not a url at all:", "https://example.com"],
  ["https://other.example/x", "https://other.example"],
  ["http://[", "https://example.com"],
  ["", "https://example.com"],
])("EventSource takes events of a response whose url is %j, with an origin", async (url, origin) => {
  const clock = new ManualClock()
  const inner = scriptedFetch([{ chunks: ["data: a\n\n"], end: "stall" }])
  const fetch = async (...given: Parameters<typeof inner>) =>
    Object.defineProperty(await inner(...given), "url", { value: url })
  const source = new EventSource(TARGET, { fetch, clock })
  const origins: string[] = []
  source.onmessage = (event) => void origins.push(event.origin)
  await clock.advance(0)
  expect([source.readyState, origins]).toEqual([EventSource.OPEN, [origin]])
  source.close()
})

test.each([undefined, null, 5, {}, { headers: {} }])(
  "EventSource closes where fetch gives %j, and rejects nothing unseen",
  async (given) => {
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown) => void unhandled.push(reason)
    process.on("unhandledRejection", onUnhandled)
    const clock = new ManualClock()
    const source = new EventSource(TARGET, { clock, fetch: async () => given as unknown as Response })
    const errors: unknown[] = []
    source.onerror = (event) => void errors.push([source.readyState, event.error instanceof TypeError])
    await clock.advance(10_000)
    expect([source.readyState, errors, clock.pendingTimers]).toEqual([2, [[2, true]], 0])
    process.off("unhandledRejection", onUnhandled)
    expect(unhandled).toEqual([])
  },
)

test("EventSource fires nothing after close() in any of its handlers, and asks for nothing", async () => {
  for (const closing of ["open", "message", "error", "named"]) {
    const clock = new ManualClock()
    const chunks = ["data: a\n\nevent: named\ndata: b\n\nevent: error\ndata: c\n\nevent: open\ndata: d\n\ndata: e\n\n"]
    const fetch = scriptedFetch([{ chunks }])
    const source = new EventSource(TARGET, { fetch, clock })
    const fired: string[] = []
    for (const type of ["open", "message", "error", "named"]) {
      source.addEventListener(type, () => {
        fired.push(type)
        if (type === closing) source.close()
      })
    }
    await clock.advance(100_000)
    expect(fired.at(-1)).toBe(closing)
    expect(fired.filter((type) => type === closing)).toHaveLength(1)
    expect([source.readyState, fetch.requests.length, clock.pendingTimers, fetch.openBodies]).toEqual([2, 1, 0, 0])
  }
})

test("EventSource keeps its last event ID over reconnections, and forgets it where the server says so", async () => {
  const clock = new ManualClock()
  const fetch = scriptedFetch([
    { chunks: ["retry: 100\nid: 1\ndata: a\n\n"] },
    { chunks: ["data: b\n\nid\ndata: c\n\n"] },
    { chunks: ["data: d\n\n"], end: "stall" },
  ])
  const source = new EventSource(TARGET, { fetch, clock })
  const ids: string[] = []
  source.onmessage = ({ data, lastEventId }) => void ids.push(`${data} ${lastEventId}`)
  await clock.advance(1_000)
  expect(ids).toEqual(["a 1", "b 1", "c ", "d "])
  expect(fetch.requests.map(({ headers }) => headers.get("last-event-id"))).toEqual([null, "1", null])
  source.close()
})

test("EventSource of a data: URL can be closed at any time, and throws nothing where nobody can catch it", async () => {
  const thrown: unknown[] = []
  const onThrown = (error: unknown) => void thrown.push(error)
  process.on("uncaughtException", onThrown)
  for (const closing of ["at once", "open", "message", "error"]) {
    const source = new EventSource("data:text/event-stream,data:%20a%0A%0Adata:%20b%0A%0A")
    const closed = new Promise<void>((resolve) => {
      const close = () => {
        source.close()
        resolve()
      }
      if (closing === "at once") close()
      else source.addEventListener(closing, close)
    })
    await closed
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  process.off("uncaughtException", onThrown)
  expect(thrown).toEqual([])
})

test("EventSource calls a handler that was taken away no more, and one that is set anew after the others", async () => {
  const clock = new ManualClock()
  const source = new EventSource(TARGET, { clock, fetch: scriptedFetch([{ chunks: ["data: a\n\n"], end: "stall" }]) })
  const called: string[] = []
  source.onmessage = () => void called.push("first")
  source.addEventListener("message", () => void called.push("listener"))
  source.onmessage = null
  source.onmessage = () => void called.push("second")
  await clock.advance(0)
  expect(called).toEqual(["listener", "second"])
  source.close()
})
