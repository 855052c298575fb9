import { codec, defineEvents, readEvents, SseParserStream, SseValidationError, text, type } from "steadystream"
import { subscribe } from "steadystream/client"
import { describe, expect, test } from "vitest"
import { z } from "zod"
import { all, rejection } from "../support/streams.ts"

describe("empty data", () => {
  const members = [
    ["type()", type<{ a: number }>()],
    ["a schema", z.object({ a: z.number() })],
  ] as const
  const stream = 'id: 1\ndata:\n\nid: 2\ndata: {"a":1}\n\nid: 3\ndata:\n\n'

  test.each(members)(
    "readEvents() skips empty data of an event defined by %s, and moves the cursor",
    async (_, member) => {
      const iterator = readEvents(stream, { events: defineEvents({ message: member }) })
      const data: unknown[] = []
      for await (const event of iterator) data.push(event.data)
      expect(data).toEqual([{ a: 1 }])
      expect(iterator.lastEventId).toBe("3")
    },
  )

  test.each(members)(
    "subscribe() skips empty data of an event defined by %s, and moves the cursor",
    async (_, member) => {
      const subscription = subscribe(() => stream, { events: defineEvents({ message: member }), retry: false })
      const data: unknown[] = []
      for await (const event of subscription) data.push(event.data)
      expect(data).toEqual([{ a: 1 }])
      expect(subscription.lastEventId).toBe("3")
    },
  )

  test("SseParserStream skips empty data of an event defined by type()", async () => {
    const events = defineEvents({ message: type<{ a: number }>() })
    const readable = new Response(stream).body!.pipeThrough(new SseParserStream({ events }))
    expect((await all(readable)).map(({ data }) => data.a)).toEqual([1])
  })

  test('readEvents() skips empty data of a JSON event with the policies "error"', async () => {
    const contract = defineEvents({ message: type<object>() }, { unknown: "error", invalid: "error" })
    expect(await all(readEvents(stream, { events: contract }))).toHaveLength(1)
  })

  test("readEvents() skips the filler ping of an event defined by type()", async () => {
    const iterator = readEvents("id: 1\ndata: ping\n\n", { events: defineEvents({ message: type() }) })
    expect(await all(iterator)).toEqual([])
    expect(iterator.lastEventId).toBe("1")
  })

  test("readEvents() delivers empty data of an event defined by text() or codec()", async () => {
    const size = codec({ encode: () => "", decode: (source) => source.length })
    const contract = defineEvents({ message: text(), size })
    const data = (await all(readEvents("data:\n\nevent: size\ndata:\n\n", { events: contract }))).map(
      (event) => event.data,
    )
    expect(data).toEqual(["", 0])
  })

  test("readEvents() throws if the data of a JSON event is no JSON", async () => {
    const read = all(readEvents("data: {\n\n", { events: defineEvents({ message: type() }) }))
    expect(await rejection(read)).toBeInstanceOf(SseValidationError)
  })
})
