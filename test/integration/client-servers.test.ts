import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import { serve } from "@hono/node-server"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import { streamSSE } from "hono/streaming"
import { afterEach, expect, test } from "vitest"
import { subscribe } from "steadystream/client"
import { startFaultServer } from "steadystream/testing"
import { consume } from "../support/consumer.ts"
import { EagerClock } from "../support/eager-clock.ts"
import { findNginx, startNginx } from "../support/nginx.ts"

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Each server sends three events from the last event ID on, then ends the stream. After event 9 it answers 204. */
const from = (lastEventId: string | undefined) => Number(lastEventId ?? 0)
const blocks = (start: number) => [1, 2, 3].map((step) => `id: ${start + step}\ndata: ${start + step}\n\n`)
const EXPECTED = Array.from({ length: 9 }, (_, index) => String(index + 1))

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  closers.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function receive(url: string): Promise<string[]> {
  const { data, outcome } = consume(subscribe(url, { clock: new EagerClock() }))
  expect(await outcome).toBe("done")
  return data
}

test("subscribe() reads from express, over reconnections, up to its 204", async () => {
  const app = express()
  app.get("/", (request, response) => {
    const start = from(request.get("last-event-id"))
    response.status(start === 9 ? 204 : 200).type("text/event-stream")
    if (start < 9) for (const block of blocks(start)) response.write(block)
    response.end()
  })
  expect(await receive(await listen(createServer(app)))).toEqual(EXPECTED)
})

test("subscribe() reads from fastify, over reconnections, up to its 204", async () => {
  const app = fastify()
  app.get("/", async (request, reply) => {
    const start = from(request.headers["last-event-id"] as string | undefined)
    if (start === 9) return reply.code(204).send()
    return reply.type("text/event-stream").send(Readable.from(blocks(start)))
  })
  closers.push(() => app.close())
  expect(await receive(`${await app.listen({ host: "127.0.0.1", port: 0 })}/`)).toEqual(EXPECTED)
})

test("subscribe() reads from hono, over reconnections, up to its 204", async () => {
  const app = new Hono()
  app.get("/", (context) => {
    const start = from(context.req.header("last-event-id"))
    if (start === 9) return context.body(null, 204)
    return streamSSE(context, async (stream) => {
      for (const step of [1, 2, 3]) await stream.writeSSE({ id: String(start + step), data: String(start + step) })
    })
  })
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 })
  await new Promise((resolve) => server.once("listening", resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  expect(await receive(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).toEqual(EXPECTED)
})

test.skipIf(findNginx() === undefined)(
  "subscribe() reads through nginx, whose upstream is cut in the middle and away for a while",
  async () => {
    let dropped = 0
    const upstream = await startFaultServer((request, index) => {
      const start = from(request.headers["last-event-id"])
      if (start === 9) return { status: 204, headers: {} }
      if (index % 2 === 1) return "reset"
      dropped++
      const headers = { "content-type": "text/event-stream", "x-accel-buffering": "no" }
      return {
        headers,
        body: [...blocks(start), "id: lost\nda"],
        end: dropped % 2 === 0 ? "fin" : "reset",
        framing: "chunked",
      }
    })
    closers.push(() => upstream.close())
    const nginx = await startNginx(upstream.port)
    closers.push(() => nginx.close())
    const errors: unknown[] = []
    const { data, outcome } = consume(
      subscribe(nginx.url, {
        clock: new EagerClock(),
        onRetry: ({ error }) => void errors.push(error.code === "response" ? "502" : error.code),
      }),
    )
    expect(await outcome).toBe("done")
    expect(data).toEqual(EXPECTED)
    expect(new Set(errors)).toEqual(new Set(["connection", "502"]))
  },
)
