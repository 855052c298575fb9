import { eventStreamResponse } from "steadystream/server"
import { afterEach, describe, expect, test, vi } from "vitest"
import { runProgram } from "../support/program.ts"
import { countedSignal, settle } from "../support/streams.ts"

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe("a response that is never read", () => {
  test.each([
    ["the option signal", (signal: AbortSignal) => eventStreamResponse([{ data: "a" }], { signal })],
    [
      "the signal of the request",
      (signal: AbortSignal) => eventStreamResponse([{ data: "a" }], { request: { headers: new Headers(), signal } }),
    ],
    ["the option signal and a stream", (signal: AbortSignal) => eventStreamResponse(new ReadableStream(), { signal })],
  ])("eventStreamResponse() adds no listener before the first read: %s", (_, open) => {
    const { controller, listeners } = countedSignal()
    open(controller.signal)
    expect(listeners()).toBe(0)
  })

  test("eventStreamResponse() removes its listeners at the end", async () => {
    const { controller, listeners } = countedSignal()
    await eventStreamResponse([{ data: "a" }], { signal: controller.signal }).text()
    await settle()
    expect(listeners()).toBe(0)
  })

  test.each([
    "eventStreamResponse(stream, { signal })",
    "eventStreamResponse(() => stream, { request: { headers: new Headers(), signal } })",
  ])("%s can be collected", async (expression) => {
    const { code, output } = await runProgram(
      `import { eventStreamResponse } from "steadystream/server"
        import { chunkResponse } from "steadystream/openai"
        const { signal } = new AbortController()
        let collected = 0
        const registry = new FinalizationRegistry(() => collected++)
        ;(() => {
          for (let at = 0; at < 50; at++) {
            const stream = new ReadableStream()
            registry.register(stream, at)
            ${expression}
          }
        })()
        for (let at = 0; at < 20 && collected < 40; at++) { gc(); await new Promise((resolve) => setTimeout(resolve, 10)) }
        console.log(collected >= 40 ? "collected" : "kept " + (50 - collected), signal.aborted)
        process.exit(0)`,
      ["--expose-gc"],
    )
    expect([code, output]).toEqual([0, "collected false"])
  })
})
