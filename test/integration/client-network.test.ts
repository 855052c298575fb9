import { createServer as createTlsServer } from "node:https"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, expect, test } from "vitest"
import { SseConnectionError, type SseRetryError } from "steadystream"
import { subscribe } from "steadystream/client"
import { sendEventStream } from "steadystream/node"
import { eventStreamResponse } from "steadystream/server"
import { serve } from "@hono/node-server"
import { consume } from "../support/consumer.ts"
import { EagerClock } from "../support/eager-clock.ts"
import { selfSigned } from "../support/self-signed.ts"

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Three events from the last event ID on. */
function* from(lastEventId: string | undefined): Generator<{ id: string; data: string }> {
  for (let id = Number(lastEventId ?? 0) + 1, end = id + 3; id < end; id++) yield { id: `${id}`, data: `${id}` }
}

const NINE = Array.from({ length: 9 }, (_, index) => `${index + 1}`)

async function receive(port: number): Promise<string[]> {
  const { data, outcome } = consume(subscribe(`http://127.0.0.1:${port}/`, { clock: new EagerClock() }))
  expect(await outcome).toBe("done")
  return data
}

test("subscribe() reads from eventStreamResponse(), over reconnections, up to its 204", async () => {
  const server = serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const id = request.headers.get("last-event-id") ?? undefined
      return id === "9" ? new Response(null, { status: 204 }) : eventStreamResponse(from(id))
    },
  })
  await new Promise((resolve) => server.once("listening", resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  expect(await receive((server.address() as AddressInfo).port)).toEqual(NINE)
})

test("subscribe() reads from sendEventStream(), over reconnections, up to its 204", async () => {
  const server = createServer((request, response) => {
    const id = request.headers["last-event-id"] as string | undefined
    if (id === "9") response.writeHead(204).end()
    else void sendEventStream(request, response, from(id))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  expect(await receive((server.address() as AddressInfo).port)).toEqual(NINE)
})

test("subscribe() makes one request if a certificate is not trusted", async () => {
  let connections = 0
  const server = createTlsServer(selfSigned(), (_, response) => void response.end())
  server.on("connection", () => connections++)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const { outcome } = consume(subscribe(url, { clock: new EagerClock() }))
  const error = (await outcome) as SseConnectionError
  expect(error).toMatchObject({ name: "SseConnectionError", code: "connection", retryable: false })
  expect((error.cause as Error).cause).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" })
  expect(connections).toBe(1)
})

// An unreachable resolver may need several seconds.
test("subscribe() retries if a host name does not resolve", async () => {
  const subscription = subscribe("http://no-such-host.invalid/", { clock: new EagerClock(), retry: { maxRetries: 1 } })
  const error = (await consume(subscription).outcome) as SseRetryError
  expect(error).toMatchObject({ code: "retries-exhausted", cause: { code: "connection", retryable: true } })
  expect(error.attempts).toHaveLength(2)
  expect(error.cause).toBeInstanceOf(SseConnectionError)
})
