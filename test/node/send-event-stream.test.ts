import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { expect, onTestFinished, test, vi } from "vitest"
import { readEvents, type SseEventInit } from "steadystream"
import { sendEventStream, type SendEventStreamOptions } from "steadystream/node"
import type { Session, SseServerSource } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { listen, rawRequest } from "../support/listen.ts"

type Outcome = { readonly error?: unknown }

/** A node:http server that sends `source` and records the outcome of each response. */
async function serve(source: () => SseServerSource, options: SendEventStreamOptions = {}) {
  const outcomes: Outcome[] = []
  const responses: ServerResponse[] = []
  const server = createServer((req, res) => {
    responses.push(res)
    sendEventStream(req, res, source(), options).then(
      () => outcomes.push({}),
      (error: unknown) => outcomes.push({ error }),
    )
  })
  return { origin: await listen(server), outcomes, responses, server }
}

async function* count(to: number): AsyncGenerator<SseEventInit> {
  for (let n = 1; n <= to; n++) yield { id: `${n}`, data: `${n}` }
}

const listenersOf = (res: ServerResponse) =>
  ["close", "error", "drain", "finish"].map((name) => res.listenerCount(name))

test("sendEventStream() sends the events with its headers and resolves at their end", async () => {
  const { origin, outcomes } = await serve(() => count(3), { headers: { "x-mine": "1" }, retry: 10 })
  const response = await fetch(origin)
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8")
  expect(response.headers.get("cache-control")).toBe("no-store, no-transform")
  expect(response.headers.get("x-accel-buffering")).toBe("no")
  expect(response.headers.get("x-mine")).toBe("1")
  const seen: string[] = []
  for await (const event of readEvents(response)) seen.push(event.lastEventId)
  expect(seen).toEqual(["1", "2", "3"])
  await vi.waitFor(() => expect(outcomes).toEqual([{}]))
})

test("sendEventStream() removes every listener that it added", async () => {
  const { origin, outcomes, responses, server } = await serve(() => count(1))
  const before: number[][] = []
  server.prependListener("request", (_req: IncomingMessage, res: ServerResponse) => before.push(listenersOf(res)))
  await (await fetch(origin)).text()
  await vi.waitFor(() => expect(outcomes).toHaveLength(1))
  expect(listenersOf(responses[0]!)).toEqual(before[0])
})

