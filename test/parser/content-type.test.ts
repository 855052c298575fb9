import { readEvents, SseResponseError } from "steadystream"
import { subscribe } from "steadystream/client"
import { describe, expect, test } from "vitest"
import { all } from "../support/streams.ts"

describe("a content type that is sent twice", () => {
  const types: [string, boolean][] = [
    ["text/event-stream, text/event-stream", true],
    ["text/event-stream; charset=utf-8, text/event-stream", true],
    ["text/event-stream, text/event-stream; charset=utf-8", true],
    ["text/event-stream;charset=utf-8,text/event-stream;charset=utf-8", true],
    ["text/html, text/event-stream", true],
    ["text/event-stream, text/html", false],
    ["text/event-stream; a=b, text/html; charset=utf-8", false],
    ["text/event-stream, */*", true],
    ["text/event-stream, nonsense", true],
    ['text/event-stream; a="x, text/html"', true],
    ['text/html; a="x, text/event-stream"', false],
    ["text/event-streams", false],
    [", text/event-stream", true],
    ["text/event-stream,", true],
  ]
  const readers: [string, (response: Response) => Promise<number>][] = [
    ["readEvents()", async (response) => (await all(readEvents(response))).length],
    [
      "subscribe()",
      async (response) =>
        (await all(subscribe("https://example.com/", { fetch: async () => response, retry: false }))).length,
    ],
  ]
  test.each(
    readers.flatMap(([name, read]) =>
      types.map(([value, isStream]) => [name, isStream ? "takes" : "refuses", value, read] as const),
    ),
  )("%s %s the content type %j", async (_, verdict, value, read) => {
    const outcome = await read(new Response("data: a\n\n", { headers: { "content-type": value } })).then(
      () => "takes",
      (error: unknown) => (error instanceof SseResponseError ? "refuses" : error),
    )
    expect(outcome).toBe(verdict)
  })
})
