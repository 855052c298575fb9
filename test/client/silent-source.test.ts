import { createServer, get, type IncomingMessage } from "node:http"
import { Readable } from "node:stream"
import { SseTimeoutError } from "steadystream"
import { subscribe } from "steadystream/client"
import { ManualClock } from "steadystream/testing"
import { describe, expect, test, vi } from "vitest"
import { consume } from "../support/consumer.ts"
import { listen } from "../support/listen.ts"
import { settle, within } from "../support/streams.ts"

describe("subscribe() and a source that is silent", () => {
  test.each(["close()", "abort"])("subscribe() destroys a Node stream at %s", async (way) => {
    const source = new Readable({ read() {} })
    source.push("data: a\n\n")
    const controller = new AbortController()
    const subscription = subscribe(() => source, { signal: controller.signal })
    const iterator = subscription[Symbol.asyncIterator]()
    await iterator.next()
    void iterator.next().catch(() => {})
    await settle()
    if (way === "abort") controller.abort()
    else subscription.close()
    await settle()
    expect(source.destroyed).toBe(true)
  })

  test("subscribe() destroys a Node stream at a deadline", async () => {
    const clock = new ManualClock()
    const source = new Readable({ read() {} })
    const { outcome } = consume(subscribe(() => source, { clock, retry: false, timeouts: { idle: 1_000 } }))
    await clock.advance(2_000)
    expect(await within(outcome)).toBeInstanceOf(SseTimeoutError)
    await settle()
    expect(source.destroyed).toBe(true)
  })

  test("subscribe() closes the socket of a node:http response at close()", async () => {
    let closed = false
    const origin = await listen(
      createServer((request, response) => {
        response.on("close", () => void (closed = true))
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write("data: a\n\n")
        void request
      }),
    )
    const connect = () =>
      new Promise<IncomingMessage>((resolve, reject) => void get(origin, resolve).on("error", reject))
    const subscription = subscribe(connect)
    const iterator = subscription[Symbol.asyncIterator]()
    await iterator.next()
    void iterator.next().catch(() => {})
    await settle()
    subscription.close()
    await vi.waitFor(() => expect(closed).toBe(true))
  })
})
