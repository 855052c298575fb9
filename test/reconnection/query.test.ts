import { createServer } from "node:http"
import { subscribe } from "steadystream/client"
import { describe, expect, test } from "vitest"
import { consume } from "../support/consumer.ts"
import { EagerClock } from "../support/eager-clock.ts"
import { listen } from "../support/listen.ts"
import { play } from "../support/play.ts"
import { within } from "../support/streams.ts"

const NO_CONTENT = { status: 204 } as const
const times = <T>(count: number, item: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => item(at))

describe("subscribe() and QUERY", () => {
  const query = { method: "QUERY", body: "question" }
  test("subscribe() repeats QUERY with its body", async () => {
    const { data, fetch, ended } = await play(
      [{ chunks: ["data: a\n\n"] }, new Error("down"), { chunks: ["data: b\n\n"] }, NO_CONTENT],
      query,
    )
    expect([ended, data]).toEqual(["done", ["a", "b"]])
    expect(fetch.requests.map(({ method, body }) => [method, body])).toEqual(times(4, () => ["QUERY", "question"]))
  })

  test("subscribe() repeats QUERY over the network", async () => {
    const seen: unknown[] = []
    const origin = await listen(
      createServer((request, response) => {
        void request.toArray().then((parts) => {
          seen.push([request.method, Buffer.concat(parts).toString(), request.headers["last-event-id"]])
          if (seen.length === 3) response.writeHead(204).end()
          else response.writeHead(200, { "content-type": "text/event-stream" }).end("id: 1\ndata: a\n\n")
        })
      }),
    )
    const { outcome } = consume(subscribe(origin, { ...query, clock: new EagerClock() }))
    expect(await within(outcome)).toBe("done")
    expect(seen).toEqual([
      ["QUERY", "question", undefined],
      ["QUERY", "question", "1"],
      ["QUERY", "question", "1"],
    ])
  })

  test("subscribe() repeats a QUERY that is given in lower case, or in a Request", async () => {
    const { fetch, ended } = await play([{ chunks: ["data: a\n\n"] }, NO_CONTENT], { ...query, method: "query" })
    expect([ended, fetch.requests.length]).toEqual(["done", 2])
  })

  test("subscribe() does not repeat QUERY with a stream as body", async () => {
    const body = new ReadableStream()
    const { fetch } = await play([{ chunks: ["data: a\n\n"] }, NO_CONTENT], { ...query, body, duplex: "half" })
    expect(fetch.requests).toHaveLength(1)
  })
})
