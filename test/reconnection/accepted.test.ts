import { subscribe } from "steadystream/client"
import { describe, expect, test } from "vitest"
import { consume } from "../support/consumer.ts"
import { EagerClock } from "../support/eager-clock.ts"
import { play } from "../support/play.ts"
import { within } from "../support/streams.ts"

const TARGET = "https://example.com/stream"
const NO_CONTENT = { status: 204 } as const

describe("subscribe() and events without data", () => {
  test("subscribe() delivers an event without data if dispatchEmpty is set", async () => {
    const { data, events, ended } = await play(
      [{ chunks: ["data: a\n\nevent: complete\n\n"] }, { chunks: ["data: again\n\n"] }],
      { dispatchEmpty: true, until: (event: { event: string }) => event.event === "complete" },
    )
    expect([ended, data, events.at(-1)?.event]).toEqual(["done", ["a", ""], "complete"])
  })

  test("subscribe() skips an event without data by default", async () => {
    const { data } = await play([{ chunks: ["event: complete\n\ndata: a\n\n"] }, NO_CONTENT])
    expect(data).toEqual(["a"])
  })
})

describe("subscribe() and a server without content type", () => {
  const untyped = () => new Response(new TextEncoder().encode("data: a\n\n"))
  test("subscribe() takes a response without content type if check is false", async () => {
    const { data } = await play([untyped(), NO_CONTENT], { check: false })
    expect(data).toEqual(["a"])
  })

  test("subscribe() takes the body of a response without content type from a function", async () => {
    let body: ReadableStream | null = untyped().body
    const connect = async () => {
      const given = body
      body = null
      return given ?? new Response(null, { status: 204 })
    }
    const { data, outcome } = consume(subscribe(connect, { clock: new EagerClock() }))
    expect([await within(outcome), data]).toEqual(["done", ["a"]])
  })

  test("subscribe() refuses a status other than 200 also if check is false", async () => {
    const { ended } = await play([new Response("data: a\n\n", { status: 404 })], { check: false })
    expect(ended).toMatchObject({ code: "response", status: 404 })
  })

  test("subscribe() refuses a response without content type by default", async () => {
    const { ended } = await play([untyped()])
    expect(ended).toMatchObject({ code: "content-type" })
  })
})

describe("subscribe() and a cursor that a request cannot carry", () => {
  test.each([
    ["in the header", {}],
    ["in the query", { lastEventIdParam: "since" }],
  ])("subscribe() does not send a lone surrogate %s, and warns", async (_, options) => {
    const warnings: string[] = []
    const { fetch } = await play([NO_CONTENT], {
      ...options,
      lastEventId: "a\ud83d",
      onWarning: ({ code }: { code: string }) => void warnings.push(code),
    })
    expect(fetch.requests[0]!.headers.get("last-event-id")).toBeNull()
    expect(fetch.requests[0]!.url).toBe(TARGET)
    expect(warnings).toEqual(["unsendable-id"])
  })
})
