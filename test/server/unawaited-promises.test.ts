import { afterEach, describe, expect, test, vi } from "vitest"
import { runProgram } from "../support/program.ts"

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe("promises that are not awaited", () => {
  const uses: [string, string][] = [
    [
      "send() of a contract",
      'const contract = defineEvents({ a: text() }); const options = { events: contract }; const send = (session) => session.send({ event: "a", data: "x".repeat(1_000) })',
    ],
    [
      "send() of an async schema",
      'const schema = { "~standard": { version: 1, vendor: "x", validate: async (value) => ({ value }) } }; const options = { events: defineEvents({ a: schema }) }; const send = (session) => session.send({ event: "a", data: "x" })',
    ],
    [
      "send() that does not fit its contract",
      'const contract = defineEvents({ a: text() }); const options = { events: contract }; const send = (session) => session.send({ event: "b", data: "x" })',
    ],
    ["send()", 'const options = {}; const send = (session) => session.send({ data: "x" })'],
    ["comment()", 'const options = {}; const send = (session) => session.comment("x")'],
  ]
  test.each(uses)("a server lives on if %s is not awaited and the client leaves", async (name, setup) => {
    const { code, output, errors } = await runProgram(`
      import { createServer } from "node:http"
      import { defineEvents, text } from "steadystream"
      import { sendEventStream } from "steadystream/node"
      import { eventStreamResponse } from "steadystream/server"
      ${setup}
      const source = async (session) => {
        for (let at = 0; at < 2_000; at++) send(session)
        await new Promise((resolve) => session.signal.addEventListener("abort", resolve, { once: true }))
        send(session)
      }
      const server = createServer((request, response) => void sendEventStream(request, response, source, { ...options, onError() {} })).listen(0, "127.0.0.1", async () => {
        const controller = new AbortController()
        const response = await fetch("http://127.0.0.1:" + server.address().port, { signal: controller.signal })
        await response.body.getReader().read().catch(() => {})
        controller.abort()
        const reader = eventStreamResponse(source, { ...options, onError() {} }).body.getReader()
        await reader.read().catch(() => {})
        await reader.cancel().catch(() => {})
        await new Promise((resolve) => setTimeout(resolve, 300))
        console.log("alive")
        process.exit(0)
      })`)
    expect([code, output]).toEqual([0, "alive"])
    if (!name.includes("fit")) expect(errors).toBe("")
  })

  test.each([
    ["sendEventStream()", "sendEventStream(request, response, failing(), { onError: fail })"],
    [
      "sendEventStream() with a handler",
      'sendEventStream(request, response, async () => { throw new Error("first") }, { onError: fail })',
    ],
    [
      "eventStreamResponse()",
      "eventStreamResponse(failing(), { onError: fail }).text().catch(() => {}), response.end()",
    ],
    [
      "eventStreamResponse() with a stream",
      "eventStreamResponse(ReadableStream.from(failing()), { onError: fail }).text().catch(() => {}), response.end()",
    ],
    ["chunkResponse()", "chunkResponse(failing(), { onError: fail }).text().catch(() => {}), response.end()"],
  ])("a server lives on if an async onError of %s rejects", async (_, use) => {
    const { code, output } = await runProgram(`
      import { createServer } from "node:http"
      import { sendEventStream } from "steadystream/node"
      import { chunkResponse } from "steadystream/openai"
      import { eventStreamResponse } from "steadystream/server"
      async function* failing() { yield { data: "a" }; throw new Error("first") }
      const fail = async () => { throw new Error("second") }
      const server = createServer((request, response) => { ${use} }).listen(0, "127.0.0.1", async () => {
        await fetch("http://127.0.0.1:" + server.address().port).then((response) => response.text()).catch(() => {})
        await new Promise((resolve) => setTimeout(resolve, 50))
        console.log("alive")
        process.exit(0)
      })`)
    expect([code, output]).toEqual([0, "alive"])
  })
})