test("sendEventStream() flushes the headers before the first event", async () => {
  const { origin } = await serve(() => () => {})
  const raw = await rawRequest(origin, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
  await vi.waitFor(() => expect(raw.text).toContain("\r\n\r\n"))
  expect(raw.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
})

test("sendEventStream() answers HEAD with the headers only, without starting the source", async () => {
  const source = vi.fn<() => void>()
  const { origin, outcomes } = await serve(() => source)
  const response = await fetch(origin, { method: "HEAD" })
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8")
  expect(await response.text()).toBe("")
  await vi.waitFor(() => expect(outcomes).toEqual([{}]))
  expect(source).not.toHaveBeenCalled()
})

test("sendEventStream() serves HTTP/1.0 without chunked encoding and closes the connection at the end", async () => {
  const { origin } = await serve(() => count(2))
  const raw = await rawRequest(origin, "GET / HTTP/1.0\r\n\r\n")
  await vi.waitFor(() => expect(raw.ended).toBe(true))
  expect(raw.text).not.toMatch(/transfer-encoding/i)
  expect(raw.text.split("\r\n\r\n")[1]).toBe("id: 1\ndata: 1\n\nid: 2\ndata: 2\n\n")
})

test("sendEventStream() waits for a slow client, and continues when it reads", async () => {
  let taken = 0
  const data = "x".repeat(64 * 1024)
  const { origin } = await serve(() =>
    (function* () {
      while (taken < 400) {
        taken++
        yield { data }
      }
    })(),
  )
  const raw = await rawRequest(origin, "")
  raw.socket.pause()
  raw.socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
  let before = -1
  await vi.waitFor(
    () => {
      const stalled = taken > 0 && taken === before
      before = taken
      expect(stalled).toBe(true)
    },
    { timeout: 30_000, interval: 200 },
  )
  expect(taken).toBeLessThan(400)
  raw.socket.resume()
  await vi.waitFor(() => expect(taken).toBe(400), { timeout: 30_000 })
})

for (const how of ["destroy", "resetAndDestroy"] as const) {
  test(`sendEventStream() stops the source and resolves when the client leaves in the middle (${how})`, async () => {
    let session: Session | undefined
    const { origin, outcomes, responses } = await serve(() => (given) => {
      session = given
      void given.send({ data: "hello" })
    })
    const raw = await rawRequest(origin, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await vi.waitFor(() => expect(raw.text).toContain("hello"))
    raw.socket[how]()
    await vi.waitFor(() => expect(outcomes).toEqual([{}]))
    expect(session!.signal.aborted).toBe(true)
    await expect(session!.send({ data: "late" })).rejects.toMatchObject({ code: "connection" })
    expect(responses[0]!.listenerCount("drain")).toBe(0)
  })
}

test("sendEventStream() survives writes to a socket that breaks during a large write", async () => {
  const unhandled = vi.fn<(error: unknown) => void>()
  process.on("uncaughtException", unhandled)
  onTestFinished(() => void process.off("uncaughtException", unhandled))
  const { origin, outcomes } = await serve(() => count(1_000_000))
  const raw = await rawRequest(origin, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
  await vi.waitFor(() => expect(raw.text.length).toBeGreaterThan(1000))
  raw.socket.resetAndDestroy()
  await vi.waitFor(() => expect(outcomes).toEqual([{}]))
  expect(unhandled).not.toHaveBeenCalled()
})

test("sendEventStream() resolves at once, and never starts the source, if the client has already left", async () => {
  const source = vi.fn<() => void>()
  const outcome = new Promise((resolve, reject) => {
    const server = createServer((req, res) => {
      res.once("close", () => void sendEventStream(req, res, source).then(resolve, reject))
      req.socket.destroy()
    })
    void listen(server).then((origin) => fetch(origin).catch(() => {}))
  })
  expect(await outcome).toBe(undefined)
  expect(source).not.toHaveBeenCalled()
})

test("sendEventStream() reports an error of the source once, breaks the connection and resolves", async () => {
  const print = vi.spyOn(console, "error").mockImplementation(() => {})
  onTestFinished(() => print.mockRestore())
  const failure = new Error("password is hunter2")
  const source = () =>
    (async function* () {
      yield { data: "a" }
      throw failure
    })()
  const { origin, outcomes } = await serve(source)
  const raw = await rawRequest(origin, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
  await vi.waitFor(() => expect(raw.ended).toBe(true))
  expect(raw.text).toContain("data: a")
  expect(raw.text).not.toContain("hunter2")
  // Without the final chunk of the HTTP body, the client knows that it was cut.
  expect(raw.text).not.toContain("\r\n0\r\n\r\n")
  await vi.waitFor(() => expect(outcomes).toEqual([{}]))
  expect(print.mock.calls).toEqual([[failure]])
})

test("sendEventStream() resolves if onError has handled the source's error", async () => {
  const onError = vi.fn<(error: unknown) => void>()
  const { origin, outcomes } = await serve(() => () => Promise.reject(new Error("no")), { onError })
  await expect(fetch(origin).then((response) => response.text())).rejects.toThrow("terminated")
  await vi.waitFor(() => expect(outcomes).toEqual([{}]))
  expect(onError).toHaveBeenCalledTimes(1)
})

test("sendEventStream() ends at its signal and resolves", async () => {
  const stop = new AbortController()
  const { origin, outcomes } = await serve(() => () => {}, { signal: stop.signal })
  const response = await fetch(origin)
  stop.abort()
  await expect(response.text()).rejects.toThrow("terminated")
  await vi.waitFor(() => expect(outcomes).toEqual([{}]))
})

test("sendEventStream() ends at its signal while its client does not read", async () => {
  const stop = new AbortController()
  const data = "x".repeat(1024 * 1024)
  let taken = 0
  const endless = () =>
    (function* () {
      for (;;) yield { id: `${++taken}`, data }
    })()
  const { origin, outcomes } = await serve(endless, { signal: stop.signal })
  const raw = await rawRequest(origin, "")
  raw.socket.pause()
  raw.socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
  await vi.waitFor(() => expect(taken).toBeGreaterThan(1))
  stop.abort()
  await vi.waitFor(() => expect(outcomes).toEqual([{}]))
  const before = taken
  await new Promise((resolve) => setImmediate(resolve))
  expect(taken).toBe(before)
})

test("sendEventStream() keeps a silent connection open and leaves no timer behind", async () => {
  const clock = new ManualClock()
  const { origin, outcomes } = await serve(() => () => {}, { clock })
  const raw = await rawRequest(origin, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
  await vi.waitFor(() => expect(clock.pendingTimers).toBe(1))
  await clock.advance(15_000)
  await vi.waitFor(() => expect(raw.text).toContain(": keep-alive\n\n"))
  raw.socket.destroy()
  await vi.waitFor(() => expect(outcomes).toEqual([{}]))
  expect(clock.pendingTimers).toBe(0)
})

test("sendEventStream() passes the cursor to the session, its bytes read as UTF-8", async () => {
  const { origin } = await serve(() => async (session) => session.send({ data: session.lastEventId }))
  const raw = await rawRequest(origin, "")
  raw.socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nLast-Event-ID: Größe ✓\r\n\r\n", "utf8")
  await vi.waitFor(() => expect(Buffer.from(raw.text, "latin1").toString()).toContain("data: Größe ✓\n\n"))
})

test("sendEventStream() rejects a response whose headers are already sent", async () => {
  const outcome = new Promise((resolve) => {
    const server = createServer((req, res) => {
      res.write("x")
      sendEventStream(req, res, count(1)).then(resolve, resolve)
      res.end()
    })
    void listen(server).then((origin) => fetch(origin).then((response) => response.text()))
  })
  expect(await outcome).toBeInstanceOf(TypeError)
})

test("sendEventStream() stops the sources of any number of pipelined requests when their client leaves", async () => {
  let running = 0
  const endless = async (session: Session) => {
    running++
    await session.send({ data: "hello" })
    await session.closed
    running--
  }
  const { origin, outcomes } = await serve(() => endless)
  const raw = await rawRequest(origin, "GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20))
  await vi.waitFor(() => expect(running).toBe(20))
  raw.socket.destroy()
  await vi.waitFor(() => expect(outcomes).toHaveLength(20))
  await vi.waitFor(() => expect(running).toBe(0))
})

test("sendEventStream() answers pipelined requests one after the other", async () => {
  const { origin, outcomes } = await serve(() => count(2))
  const raw = await rawRequest(origin, "GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(3))
  await vi.waitFor(() => expect(raw.text.match(/data: 2/g)).toHaveLength(3))
  await vi.waitFor(() => expect(outcomes).toEqual([{}, {}, {}]))
})
