import { createServer, type RequestListener, type ServerResponse } from "node:http"
import { codec, defineEvents, readEvents, type SseEventInit, type StandardSchemaV1, text, type } from "steadystream"
import { subscribe } from "steadystream/client"
import { sendEventStream } from "steadystream/node"
import { readChatCompletions, relay } from "steadystream/openai"
import { eventStreamResponse } from "steadystream/server"
import { afterEach, describe, expect, test, vi } from "vitest"
import { listen, rawRequest } from "../support/listen.ts"
import { runProgram } from "../support/program.ts"
import { rejection, settle, within } from "../support/streams.ts"
import { serve } from "../support/serve-events.ts"

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe("connections", () => {
  test.each([
    [
      "throws",
      async function* () {
        yield { data: "a" }
        throw new Error("broken")
      },
    ],
    [
      "ends",
      async function* () {
        yield { data: "a" }
      },
    ],
  ])("sendEventStream() settles if write() of the response drops its callback and the source %s", async (_, source) => {
    const state = await serve(source, { onError() {} }, (response) => {
      const write = response.write.bind(response)
      response.write = ((chunk: Uint8Array) => write(chunk)) as never
    })
    await within(
      fetch(state.origin)
        .then((response) => response.text())
        .catch(() => {}),
    )
    expect(await within(state.sent)).toBe("resolved")
  })

  test("sendEventStream() destroys a pipelined response that waits for its turn when its signal aborts", async () => {
    const controller = new AbortController()
    let first: ServerResponse | undefined
    let sent: Promise<void> | undefined
    const handler: RequestListener = (request, response) => {
      if (request.url === "/first") first = response
      else sent = sendEventStream(request, response, new ReadableStream(), { signal: controller.signal })
    }
    const origin = await listen(createServer(handler))
    const client = await rawRequest(
      origin,
      "GET /first HTTP/1.1\r\nhost: a\r\n\r\nGET /second HTTP/1.1\r\nhost: a\r\n\r\n",
    )
    await vi.waitFor(() => expect(sent).toBeDefined())
    controller.abort()
    expect(await within(sent!.then(() => "resolved"))).toBe("resolved")
    first!.end("first")
    await vi.waitFor(() => expect(client.ended).toBe(true))
    expect(client.text).toContain("first")
  })

  test.each([
    [
      "eventStreamResponse() of a generator",
      (endless: () => Iterable<SseEventInit>) => eventStreamResponse(endless()).body!,
    ],
    [
      "eventStreamResponse() of an async generator without I/O",
      (endless: () => Iterable<SseEventInit>) =>
        eventStreamResponse(
          (async function* () {
            yield* endless()
          })(),
        ).body!,
    ],
    [
      "eventStreamResponse() of a handler that sends",
      (endless: () => Iterable<SseEventInit>) =>
        eventStreamResponse(async (session) => {
          for (const event of endless()) await session.send(event)
        }).body!,
    ],
  ])("%s yields to the event loop", async (_, open) => {
    let others = 0
    const timer = setInterval(() => void others++, 0)
    function* endless() {
      for (let at = 0; at < 100_000; at++) yield { data: "x".repeat(100) }
    }
    const reader = open(endless).getReader()
    const start = performance.now()
    for (let read = 0; read < 30_000 && performance.now() - start < 3_000; read++) await reader.read()
    clearInterval(timer)
    void reader.cancel()
    expect(others).toBeGreaterThan(0)
  })

  test("sendEventStream() of an endless generator leaves time for other requests", async () => {
    const { code, output } = await runProgram(
      `
      import { createServer, get } from "node:http"
      import { sendEventStream } from "steadystream/node"
      import { eventStreamResponse } from "steadystream/server"
      function* endless() { for (;;) yield { data: "x" } }
      const server = createServer((request, response) => {
        if (request.url === "/other") return response.end("other")
        const reader = eventStreamResponse(endless()).body.getReader()
        void (async () => { for (;;) if ((await reader.read()).done) return })()
        response.end("reading")
      }).listen(0, "127.0.0.1", async () => {
        const origin = "http://127.0.0.1:" + server.address().port
        await (await fetch(origin)).text()
        console.log(await (await fetch(origin + "/other")).text())
        process.exit(0)
      })`,
    )
    expect([code, output]).toEqual([0, "other"])
  })

  test.each([
    ["readEvents()", (source: Iterable<string>) => readEvents(source)],
    ["readChatCompletions()", (source: Iterable<string>) => readChatCompletions(source)],
    ["relay()", (source: Iterable<string>) => relay(source)],
    ["subscribe()", (source: Iterable<string>) => subscribe(() => source)],
  ] as [string, (source: Iterable<string>) => AsyncIterable<unknown>][])(
    "%s of a generator yields to the event loop",
    async (_, read) => {
      let others = 0
      const timer = setInterval(() => void others++, 0)
      function* endless() {
        for (let at = 0; at < 30_000; at++) yield 'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
      }
      let count = 0
      const start = performance.now()
      for await (const _event of read(endless())) if (++count === 20_000 || performance.now() - start > 3_000) break
      clearInterval(timer)
      expect(others).toBeGreaterThan(0)
    },
  )

  test.each(["a schema", "a codec behind a schema"])(
    "close() ends the body behind %s that never settles",
    async (what) => {
      const schema: StandardSchemaV1<string> = {
        "~standard": { version: 1, vendor: "test", validate: () => new Promise(() => {}) },
      }
      const member =
        what === "a schema" ? schema : codec({ schema, encode: (data: string) => data, decode: (data) => data })
      const events = defineEvents({ slow: member, quick: text() })
      const response = eventStreamResponse(
        (session) => {
          void session.send({ event: "quick", data: "a" }).catch(() => {})
          void session.send({ event: "slow", data: "b" }).catch(() => {})
          session.close()
        },
        { events },
      )
      expect(await within(response.text(), 1_400)).toBe("event: quick\ndata: a\n\n")
    },
  )

  test("eventStreamResponse() ends if its handler returns behind a schema that never settles", async () => {
    const schema: StandardSchemaV1<string> = {
      "~standard": { version: 1, vendor: "test", validate: () => new Promise(() => {}) },
    }
    const response = eventStreamResponse(
      async (session) => {
        void session.send({ event: "slow", data: "b" }).catch(() => {})
      },
      { events: defineEvents({ slow: schema }), keepAlive: 0 },
    )
    expect(await within(response.text(), 1_400)).toBe("")
  })

  test("send() rejects if the session is closed while a schema is asked", async () => {
    const schema: StandardSchemaV1<string> = {
      "~standard": { version: 1, vendor: "test", validate: () => new Promise(() => {}) },
    }
    let sent: Promise<unknown> | undefined
    const response = eventStreamResponse(
      (session) => {
        sent = rejection(session.send({ event: "slow", data: "b" }))
        session.close()
      },
      { events: defineEvents({ slow: schema, other: type() }) },
    )
    void response.text().catch(() => {})
    await settle()
    expect(await within(sent!, 1_400)).toBeInstanceOf(Error)
  })
})
