import * as fc from "fast-check"
import {
  formatRecording,
  ManualClock,
  parseRecording,
  record,
  replay,
  scriptedFetch,
  type Recording,
  type RecordingEntry,
} from "steadystream/testing"
import { expect, test } from "vitest"

const head = [
  { type: "request", at: 0, request: 0, method: "GET", url: "https://example.com/", headers: {} },
  { type: "response", at: 5, request: 0, status: 200, headers: { "content-type": "text/event-stream" } },
] as const

/** Recordings of one request, with any bytes, times and ends. */
const recordings: fc.Arbitrary<Recording> = fc
  .record({
    chunks: fc.array(fc.record({ bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }), wait: fc.nat(50) }), {
      maxLength: 8,
    }),
    end: fc.constantFrom("end" as const, "error" as const),
  })
  .map(({ chunks, end }) => {
    let at = 5
    const entries: RecordingEntry[] = chunks.map(({ bytes, wait }) => ({
      at: (at += wait),
      type: "chunk",
      request: 0,
      bytes: new Uint8Array(bytes),
    }))
    at += 1
    const last: RecordingEntry =
      end === "end"
        ? { at, type: "end", request: 0 }
        : { at, type: "error", request: 0, name: "TypeError", code: "ECONNRESET" }
    return { version: 1, entries: [...head, ...entries, last] }
  })

test("record() of a replay is the recording, with its chunks and times", async () => {
  await fc.assert(
    fc.asyncProperty(recordings, async (recording) => {
      const clock = new ManualClock()
      const recorder = record({ clock })
      const fetch = recorder.fetch(replay(recording, { clock }).fetch)
      const read = fetch("https://example.com/").then((response) => response.arrayBuffer().catch(() => {}))
      await clock.runUntil(read)
      expect(recorder.recording).toEqual(recording)
      expect(parseRecording(formatRecording(recording))).toEqual(recording)
    }),
  )
})

test("replay() at once waits for nothing", async () => {
  const recorder = record()
  const fetch = recorder.fetch(scriptedFetch([{ chunks: ["data: a\n\n", "data: b\n\n"] }]))
  expect(await (await fetch("https://example.com/")).text()).toBe("data: a\n\ndata: b\n\n")
  const clock = new ManualClock()
  expect(await replay(recorder.recording, { clock, speed: Infinity }).response().text()).toBe("data: a\n\ndata: b\n\n")
  expect(clock.now()).toBe(0)
})
