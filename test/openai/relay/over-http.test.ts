import { createServer } from "node:http"
import { describe, expect, test } from "vitest"
import { relay } from "steadystream/openai"
import { sendEventStream } from "steadystream/node"
import { eventStreamResponse } from "steadystream/server"
import { listen, rawRequest } from "../../support/listen.ts"
import { CHUNK, END, FINISH, ManualProvider } from "./manual-provider.ts"
import { nextText, settle } from "../writing/stream-reading.ts"

describe("relay()", () => {
  test("relay() has aborted the provider's request when node:http reports that the browser left", async () => {
    const provider = new ManualProvider()
    let abortedAtClose: boolean | undefined
    const origin = await listen(
      createServer((req, res) => {
        void sendEventStream(req, res, relay(provider.ask))
        res.on("close", () => (abortedAtClose = provider.signal!.aborted))
      }),
    )
    const browser = await rawRequest(origin, "GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    await expect.poll(() => provider.signal).toBeDefined()
    provider.send(CHUNK)
    await expect.poll(() => browser.text).toContain('"content":"Hi"')
    browser.socket.destroy()
    await expect.poll(() => abortedAtClose).toBe(true)
    expect(provider.cancelled).toBe(true)
  })

  test("relay() is a source of eventStreamResponse() and cancels the provider's request with its reader", async () => {
    const provider = new ManualProvider()
    const reader = eventStreamResponse(relay(provider.ask)).body!.getReader()
    const first = nextText(reader)
    await settle()
    provider.send(CHUNK)
    expect(await first).toBe(CHUNK)
    void reader.read()
    await settle()
    void reader.cancel()
    expect(provider.signal!.aborted).toBe(true)
  })

  test("relay() sends the end mark over node:http and ends the response", async () => {
    const origin = await listen(createServer((req, res) => void sendEventStream(req, res, relay(CHUNK + FINISH + END))))
    const response = await fetch(origin)
    expect(response.headers.get("x-accel-buffering")).toBe("no")
    expect(await response.text()).toBe(CHUNK + FINISH + END)
  })
})
