import { createServer } from "node:http"
import { describe, expect, test } from "vitest"
import { encodeEvent } from "steadystream"
import { encodeChunks } from "steadystream/openai"
import { sendEventStream } from "steadystream/node"
import { eventStreamResponse } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { listen } from "../support/listen.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

describe("eventStreamResponse()", () => {
  test("eventStreamResponse() sends bytes unchanged, among events", async () => {
    const blocks = [bytes("data: a\r\n\r\n"), { data: "b" }, bytes(encodeEvent({ id: "1", data: "c" }))]
    expect(await eventStreamResponse(blocks).text()).toBe("data: a\r\n\r\ndata: b\n\nid: 1\ndata: c\n\n")
  })

  test("eventStreamResponse() sends no second keep-alive if its source already sends one", async () => {
    const clock = new ManualClock()
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<object>>(() => {}) }) }
    const reader = eventStreamResponse(encodeChunks(never, { clock }), { clock }).body!.getReader()
    void reader.read()
    await clock.advance(0)
    expect(clock.pendingTimers).toBe(1)
    await reader.cancel()
  })
})

describe("sendEventStream()", () => {
  test("sendEventStream() sends what encodeChunks() encodes", async () => {
    const origin = await listen(
      createServer((req, res) => void sendEventStream(req, res, encodeChunks([{ n: 1 }, { n: 2 }]))),
    )
    expect(await (await fetch(origin)).text()).toBe('data: {"n":1}\n\ndata: {"n":2}\n\ndata: [DONE]\n\n')
  })
})
