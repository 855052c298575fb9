import type { SseEventInit } from "steadystream"
import { chunkResponse, relay } from "steadystream/openai"
import { eventStreamResponse } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { afterEach, describe, expect, test, vi } from "vitest"
import { eventStream, settle, within } from "../support/streams.ts"

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe("silence", () => {
  const silent = () => new ReadableStream<SseEventInit>()
  const responses: [string, (clock: ManualClock) => Response][] = [
    ["eventStreamResponse()", (clock) => eventStreamResponse(silent(), { clock })],
    ["chunkResponse()", (clock) => chunkResponse(silent(), { clock })],
    ["relay().toResponse()", (clock) => relay(eventStream(new ReadableStream()), { clock }).toResponse()],
  ]
  test.each(responses)("%s sends a comment at once if its source is silent", async (_, open) => {
    const clock = new ManualClock()
    const reader = open(clock).body!.getReader()
    const first = await within(reader.read(), 100)
    expect(first).not.toBe("pending")
    expect(new TextDecoder().decode((first as ReadableStreamReadResult<Uint8Array>).value)).toMatch(/^:/)
    void reader.cancel()
  })

  test.each(responses)("%s sends a comment at least every 9 seconds by default", async (_, open) => {
    const clock = new ManualClock()
    const reader = open(clock).body!.getReader()
    let comments = 0
    const read = async (): Promise<void> => {
      for (;;) {
        const { done } = await reader.read()
        if (done) return
        comments++
      }
    }
    void read().catch(() => {})
    for (let second = 0; second < 27; second++) await clock.advance(1_000)
    expect(comments).toBeGreaterThanOrEqual(3)
    void reader.cancel()
  })

  const pieces: [string[], boolean][] = [
    [["data: a\n\n", ""], true],
    [["data: a\n", "\n"], true],
    [["data: a", "\n\n"], true],
    [["data: a\r\r"], true],
    [["data: a\r", "\r"], true],
    [["data: a\r\n", "\r\n"], true],
    [["data: a\r\n\r", "\n"], true],
    [["data: a\n", "", "\n"], true],
    [["data: a\n\n", ": b\n\n", ""], true],
    [["data: a\n"], false],
    [["data: a\n\n", "data: b"], false],
    [["data: a\n", "data: b\n"], false],
  ]
  test.each(pieces)(
    "eventStreamResponse() follows the end of a block across the chunks %j (comment: %s)",
    async (chunks, expected) => {
      const clock = new ManualClock()
      async function* source() {
        for (const chunk of chunks) yield new TextEncoder().encode(chunk)
        await new Promise(() => {})
      }
      const reader = eventStreamResponse(source(), { clock, keepAlive: 1_000 }).body!.getReader()
      let read = ""
      const pump = async (): Promise<void> => {
        for (;;) {
          const { done, value } = await reader.read()
          if (done) return
          read += new TextDecoder().decode(value)
        }
      }
      void pump().catch(() => {})
      await settle()
      for (let second = 0; second < 4; second++) await clock.advance(1_000)
      const written = read.replace(/^:[^\n]*\n\n/, "").slice(chunks.join("").length)
      expect(written.includes(":")).toBe(expected)
      void reader.cancel()
    },
  )
})
