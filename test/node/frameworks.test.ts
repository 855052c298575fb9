import { createServer } from "node:http"
import { connect, createServer as createHttp2Server } from "node:http2"
import { getRequestListener } from "@hono/node-server"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import { expect, onTestFinished, test, vi } from "vitest"
import { readEvents } from "steadystream"
import { sendEventStream } from "steadystream/node"
import { eventStreamResponse, type Session } from "steadystream/server"
import { listen } from "../support/listen.ts"

/** A source that sends two events and stays open until its client leaves. */
function twoEvents() {
  const seen: { session?: Session } = {}
  const source = (session: Session) => {
    seen.session = session
    void session.send({ id: "1", data: "a" })
    void session.send({ id: "2", data: "b" })
  }
  return { seen, source }
}

/** Reads two events and leaves; the session must end. */
async function readTwoAndLeave(url: string, seen: { session?: Session }) {
  const response = await fetch(url)
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8")
  const data: string[] = []
  for await (const event of readEvents(response)) {
    data.push(event.data)
    if (data.length === 2) break
  }
  expect(data).toEqual(["a", "b"])
  await vi.waitFor(() => expect(seen.session?.state).toBe("closed"))
  return response
}

test("sendEventStream() serves express, and reports a failure of its source to onError", async () => {
  const { seen, source } = twoEvents()
  const errors: unknown[] = []
  const app = express()
  app.use((_req, res, next) => {
    res.setHeader("access-control-allow-origin", "*")
    next()
  })
  app.get("/events", (req, res) => sendEventStream(req, res, source))
  const onError = (error: unknown) => void errors.push(error)
  app.get("/fails", (req, res) => sendEventStream(req, res, () => Promise.reject(new Error("no")), { onError }))
  const origin = await listen(createServer(app))
  const response = await readTwoAndLeave(`${origin}/events`, seen)
  expect(response.headers.get("access-control-allow-origin")).toBe("*")
  await expect(fetch(`${origin}/fails`).then((failed) => failed.text())).rejects.toThrow("terminated")
  await vi.waitFor(() => expect(errors).toHaveLength(1))
})

test("sendEventStream() serves fastify through its request and reply, with the headers of the reply", async () => {
  const { seen, source } = twoEvents()
  const app = fastify()
  onTestFinished(() => app.close())
  app.get("/events", async (request, reply) => {
    void reply.header("x-plugin", "1")
    await sendEventStream(request, reply, source)
  })
  const origin = await app.listen({ port: 0, host: "127.0.0.1" })
  const response = await readTwoAndLeave(`${origin}/events`, seen)
  expect(response.headers.get("x-plugin")).toBe("1")
})

test("sendEventStream() serves node:http2 without connection headers, and stops when the client resets", async () => {
  const { seen, source } = twoEvents()
  const outcomes: unknown[] = []
  const server = createHttp2Server((req, res) => {
    sendEventStream(req, res, source).then(
      () => outcomes.push("over"),
      (error: unknown) => outcomes.push(error),
    )
  })
  const client = connect(await listen(server))
  onTestFinished(() => client.destroy())
  const stream = client.request({ ":path": "/" })
  let text = ""
  let headers: Record<string, unknown> = {}
  stream.on("response", (given) => void (headers = given))
  stream.on("data", (chunk: Buffer) => void (text += chunk.toString()))
  await vi.waitFor(() => expect(text).toBe("id: 1\ndata: a\n\nid: 2\ndata: b\n\n"))
  expect(headers[":status"]).toBe(200)
  expect(headers["content-type"]).toBe("text/event-stream; charset=utf-8")
  expect(headers["connection"]).toBe(undefined)
  stream.close(8)
  await vi.waitFor(() => expect(outcomes).toEqual(["over"]))
  expect(seen.session!.state).toBe("closed")
})

test("sendEventStream() ends an http2 stream with its source", async () => {
  const server = createHttp2Server((req, res) => void sendEventStream(req, res, [{ data: "x" }]))
  const client = connect(await listen(server))
  onTestFinished(() => client.destroy())
  const stream = client.request({ ":path": "/" })
  let text = ""
  stream.on("data", (chunk: Buffer) => void (text += chunk.toString()))
  await new Promise((resolve) => stream.once("end", resolve))
  expect(text).toBe("data: x\n\n")
})

test("eventStreamResponse() serves hono on node, and its source stops when the client leaves", async () => {
  const { seen, source } = twoEvents()
  const app = new Hono()
  app.get("/events", (context) => eventStreamResponse(source, { request: context.req.raw }))
  const origin = await listen(createServer((req, res) => void getRequestListener(app.fetch)(req, res)))
  const response = await readTwoAndLeave(`${origin}/events`, seen)
  expect(response.headers.get("x-accel-buffering")).toBe("no")
})

for (const how of ["its source throws", "its signal aborts"]) {
  test(`sendEventStream() resets an http2 stream if ${how}, so that its client sees no clean end`, async () => {
    const stop = new AbortController()
    const server = createHttp2Server((req, res) => {
      const source = async (session: Session) => {
        await session.send({ data: "a" })
        if (how === "its source throws") throw new Error("mine")
        await new Promise((resolve) => session.signal.addEventListener("abort", resolve))
      }
      void sendEventStream(req, res, source, { signal: stop.signal, onError() {} })
    })
    const client = connect(await listen(server))
    onTestFinished(() => client.destroy())
    const stream = client.request({ ":path": "/" })
    let text = ""
    let ended = false
    const failure = new Promise((resolve) => void stream.on("error", resolve).on("close", () => resolve("clean")))
    stream.on("end", () => void (ended = true))
    stream.on("data", (chunk: Buffer) => void (text += chunk.toString()))
    await vi.waitFor(() => expect(text).toBe("data: a\n\n"))
    if (how === "its signal aborts") stop.abort()
    expect(await failure).toMatchObject({ code: "ERR_HTTP2_STREAM_ERROR" })
    expect(ended).toBe(false)
    expect(stream.rstCode).toBe(2)
  })
}
