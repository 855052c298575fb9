import { createServer, get, type IncomingMessage } from "node:http"
import { Readable } from "node:stream"
import { readEvents } from "steadystream"
import { subscribe } from "steadystream/client"
import { readChatCompletions, readResponses, relay } from "steadystream/openai"
import { ManualClock } from "steadystream/testing"
import { describe, expect, test, vi } from "vitest"
import { listen } from "../support/listen.ts"
import { runProgram } from "../support/program.ts"
import { HELLO, rejection, settle, within } from "../support/streams.ts"

describe("a silent source", () => {
  const idle = () => {
    const source = new Readable({ read() {} })
    source.push("data: a\n\n")
    return source
  }
  const ways: [string, (source: Readable, signal: AbortSignal) => AsyncIterableIterator<unknown>][] = [
    ["readEvents()", (source, signal) => readEvents(source, { signal })],
    [
      "readChatCompletions()",
      (source, signal) => readChatCompletions(source, { signal, onMalformed: "skip" })[Symbol.asyncIterator](),
    ],
    [
      "readResponses()",
      (source, signal) => readResponses(source, { signal, onMalformed: "skip" })[Symbol.asyncIterator](),
    ],
    ["subscribe()", (source, signal) => subscribe(() => source, { signal })[Symbol.asyncIterator]()],
    ["relay()", (source, signal) => relay(source, { signal, onMalformed: "skip" })[Symbol.asyncIterator]()],
  ]
  test.each(ways.flatMap(([name, read]) => (["return()", "abort"] as const).map((way) => [name, way, read] as const)))(
    "%s destroys a Node stream at %s while it waits",
    async (_, way, read) => {
      const source = idle()
      const controller = new AbortController()
      const iterator = read(source, controller.signal)
      const waiting = [iterator.next(), iterator.next()].map((result) => result.catch(() => {}))
      await settle()
      if (way === "abort") controller.abort()
      else void iterator.return!()
      await within(waiting[1]!, 100)
      await settle()
      expect(source.destroyed).toBe(true)
    },
  )

  test("readEvents() destroys the Node stream that is the body of a 204 or of a refused response", async () => {
    for (const status of [204, 503]) {
      const body = idle()
      const response = { status, ok: status === 204, headers: new Headers(), body, bodyUsed: false }
      const events = readEvents(response as unknown as Response)
      const read = events.next().catch(() => {})
      await settle()
      void events.return()
      await within(read, 100)
      await settle()
      expect(body.destroyed).toBe(true)
    }
  })

  test("readChatCompletions() destroys a Node stream at a deadline", async () => {
    const clock = new ManualClock()
    const source = idle()
    const chunks = readChatCompletions(source, { clock, onMalformed: "skip", timeouts: { idle: 1_000 } })
    const outcome = rejection(chunks.collect())
    await clock.advance(2_000)
    expect(await within(outcome)).toMatchObject({ code: "timeout" })
    await settle()
    expect(source.destroyed).toBe(true)
  })

  test.each([
    [
      "readEvents() is aborted",
      "setTimeout(() => controller.abort(), 50); for await (const event of readEvents(response, { signal: controller.signal }));",
    ],
    [
      "readChatCompletions() is cancelled",
      "const chunks = readChatCompletions(response); setTimeout(() => chunks.cancel(), 50); for await (const chunk of chunks);",
    ],
    [
      "an async generator is told by its signal",
      "setTimeout(() => controller.abort(), 50); async function* lines() { for await (const chunk of stream.addAbortSignal(controller.signal, response)) yield chunk } for await (const event of readEvents(lines(), { signal: controller.signal }));",
    ],
  ])("a program ends when %s over a silent socket", async (_, use) => {
    const origin = await listen(
      createServer((_request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write(HELLO.slice(0, 100))
      }),
    )
    const { code } = await runProgram(
      `
      import { get } from "node:http"
      import * as stream from "node:stream"
      import { readEvents } from "steadystream"
      import { readChatCompletions } from "steadystream/openai"
      const controller = new AbortController()
      const response = await new Promise((resolve) => get(${JSON.stringify(origin)}, { agent: false }, resolve).on("error", () => {}))
      response.on("error", () => {})
      try { ${use} } catch {}`,
    )
    expect(code).toBe(0)
  })

  test("readEvents() closes the socket of a silent node:http response at return()", async () => {
    let closed = false
    const origin = await listen(
      createServer((_request, response) => {
        response.on("close", () => void (closed = true))
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write("data: a\n\n")
      }),
    )
    const response = await new Promise<IncomingMessage>((resolve) => void get(origin, { agent: false }, resolve))
    const iterator = readEvents(response)
    await iterator.next()
    void iterator.next()
    await settle()
    void iterator.return()
    await vi.waitFor(() => expect(closed).toBe(true))
  })
})
