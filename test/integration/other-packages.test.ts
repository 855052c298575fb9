/*
 * Measures the claims of the guide "From another package to steadystream" about eventsource-parser 4.1.3 and
 * better-sse 0.16.1, without a network.
 */
import { createChannel, createResponse, type Session } from "better-sse"
import { createParser } from "eventsource-parser"
import { EventSourceParserStream } from "eventsource-parser/stream"
import { readEvents, type SseEvent, SseLimitError, SseParser, SseParserStream } from "steadystream"
import { createChannels, eventStreamResponse } from "steadystream/server"
import { describe, expect, test } from "vitest"

/** An event of either parser. */
interface Message {
  readonly event?: string | undefined
  readonly data: string
  readonly id?: string | undefined
}

const REQUEST = "https://example.com/news"

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

describe("eventsource-parser", () => {
  const TEXT = ": hi\nretry: 3000\nother: x\nevent: tick\nid: 1\ndata: a\n\ndata: b\n\n"

  /** The calls of the handlers, in order. */
  function calls() {
    const seen: unknown[] = []
    const handlers = {
      onEvent: ({ event, data, id }: Message) => void seen.push([event, data, id]),
      onComment: (text: string) => void seen.push(["comment", text]),
      onRetry: (ms: number) => void seen.push(["retry", ms]),
    }
    return { seen, handlers }
  }

  test("SseParser calls the handlers of eventsource-parser, and names an event without a name", () => {
    const theirs = calls()
    const parser = createParser({ ...theirs.handlers, onError: ({ type }) => void theirs.seen.push(type) })
    parser.feed(TEXT)
    const ours = calls()
    new SseParser({ ...ours.handlers, onUnknownLine: () => void ours.seen.push("unknown-field") }).feed(TEXT)
    const before = [["comment", "hi"], ["retry", 3000], "unknown-field", ["tick", "a", "1"]]
    expect(theirs.seen).toEqual([...before, [undefined, "b", undefined]])
    expect(ours.seen).toEqual([...before, ["message", "b", undefined]])
  })

  test("SseParser decodes bytes that eventsource-parser reads without an event or an error", () => {
    const bytes = new TextEncoder().encode("data: é\n\n")
    const theirs: unknown[] = []
    const parser = createParser({ onEvent: (event) => theirs.push(event), onError: (error) => theirs.push(error) })
    parser.feed(bytes as unknown as string)
    expect(theirs).toEqual([])

    const ours: string[] = []
    const own = new SseParser({ onEvent: ({ data }) => ours.push(data) })
    for (const byte of bytes) own.feed(Uint8Array.of(byte))
    expect(ours).toEqual(["é"])
  })

  test("SseParserStream replaces a TextDecoderStream and EventSourceParserStream", async () => {
    const theirs = new Response(TEXT)
      .body!.pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream())
    const ours = new Response(TEXT).body!.pipeThrough(new SseParserStream())
    const dataOf = (events: readonly { data: string }[]) => events.map(({ data }) => data)
    expect(dataOf(await collected(ours))).toEqual(dataOf(await collected(theirs)))
  })

  test("readEvents() limits a line, and calls the handlers of the parser", async () => {
    const { seen, handlers } = calls()
    const { onComment, onRetry } = handlers
    await expect(collected(readEvents("data: long\n\n", { maxLineLength: 5 }))).rejects.toThrow(SseLimitError)
    expect(await collected(readEvents(TEXT, { onComment, onRetry }))).toHaveLength(2)
    expect(seen).toEqual([
      ["comment", "hi"],
      ["retry", 3000],
    ])
  })
})

describe("better-sse", () => {
  /** The first events of a response, whose connection is then closed. */
  async function first(count: number, response: Response): Promise<SseEvent[]> {
    const events: SseEvent[] = []
    for await (const event of readEvents(response)) if (events.push(event) === count) break
    return events
  }

  test("better-sse sends any data as JSON with a random ID, and eventStreamResponse() text with the given ID", async () => {
    const theirs = createResponse(new Request(REQUEST), (session: Session) => void session.push({ a: 1 }, "note"))
    const [event] = await first(1, theirs)
    expect(event).toMatchObject({
      event: "note",
      data: '{"a":1}',
      id: expect.stringMatching(/^[\da-f-]{36}$/) as string,
    })

    const ours = eventStreamResponse([{ event: "note", data: "text" }])
    expect(await first(1, ours)).toEqual([{ event: "note", data: "text", id: undefined, lastEventId: "" }])
  })

  test("better-sse asks for a reconnection after 2 seconds by default, and eventStreamResponse() for none", async () => {
    const retries: number[] = []
    const onRetry = (ms: number) => retries.push(ms)
    const theirs = createResponse(new Request(REQUEST), (session: Session) => void session.push("a"))
    for await (const _ of readEvents(theirs, { onRetry })) break
    expect(retries).toEqual([2000])
    for await (const _ of readEvents(eventStreamResponse([{ data: "a" }]), { onRetry })) break
    expect(retries).toEqual([2000])
  })

  test("better-sse passes the cursor of the client on as lastId, and eventStreamResponse() as lastEventId", async () => {
    const request = new Request(REQUEST, { headers: { "last-event-id": "7" } })
    const theirs = createResponse(request, (session: Session) => void session.push(session.lastId))
    const ours = eventStreamResponse((session) => session.send({ data: session.lastEventId }), { request })
    expect((await first(1, theirs))[0]?.data).toBe('"7"')
    expect((await first(1, ours))[0]?.data).toBe("7")
  })

  test("a channel of better-sse has no event for a client that comes back, and createChannels() has", async () => {
    const channel = createChannel()
    channel.broadcast("missed", "note", { eventId: "2" })
    const request = (cursor: string) => new Request(REQUEST, { headers: { "last-event-id": cursor } })
    const theirs = createResponse(request("1"), (session: Session) => {
      channel.register(session)
      channel.broadcast("new", "note")
    })
    expect((await first(1, theirs)).map(({ data }) => data)).toEqual(['"new"'])

    const channels = createChannels()
    const { cursor } = await channels.publish("news", { data: "seen" })
    await channels.publish("news", { data: "missed" })
    await channels.publish("news", { data: "new" })
    const ours = await first(2, await channels.respond(request(cursor), "news"))
    expect(ours.map(({ data }) => data)).toEqual(["missed", "new"])
    await channels.closeAll()
  })
})
