import { chunkResponse, relay } from "steadystream/openai"
import { eventStreamResponse } from "steadystream/server"
import { afterEach, describe, expect, test, vi } from "vitest"
import { HELLO } from "../support/streams.ts"
import { serve } from "../support/serve-events.ts"

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe("headers", () => {
  const responses: [string, (headers: HeadersInit) => Response][] = [
    ["eventStreamResponse()", (headers) => eventStreamResponse([{ data: "a" }], { headers })],
    ["chunkResponse()", (headers) => chunkResponse([], { headers })],
    ["relay().toResponse()", (headers) => relay(HELLO).toResponse({ headers })],
  ]
  test.each(
    responses.flatMap(([name, open]) =>
      ["private, max-age=0", "no-store", "public", "no-transform"].map((value) => [name, value, open] as const),
    ),
  )("%s keeps no-transform beside the cache-control %j of the caller", (_, value, open) => {
    const kept = open({ "cache-control": value }).headers.get("cache-control")!
    expect(kept.split(/,\s*/).filter((directive) => directive === "no-transform")).toHaveLength(1)
    expect(kept).toContain(value)
  })

  test("sendEventStream() keeps no-transform beside a cache-control that was set on the response", async () => {
    const state = await serve([{ data: "a" }], {}, (response) => response.setHeader("cache-control", "private"))
    expect((await fetch(state.origin)).headers.get("cache-control")).toContain("no-transform")
  })

  test("sendEventStream() calls flush() of the response after each event", async () => {
    let flushed = 0
    const state = await serve(
      [{ data: "a" }, { data: "b" }, { data: "c" }],
      { headers: { "cache-control": "public" } },
      (response) => {
        Object.assign(response, { flush: () => void flushed++ })
      },
    )
    await (await fetch(state.origin)).text()
    expect(flushed).toBeGreaterThanOrEqual(3)
  })
})
