import { eventStreamResponse } from "steadystream/server"
import { afterEach, describe, expect, test, vi } from "vitest"
import { within } from "../support/streams.ts"

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe("a handler that returns a collection", () => {
  const collections: [string, () => unknown, string][] = [
    ["an array", () => [{ data: "x" }], "data: x\n\n"],
    ["a promise of an array", async () => [{ data: "x" }], "data: x\n\n"],
    ["an empty array", () => [], ""],
  ]
  test.each(collections)(
    "eventStreamResponse() sends %s and ends, or throws a TypeError",
    async (_, source, expected) => {
      let error: unknown
      const onError = (given: unknown) => void (error = given)
      const read = await within(
        eventStreamResponse(source as never, { onError })
          .text()
          .catch(() => "broken"),
      )
      if (read === "broken") expect(error).toBeInstanceOf(TypeError)
      else expect(read).toBe(expected)
    },
  )

  test.each([
    ["a string", () => "data: x\n\n"],
    ["a promise of a string", async () => "data: x\n\n"],
    ["an event", () => ({ data: "x" })],
    ["a Response", () => new Response("data: x\n\n")],
    ["a promise of a Response", async () => new Response("data: x\n\n")],
  ])("eventStreamResponse() throws a TypeError if a handler returns %s", async (_, source) => {
    let error: unknown
    const onError = (given: unknown) => void (error = given)
    await within(
      eventStreamResponse(source as never, { onError })
        .text()
        .catch(() => "broken"),
    )
    expect(error).toBeInstanceOf(TypeError)
  })
})
