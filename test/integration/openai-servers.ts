import { once } from "node:events"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { PassThrough } from "node:stream"
import { serve } from "@hono/node-server"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"

/** Writes a response piece by piece, and may end it. */
export type Dialogue = (write: (text: string) => void, end: () => void) => void

/** A loopback server that answers each request with a dialogue. */
export interface DialectServer {
  readonly url: string
  /** How many connections were opened. */
  readonly connections: () => number
  /** Settles when the client has left an unfinished response. */
  readonly left: Promise<void>
  close(): Promise<void>
}

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  "x-request-id": "req_real",
}

interface Seen {
  readonly onLeft: () => void
}

type Listen = (dialogue: Dialogue, seen: Seen) => Promise<Server>

const listening = async (server: Server): Promise<Server> => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return server
}

const respond = (response: ServerResponse, dialogue: Dialogue, { onLeft }: Seen): void => {
  response.writeHead(200, HEADERS)
  response.on("close", () => {
    if (!response.writableFinished) onLeft()
  })
  dialogue(
    (text) => void response.write(text),
    () => void response.end(),
  )
}

const withNode: Listen = (dialogue, seen) =>
  listening(createServer((_: IncomingMessage, response) => respond(response, dialogue, seen)))

const withExpress: Listen = (dialogue, seen) => {
  const app = express()
  app.post("/v1/chat/completions", (_, response) => respond(response, dialogue, seen))
  return listening(createServer(app))
}

const withFastify: Listen = async (dialogue, { onLeft }) => {
  const app = fastify()
  app.post("/v1/chat/completions", (_, reply) => {
    const body = new PassThrough()
    body.on("close", () => {
      if (!body.readableEnded) onLeft()
    })
    dialogue(
      (text) => void body.write(text),
      () => void body.end(),
    )
    return reply.headers(HEADERS).send(body)
  })
  await app.listen({ port: 0, host: "127.0.0.1" })
  return app.server
}

const withHono: Listen = async (dialogue, { onLeft }) => {
  const app = new Hono()
  app.post("/v1/chat/completions", () => {
    const encoder = new TextEncoder()
    const body = new ReadableStream({
      start(controller) {
        dialogue(
          (text) => controller.enqueue(encoder.encode(text)),
          () => controller.close(),
        )
      },
      cancel: onLeft,
    })
    return new Response(body, { headers: HEADERS })
  })
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }) as Server
  if (!server.listening) await once(server, "listening")
  return server
}

const frameworks: Readonly<Record<string, Listen>> = {
  "node:http": withNode,
  express: withExpress,
  fastify: withFastify,
  hono: withHono,
}

export const FRAMEWORKS: readonly string[] = Object.keys(frameworks)

/** Starts a server of `framework` that answers each request with `dialogue`. */
export async function startDialectServer(framework: string, dialogue: Dialogue): Promise<DialectServer> {
  let onLeft!: () => void
  const left = new Promise<void>((resolve) => (onLeft = resolve))
  const server = await frameworks[framework]!(dialogue, { onLeft })
  let connections = 0
  server.on("connection", () => connections++)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1/chat/completions`,
    connections: () => connections,
    left,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    },
  }
}
