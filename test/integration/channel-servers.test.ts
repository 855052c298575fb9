/* Channels on the servers that run in this process, behind a proxy that cuts their connections. */
import { createServer } from "node:http"
import { connect, createServer as createHttp2Server } from "node:http2"
import { getRequestListener } from "@hono/node-server"
import compression from "compression"
import express, { type RequestHandler } from "express"
import fastify from "fastify"
import { Hono } from "hono"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { sendChannels } from "steadystream/node"
import type { Channels, ConnectOptions } from "steadystream/server"
import {
  channelsOfTest,
  fetchReader,
  followOverCut,
  LATE,
  localPeer,
  MANY,
  readerOf,
  type SingleReader,
  untilSize,
} from "../support/channel-peers.ts"
import { listen } from "../support/listen.ts"

/** Starts a client that reports how its connection ends. */
type StartReader = (url: string) => SingleReader

/** Starts a server of a channel and returns its origin. */
type StartServer = (channels: Channels) => Promise<string>

function onExpress(middleware: readonly RequestHandler[], options: ConnectOptions = {}): StartServer {
  return (channels) => {
    const app = express()
    if (middleware.length > 0) app.use(...middleware)
    app.get("/events", (req, res) => sendChannels(channels, req, res, "news", options))
    return listen(createServer(app))
  }
}

/** Overwrites `cache-control` as late as possible, so that the middleware before compresses the response. */
const allowTransform: RequestHandler = (_req, res, next) => {
  const writeHead = res.writeHead.bind(res) as (status: number) => typeof res
  res.writeHead = ((status: number) => {
    res.setHeader("cache-control", "no-cache")
    return writeHead(status)
  }) as typeof res.writeHead
  next()
}

async function onFastify(channels: Channels): Promise<string> {
  const app = fastify()
  onTestFinished(() => app.close())
  app.get("/events", (request, reply) => sendChannels(channels, request, reply, "news"))
  return app.listen({ port: 0, host: "127.0.0.1" })
}

function onHono(channels: Channels): Promise<string> {
  const app = new Hono()
  app.get("/events", (context) => channels.respond(context.req.raw, "news"))
  return listen(createServer((req, res) => void getRequestListener(app.fetch)(req, res)))
}

/** Reads over HTTP/2. */
const http2Reader = readerOf(async (url, cursor, signal) => {
  const client = connect(url).on("error", () => {})
  signal.addEventListener("abort", () => client.destroy())
  return client.request({ ":path": "/events", ...(cursor !== undefined && { "last-event-id": cursor }) })
})

const servers: readonly (readonly [name: string, start: StartServer, reader: StartReader])[] = [
  ["node:http", (c) => listen(createServer((req, res) => void sendChannels(c, req, res, "news"))), fetchReader],
  ["HTTP/2", (c) => listen(createHttp2Server((req, res) => void sendChannels(c, req, res, "news"))), http2Reader],
  ["express", onExpress([]), fetchReader],
  ["express with compression", onExpress([compression()]), fetchReader],
  ["express with compression that is forced", onExpress([compression(), allowTransform]), fetchReader],
  ["fastify", onFastify, fetchReader],
  ["hono", onHono, fetchReader],
]

describe.each(servers)("channels on %s", (name, start, reader) => {
  async function startPeer() {
    const channels = channelsOfTest()
    return { ...localPeer(await start(channels), channels), channels }
  }

  test(`a client of ${name} gets live events, is cut, comes back with its cursor and misses nothing`, async () => {
    const seen = await followOverCut(await startPeer(), reader, ["3", "4"])
    expect(seen).toEqual(["1", "2", "3", "4", "live"])
  })

  test(`a client of ${name} that comes back too late gets a gap, and then what is kept`, async () => {
    expect(await followOverCut(await startPeer(), reader, MANY)).toEqual(LATE)
  })

  test(`closeAll() ends a client of ${name} cleanly, after what was published`, async () => {
    const { channels, ...peer } = await startPeer()
    const client = reader(`${peer.origin}/events`)
    await untilSize(peer, 1)
    await peer.publish("last")
    await channels.closeAll({ within: 10_000 })
    await expect.poll(() => client.ends, { timeout: 30_000 }).toEqual(["clean"])
    expect(client.seen()).toEqual(["last"])
  })
})

test("channels.respond() on hono reports no error when a client leaves", async () => {
  const report = vi.spyOn(console, "error").mockImplementation(() => {})
  onTestFinished(() => report.mockRestore())
  const channels = channelsOfTest()
  const stop = new AbortController()
  await fetch(`${await onHono(channels)}/events`, { signal: stop.signal })
  await expect.poll(() => channels.size()).toBe(1)
  stop.abort()
  await expect.poll(() => channels.size()).toBe(0)
  await new Promise((resolve) => setTimeout(resolve))
  expect(report.mock.calls).toEqual([])
})

describe("compression", () => {
  async function headersOf(start: StartServer): Promise<Headers> {
    const origin = await start(channelsOfTest())
    const stop = new AbortController()
    const { headers } = await fetch(`${origin}/events`, { signal: stop.signal })
    stop.abort()
    return headers
  }

  test("sendChannels() keeps no-transform in the caller's cache-control, so nothing is compressed", async () => {
    const headers = await headersOf(onExpress([compression()], { headers: { "cache-control": "private" } }))
    expect(headers.get("cache-control")).toBe("private, no-transform")
    expect(headers.get("content-encoding")).toBe(null)
  })

  test("a middleware that overwrites cache-control makes compression compress the channel", async () => {
    const headers = await headersOf(onExpress([compression(), allowTransform]))
    expect(headers.get("content-encoding")).toMatch(/^(?:gzip|br)$/)
  })
})
