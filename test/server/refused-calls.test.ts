import { eventStreamResponse } from "steadystream/server"
import { afterEach, describe, expect, test, vi } from "vitest"
import { settle, within } from "../support/streams.ts"
import { serve } from "../support/serve-events.ts"

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
