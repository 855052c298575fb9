import { eventStreamResponse, type SseServerSource } from "steadystream/server"
import { afterEach, describe, expect, test, vi } from "vitest"
import { runProgram } from "../support/program.ts"
import { settle, within } from "../support/streams.ts"
import { serve } from "../support/serve-events.ts"

const broken = new Error("database password is hunter2")

const failing: [string, () => SseServerSource][] = [
  [
    "a generator that throws",
    async function* () {
      yield { data: "a" }
      throw broken
    } as never,
  ],
  [
    "a handler that throws",
    () => () => {
      throw broken
    },
  ],
  [
    "a handler that rejects",
    () => async () => {
      throw broken
    },
  ],
  [
    "a handler that sends data that is a number",
    () => async (session) => {
      await session.send({ data: 5 } as never)
    },
  ],
  [
    "a generator of data that is a number",
    async function* () {
      yield { data: 5 }
    } as never,
  ],
  ["a stream that breaks", () => new ReadableStream({ start: (controller) => controller.error(broken) })],
  ["an array with data that is a number", () => [{ data: "a" }, { data: 5 }] as never],
]

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe("a failing source without onError", () => {
  test.each(failing)("sendEventStream() resolves, reports once and breaks the connection of %s", async (_, make) => {
    vi.stubGlobal("reportError", undefined)
    const print = vi.spyOn(console, "error").mockImplementation(() => {})
    const state = await serve(make())
    const response = await fetch(state.origin)
    const read = await response.text().then(
      (body) => `ended with ${body}`,
      () => "broken",
    )
    expect([await within(state.sent), read]).toEqual(["resolved", "broken"])
    expect(print).toHaveBeenCalledTimes(1)
  })

  test.each(failing)("eventStreamResponse() reports once and breaks the body of %s", async (_, make) => {
    const report = vi.fn()
    vi.stubGlobal("reportError", report)
    const read = await eventStreamResponse(make())
      .text()
      .then(
        (body) => `ended with ${body}`,
        () => "broken",
      )
    await settle()
    expect([read, report.mock.calls.length]).toEqual(["broken", 1])
  })

  test.each(failing)(
    "sendEventStream() resolves and reports nothing itself if there is an onError: %s",
    async (_, make) => {
      const report = vi.fn()
      vi.stubGlobal("reportError", report)
      const onError = vi.fn()
      const state = await serve(make(), { onError })
      await fetch(state.origin)
        .then((response) => response.text())
        .catch(() => {})
      expect([await within(state.sent), onError.mock.calls.length, report.mock.calls.length]).toEqual([
        "resolved",
        1,
        0,
      ])
    },
  )

  test.each([
    ["throws", 'throw new Error("broken")'],
    ["sends data that is a number", "await session.send({ data: 5 })"],
    ["sends data that is a number and does not wait", "session.send({ data: 5 })"],
    ["sends an event with a line break and does not wait", 'session.send({ event: "a\\nb", data: "" })'],
    ["sends a comment that is no text and does not wait", "session.comment(5)"],
  ])("a server of node:http lives on if the source of sendEventStream() %s", async (_, statement) => {
    const { code, output } = await runProgram(`
      import { createServer } from "node:http"
      import { sendEventStream } from "steadystream/node"
      const server = createServer(async (request, response) => {
        await sendEventStream(request, response, async (session) => {
          ${statement}
        })
      }).listen(0, "127.0.0.1", async () => {
        const url = "http://127.0.0.1:" + server.address().port
        for (let at = 0; at < 2; at++) await fetch(url).then((response) => response.text()).catch(() => {})
        await new Promise((resolve) => setTimeout(resolve, 30))
        console.log("alive")
        process.exit(0)
      })`)
    expect([code, output]).toEqual([0, "alive"])
  })
})
