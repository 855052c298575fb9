import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http"
import { createServer as createHttp2Server, connect } from "node:http2"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import express from "express"
import { sendEventStream } from "steadystream/node"
import { record, type RecordingEntry, type Recorder } from "steadystream/testing"
import { expect, onTestFinished, test } from "vitest"

/** The entries without their times, with chunks as text. */
function story({ recording }: Recorder): unknown[] {
  return recording.entries.map((entry: RecordingEntry) => {
    if (entry.type === "chunk") return new TextDecoder().decode(entry.bytes)
    if (entry.type === "response") return { status: entry.status, ...entry.headers }
    return entry.type
  })
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** Records one response that `write` writes, and returns what was recorded and what the client got. */
async function recorded(
  write: (response: ServerResponse, request: IncomingMessage) => unknown,
  init?: RequestInit,
): Promise<[story: unknown[], body: string]> {
  const recorder = record()
  const url = await serve((request, response) => {
    recorder.node({ request, response })
    void write(response, request)
  })
  const body = await (await fetch(`${url}?a=b`, init)).text()
  return [story(recorder), body]
}

const TYPE = { "content-type": "text/event-stream" }
const head = { status: 200, ...TYPE }

const writings: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
  "writeHead() with an object": (response) => response.writeHead(200, { "Content-Type": TYPE["content-type"] }),
  "writeHead() with a reason": (response) => response.writeHead(200, "Fine", TYPE),
  "writeHead() with a list": (response) => response.writeHead(200, ["content-type", TYPE["content-type"]]),
  "setHeader()": (response) => response.setHeader("content-type", TYPE["content-type"]),
  "setHeader() and writeHead()": (response) => {
    response.setHeader("content-type", "text/plain")
    response.writeHead(200, TYPE)
  },
  "flushHeaders()": (response) => {
    response.setHeader("content-type", TYPE["content-type"])
    response.flushHeaders()
  },
}

test.each(Object.entries(writings))("Recorder.node() records a head that is set by %s", async (_, write) => {
  const [entries, body] = await recorded((response) => {
    write(response)
    response.write("a")
    response.write(new TextEncoder().encode("b"))
    response.end("c")
  })
  expect(body).toBe("abc")
  expect(entries).toEqual(["request", head, "a", "b", "c", "end"])
})

test("Recorder.node() records the status and a header with several values", async () => {
  const [entries] = await recorded((response) => {
    response.statusCode = 429
    response.setHeader("vary", ["accept", "origin"])
    response.setHeader("retry-after", 7)
    response.end()
  })
  expect(entries).toEqual(["request", { status: 429, vary: "accept,origin", "retry-after": "7" }, "end"])
})

test("Recorder.node() records the head when it is flushed, before the first chunk", async () => {
  const recorder = record()
  const url = await serve((request, response) => {
    recorder.node({ request, response })
    response.flushHeaders()
  })
  const abort = new AbortController()
  await fetch(url, { signal: abort.signal })
  expect(story(recorder)).toEqual(["request", { status: 200 }])
  abort.abort()
})

test("Recorder.node() passes encodings and callbacks on", async () => {
  const called: string[] = []
  const [entries, body] = await recorded((response) => {
    response.write("4d6f", "hex", () => called.push("write"))
    response.write("é", "latin1")
    response.end("bQ==", "base64", () => called.push("end"))
  })
  expect(body).toBe(new TextDecoder().decode(new Uint8Array([0x4d, 0x6f, 0xe9, 0x6d])))
  expect(entries).toEqual(["request", { status: 200 }, "Mo", "\ufffd", "m", "end"])
  expect(called).toEqual(["write", "end"])
})

test("Recorder.node() records an end() that has only a callback", async () => {
  const [entries] = await recorded((response) => response.end(() => {}))
  expect(entries).toEqual(["request", { status: 200 }, "end"])
})

