import { createServer, type ServerResponse } from "node:http"
import { sendEventStream, type SendEventStreamOptions } from "steadystream/node"
import { eventStreamResponse, type SseServerSource } from "steadystream/server"
import { afterEach, describe, expect, test, vi } from "vitest"
import { listen } from "../support/listen.ts"
import { settle, within } from "../support/streams.ts"

/** Serves with `sendEventStream`, and keeps the promise of the last call. */
async function serve(
  source: SseServerSource,
  options: SendEventStreamOptions = {},
  prepare?: (response: ServerResponse) => void,
) {
  const state: { sent: Promise<unknown>; origin: string } = { sent: new Promise(() => {}), origin: "" }
  state.origin = await listen(
    createServer((request, response) => {
      prepare?.(response)
      state.sent = sendEventStream(request, response, source, options).then(
        () => "resolved",
        (error: unknown) => error,
      )
    }),
  )
  return state
}

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe("refused calls", () => {
  const bad: [string, object][] = [
    ["retry: -1", { retry: -1 }],
    ["keepAlive: NaN", { keepAlive: Number.NaN }],
    ["a bad header name", { headers: { "x y": "1" } }],
    ["status 204", { status: 204 }],
    ["status 99", { status: 99 }],
  ]
  test.each(bad)("eventStreamResponse() cancels a stream before it refuses %s", async (_, options) => {
    const onCancel = vi.fn()
    const source = new ReadableStream({ cancel: onCancel })
    expect(() => eventStreamResponse(source, options)).toThrow(Error)
    await settle()
    expect(onCancel).toHaveBeenCalledTimes(1)
  })

  test.each(bad)("sendEventStream() cancels a stream before it refuses %s", async (_, options) => {
    const onCancel = vi.fn()
    const state = await serve(
      new ReadableStream({ cancel: onCancel }),
      options,
      (response) => void setTimeout(() => response.destroy(), 100),
    )
    await fetch(state.origin).catch(() => {})
    expect(await within(state.sent)).toBeInstanceOf(Error)
    await settle()
    expect(onCancel).toHaveBeenCalledTimes(1)
  })

  test("sendEventStream() cancels a stream if the headers were sent already", async () => {
    const onCancel = vi.fn()
    const state = await serve(new ReadableStream({ cancel: onCancel }), {}, (response) => {
      response.writeHead(200)
      setTimeout(() => response.destroy(), 100)
    })
    await fetch(state.origin)
      .then((response) => response.text())
      .catch(() => {})
    expect(await within(state.sent)).toBeInstanceOf(TypeError)
    await settle()
    expect(onCancel).toHaveBeenCalledTimes(1)
  })

  test("eventStreamResponse() leaves a generator unstarted if it refuses the call", () => {
    let started = false
    async function* source() {
      started = true
      yield { data: "a" }
    }
    expect(() => eventStreamResponse(source(), { retry: -1 })).toThrow(RangeError)
    expect(started).toBe(false)
  })
})
