import { readEvents, SseParser, type SseParserOptions, SseParserStream } from "steadystream"
import { describe, expect, test } from "vitest"
import { all } from "../support/streams.ts"

const stream = "event: complete\n\nid: 7\n\ndata: a\n\nevent\n\nevent: end\nid: 8\n\n"
const expected = [
  { event: "complete", data: "", id: undefined, lastEventId: "" },
  { event: "message", data: "a", id: undefined, lastEventId: "7" },
  { event: "end", data: "", id: "8", lastEventId: "8" },
]

function parse(options: SseParserOptions, text: string, cut = text.length): unknown[] {
  const seen: unknown[] = []
  const parser = new SseParser({ ...options, onEvent: (event) => void seen.push(event) })
  parser.feed(text.slice(0, cut))
  parser.feed(text.slice(cut))
  parser.end({ flush: true })
  return seen
}

describe("dispatchEmpty", () => {
  test("SseParser dispatches named events without data if dispatchEmpty is set, at every cut", () => {
    for (let cut = 0; cut <= stream.length; cut++) expect(parse({ dispatchEmpty: true }, stream, cut)).toEqual(expected)
  })

  test("SseParser dispatches named events without data after their ID is reported", () => {
    const ids: string[] = []
    expect(parse({ dispatchEmpty: true, onId: (id) => void ids.push(id) }, stream)).toEqual(expected)
    expect(ids).toEqual(["7", "8"])
  })

  test("SseParser.end({ flush }) dispatches a named event without data only if dispatchEmpty is set", () => {
    expect(parse({ dispatchEmpty: true }, "event: end")).toHaveLength(1)
    expect(parse({}, "event: end")).toEqual([])
  })

  test("SseParser discards named events without data by default", () => {
    expect(parse({}, stream)).toEqual([expected[1]])
    expect(parse({ dispatchEmpty: false }, stream)).toEqual([expected[1]])
  })

  test("readEvents() returns named events without data if dispatchEmpty is set", async () => {
    expect(await all(readEvents(stream, { dispatchEmpty: true }))).toEqual(expected)
    expect(await all(readEvents(stream))).toHaveLength(1)
  })

  test("SseParserStream returns named events without data if dispatchEmpty is set", async () => {
    const events = new Response(stream).body!.pipeThrough(new SseParserStream({ dispatchEmpty: true }))
    expect(await all(events)).toEqual(expected)
  })
})
