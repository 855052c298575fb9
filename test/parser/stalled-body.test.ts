import { readEvents, SseResponseError } from "steadystream"
import { subscribe } from "steadystream/client"
import { readChatCompletions, type ReadChunksOptions, readResponses, relay } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { all, rejection, within } from "../support/streams.ts"

describe("a body that stalls", () => {
  const stalled = (content: string) =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(content))
      },
    })
  const refused = () => new Response(stalled("overloaded"), { status: 503, headers: { "content-type": "text/plain" } })
  const reads: [string, () => Promise<unknown>, string][] = [
    ["readEvents() of a refused response", () => rejection(all(readEvents(refused()))), "overloaded"],
    [
      "readEvents() of a page",
      () =>
        rejection(all(readEvents(new Response(stalled("<p>Log in"), { headers: { "content-type": "text/html" } })))),
      "<p>Log in",
    ],
    [
      "readChatCompletions() of a refused response",
      () => rejection(readChatCompletions(refused()).collect()),
      "overloaded",
    ],
    [
      "subscribe() of a refused response",
      () => rejection(all(subscribe("https://example.com/", { fetch: async () => refused(), retry: false }))),
      "overloaded",
    ],
  ]
  const json = (options: ReadChunksOptions) =>
    readChatCompletions(new Response(stalled('{"a":'), { headers: { "content-type": "application/json" } }), options)
  test.each(["firstContent", "idle", "eventIdle", "contentIdle", "total"] as const)(
    "readChatCompletions() of a JSON body that stalls ends by timeouts.%s",
    async (name) => {
      if (name === "contentIdle")
        return expect(await within(json({ timeouts: { [name]: 20 } }).ended, 50)).toBe("pending")
      const error = await within(rejection(json({ timeouts: { [name]: 20 } }).collect()))
      expect(error).toMatchObject({ name: "SseTimeoutError", phase: name })
    },
  )
  test.each([
    ["application/json", '{"id":"c","choices":['],
    ["text/html", "<!DOCTYPE html><p>Log in"],
    ["text/event-stream", '{"error":'],
  ])("readChatCompletions() of a stalled body of %s rejects within a second", async (type, start) => {
    const response = new Response(stalled(start), { headers: { "content-type": type } })
    const error = await within(rejection(readChatCompletions(response).collect()), 1_400)
    expect(error).toMatchObject({ code: "not-a-stream" })
    expect((error as { preview?: string }).preview ?? "").toContain(start.slice(0, 8))
  })

  test("readResponses() and relay() of a stalled JSON body end within a second", async () => {
    const body = () => new Response(stalled('{"id":"r",'), { headers: { "content-type": "application/json" } })
    expect(await within(rejection(readResponses(body()).collect()), 1_400)).toMatchObject({ code: "not-a-stream" })
    const answer = relay(body(), { onError: () => ({}) })
    void answer.toResponse().text()
    expect(await within(answer.ended, 1_400)).toMatchObject({ reason: "error" })
  })

  test.each(reads)("%s rejects within a second with what came of the body", async (_, read, start) => {
    const error = (await within(read(), 1_400)) as { body?: string }
    expect(error).not.toBe("pending")
    expect(error instanceof SseResponseError).toBe(true)
    expect(error.body).toContain(start)
  })
})