test("Recorder.node() records no body of a response that has none", async () => {
  const [toHead] = await recorded((response) => response.end("a"), { method: "HEAD" })
  expect(toHead).toEqual(["request", { status: 200 }, "end"])
  const [noContent] = await recorded((response) => response.writeHead(204).end())
  expect(noContent).toEqual(["request", { status: 204 }, "end"])
})

test("Recorder.node() records nothing after the end", async () => {
  const [entries] = await recorded((response) => {
    response.on("error", () => {})
    response.end("a")
    response.write("late")
    response.end("later")
  })
  expect(entries).toEqual(["request", { status: 200 }, "a", "end"])
})

test("Recorder.node() records a client that leaves", async () => {
  const recorder = record()
  const closed = Promise.withResolvers<void>()
  const url = await serve((request, response) => {
    recorder.node({ request, response })
    response.write("a")
    response.on("close", () => {
      response.end("late")
      closed.resolve()
    })
  })
  const abort = new AbortController()
  const response = await fetch(url, { signal: abort.signal })
  await response.body!.getReader().read()
  abort.abort()
  await closed.promise
  expect(story(recorder)).toEqual(["request", { status: 200 }, "a", "cancel"])
})

test("Recorder.node() records a stream that is piped", async () => {
  const [entries] = await recorded((response) => Readable.from(["a", "b"]).pipe(response))
  expect(entries).toEqual(["request", { status: 200 }, "a", "b", "end"])
})

test("Recorder.node() records what sendEventStream writes", async () => {
  const [entries, body] = await recorded((response, request) =>
    sendEventStream(
      request,
      response,
      (async function* () {
        yield { data: "a" }
        yield { data: "b" }
      })(),
    ),
  )
  expect(entries[1]).toMatchObject({ status: 200, "content-type": "text/event-stream; charset=utf-8" })
  expect(entries.slice(2, -1).join("")).toBe(body)
  expect(entries.at(-1)).toBe("end")
})

test("Recorder.node() records a response of express", async () => {
  const recorder = record()
  const app = express()
  app.use((request, response, next) => {
    recorder.node({ request, response })
    next()
  })
  app.get("/json", (_, response) => void response.json({ a: 1 }))
  app.get("/stream", (_, response) => {
    response.status(200).type("text/event-stream")
    response.write("data: a\n\n")
    response.end()
  })
  // eslint-disable-next-line typescript/no-misused-promises -- why: an express application is a listener of node:http
  const url = await serve(app)
  await (await fetch(`${url}json`)).text()
  await (await fetch(`${url}stream`)).text()
  const entries = story(recorder)
  expect(entries).toMatchObject([
    "request",
    { status: 200, "content-type": "application/json; charset=utf-8" },
    '{"a":1}',
    "end",
    "request",
    { status: 200, "content-type": "text/event-stream; charset=utf-8" },
    "data: a\n\n",
    "end",
  ])
})

test("Recorder.node() records a response of node:http2", async () => {
  const recorder = record()
  const server = createHttp2Server((request, response) => {
    recorder.node({ request, response })
    response.writeHead(200, TYPE)
    response.write("a")
    response.end("b")
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => client.close())
  const stream = client.request({ ":path": "/?key=secret" })
  let body = ""
  for await (const chunk of stream) body += String(chunk)
  expect(body).toBe("ab")
  expect(story(recorder)).toEqual(["request", head, "a", "b", "end"])
  expect(recorder.recording.entries[0]).toMatchObject({ method: "GET", url: "/?key=REDACTED" })
})

test("Recorder.node() records the request with its headers of the list", async () => {
  const recorder = record()
  const url = await serve((request, response) => {
    recorder.node({ request, response })
    response.end()
  })
  await fetch(`${url}a?lastEventId=7`, {
    headers: { "last-event-id": "7", cookie: "a=b", accept: "text/event-stream" },
  })
  expect(recorder.recording.entries[0]).toMatchObject({
    method: "GET",
    url: "/a?lastEventId=7",
    headers: { "last-event-id": "7", accept: "text/event-stream", connection: "keep-alive" },
  })
})
