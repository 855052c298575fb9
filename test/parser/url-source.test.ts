import { readEvents } from "steadystream"
import { readChatCompletions, readChunks, readCompletions, readResponses, relay } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { all } from "../support/streams.ts"

describe("a URL as source", () => {
  const readers: [string, (source: never) => unknown][] = [
    ["readEvents()", (source) => readEvents(source)],
    ["readChatCompletions()", (source) => readChatCompletions(source)],
    ["readCompletions()", (source) => readCompletions(source)],
    ["readResponses()", (source) => readResponses(source)],
    [
      "readChunks()",
      (source) =>
        readChunks(source, {
          name: "things",
          accumulate: () => ({ value: {}, push() {}, missing: () => null }),
        }),
    ],
    ["relay()", (source) => relay(source)],
  ]
  const urls = [
    "https://example.com/stream",
    "HTTPS://EXAMPLE.COM",
    "/api/stream",
    "  https://example.com/stream",
    "\n/api/stream\n",
    "http://127.0.0.1:1/",
    new URL("https://example.com/"),
    new Request("https://example.com/"),
  ]
  test.each(
    readers.flatMap(([name, read]) =>
      urls.map((url) => [name, typeof url === "string" ? url : `a ${url.constructor.name}`, url, read] as const),
    ),
  )("%s says that %s looks like a URL, and to fetch it first", (_name, _what, url, read) => {
    expect(() => read(url as never)).toThrow(TypeError)
    expect(() => read(url as never)).toThrow(/URL.*fetch|fetch.*URL/)
  })

  test("readEvents() takes text with a field called https", async () => {
    expect(await all(readEvents("https: no field\ndata: a\n\n"))).toHaveLength(1)
    expect(await all(readEvents("https://no-field\ndata: a\n\n"))).toHaveLength(1)
    expect(await all(readEvents(""))).toEqual([])
  })
})
