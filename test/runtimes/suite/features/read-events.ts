/* readEvents over the runtime's own fetch and streams. */
import { readEvents, type ReadEventsOptions } from "steadystream"
import { closesCancelledBodies, KEEPS_CONNECTION } from "../asked.ts"
import { equal, rejection, throws } from "../checks.ts"
import { type Part, GATE } from "../../../eventsource/script.ts"
import { needs, type SuiteCases, type SuiteContext } from "../suite.ts"

const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)]

async function open({ script, signal }: SuiteContext, body: readonly Part[]): Promise<Response> {
  return fetch((await script([{ body }])).url, { signal })
}

async function dataOf(source: Parameters<typeof readEvents>[0], options: ReadEventsOptions = {}): Promise<string[]> {
  const data: string[] = []
  for await (const event of readEvents(source, options)) data.push(event.data)
  return data
}

export const readEventsCases: SuiteCases = {
  "readEvents joins characters that the network cut": async (context) => {
    const bytes = bytesOf("data: ✓ 😀 é\r\n\r\n")
    equal(
      await dataOf(
        await open(
          context,
          bytes.map((byte) => [byte]),
        ),
      ),
      ["✓ 😀 é"],
    )
  },
  "readEvents drops a byte order mark and replaces bytes that are no UTF-8": async (context) => {
    const response = await open(context, [[0xef, 0xbb], [0xbf], "data: a", [0xff], "b\n\n"])
    equal(await dataOf(response), ["a\uFFFDb"])
  },
  "readEvents refuses bytes that are no UTF-8 if it is fatal": async (context) => {
    const response = await open(context, ["data: a\n\n", [0xff], "\n\n"])
    await throws("SseMalformedError", () => dataOf(response, { fatal: true }))
  },
  "readEvents returns each event as it arrives, and the last event ID with it": async (context) => {
    const played = await context.script([{ body: ["id: é1\ndata: a\n\n", GATE, "event: b\ndata:\n\n", GATE] }])
    const events = readEvents(await fetch(played.url, { signal: context.signal }))
    equal((await events.next()).value, { event: "message", data: "a", id: "é1", lastEventId: "é1" })
    await played.pass()
    equal((await events.next()).value, { event: "b", data: "", id: undefined, lastEventId: "é1" })
    await played.pass()
    equal((await events.next()).done, true)
    equal(events.lastEventId, "é1")
  },
  "readEvents drops an event that the end of the stream cut": async (context) => {
    equal(await dataOf(await open(context, ["data: a\n\ndata: b\n"])), ["a"])
  },
  "readEvents rejects if the connection is reset, after the events before it": async ({ script, signal }) => {
    const played = await script([{ body: ["data: a\n\n", GATE], ending: "reset" }])
    const data: string[] = []
    const error = await rejection(async () => {
      for await (const event of readEvents(await fetch(played.url, { signal }))) {
        data.push(event.data)
        await played.pass()
      }
    })
    equal([error.name, error.code, data], ["SseConnectionError", "connection", ["a"]])
  },
  "readEvents rejects if the connection ends inside the body": async ({ script, signal }) => {
    const reply = { headers: { "content-length": "100" }, body: ["data: a\n\n", GATE], ending: "reset" } as const
    const played = await script([reply])
    const events = readEvents(await fetch(played.url, { signal }))
    equal((await events.next()).value?.data, "a")
    await played.pass()
    equal((await rejection(() => events.next())).name, "SseConnectionError")
  },
  "readEvents refuses a line and an event beyond the limits": async (context) => {
    const long = ["data: a\n\n", `data: ${"b".repeat(5000)}`, "b".repeat(5000)]
    const lineError = await throws("SseLimitError", async () =>
      dataOf(await open(context, long), { maxLineLength: 4096 }),
    )
    equal((lineError as Error & { limit?: string }).limit, "maxLineLength")
    const wide = Array.from({ length: 100 }, () => `data: ${"c".repeat(100)}\n`)
    const eventError = await throws("SseLimitError", async () =>
      dataOf(await open(context, wide), { maxEventSize: 4096 }),
    )
    equal((eventError as Error & { limit?: string }).limit, "maxEventSize")
  },
  "readEvents refuses a response of another type, and reads it without the check": async ({ script, signal }) => {
    const { url } = await script([{ type: "text/plain", body: ["data: a\n\n"] }])
    const error = await throws("SseResponseError", async () => dataOf(await fetch(url, { signal })))
    equal([error.code, (error as Error & { body?: string }).body], ["content-type", "data: a\n\n"])
    equal(await dataOf(await fetch(url, { signal }), { check: false }), ["a"])
  },
  "readEvents refuses a status that is no success, with the start of the body": async ({ script, signal }) => {
    const { url } = await script([{ status: 503, type: "text/plain", body: ["later"] }])
    const error = await throws("SseResponseError", async () => dataOf(await fetch(url, { signal })))
    const { code, status, body, retryable } = error as unknown as Record<string, unknown>
    equal([code, status, body, retryable], ["response", 503, "later", true])
  },
  "readEvents closes the connection when its loop is left": async (context) => {
    const { script, signal } = context
    needs(await closesCancelledBodies(context), KEEPS_CONNECTION)
    const played = await script([{ body: ["data: a\n\n"], ending: "hold" }])
    for await (const event of readEvents(await fetch(played.url, { signal }))) {
      equal(event.data, "a")
      break
    }
    await played.closed(1)
  },
  "readEvents rejects with the reason of its signal, and closes the connection": async (context) => {
    const { script, signal } = context
    needs(await closesCancelledBodies(context), KEEPS_CONNECTION)
    const played = await script([{ body: ["data: a\n\n"], ending: "hold" }])
    const stop = new AbortController()
    const events = readEvents(await fetch(played.url, { signal }), { signal: stop.signal })
    await events.next()
    const waiting = events.next()
    stop.abort(new RangeError("enough"))
    equal((await rejection(() => waiting)).message, "enough")
    await played.closed(1)
  },
  "readEvents reads text, iterables, streams and responses that the program made": async () => {
    const text = "data: ✓\n\ndata: b\n\n"
    const halves = [text.slice(0, 7), text.slice(7)]
    const encoded = () => halves.map((half) => new TextEncoder().encode(half))
    async function* generated() {
      yield* encoded()
    }
    const streamed = () =>
      new ReadableStream<Uint8Array>({
        start: (controller) => {
          for (const chunk of encoded()) controller.enqueue(chunk)
          controller.close()
        },
      })
    const response = new Response(streamed(), { headers: { "content-type": "Text/Event-Stream;charset=utf-8" } })
    for (const source of [halves, encoded(), generated(), streamed(), response]) {
      equal(await dataOf(source), ["✓", "b"])
    }
  },
}
