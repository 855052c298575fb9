/*
 * A recorded stream of a provider becomes about 200 faults. The recording is not in this repository: the variable
 * STEADYSTREAM_RECORDINGS names its directory.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { SseError } from "steadystream"
import { readChatCompletions } from "steadystream/openai"
import { everyCut, mutate, record, replay, scriptedFetch, type Recording } from "steadystream/testing"
import { describe, expect, test } from "vitest"

const directory = process.env["STEADYSTREAM_RECORDINGS"] ?? ""

/** Records a provider's stream event by event. */
async function recorded(file: string): Promise<Recording> {
  const text = readFileSync(join(directory, file), "utf8")
  const recorder = record()
  const fetch = recorder.fetch(scriptedFetch([{ chunks: text.match(/[^]*?\n\n/g) ?? [] }]))
  await (await fetch("https://example.com/v1/chat/completions", { method: "POST", body: "{}" })).text()
  return recorder.recording
}

const errors = {
  cut: { name: "SseTruncatedError", code: "truncated" },
  reset: { name: "SseConnectionError", code: "connection" },
  stall: { name: "SseTimeoutError", code: "timeout" },
} as const

/** Reads a recording, and returns the error that ended it and the text so far. */
async function read(recording: Recording, idle?: number) {
  const stream = readChatCompletions(replay(recording, { speed: Infinity }).response(), { timeouts: { idle } })
  let error: unknown
  try {
    for await (const _ of stream);
  } catch (thrown) {
    error = thrown
  }
  return { error, text: stream.snapshot.choices[0]?.content ?? "" }
}

describe.skipIf(directory === "")("a recorded chat", async () => {
  if (directory === "") return
  const recording = await recorded("openai__openai-chat__openai-text.sse")
  const whole = await read(recording)
  const body = Buffer.concat(recording.entries.flatMap((entry) => (entry.type === "chunk" ? [entry.bytes] : [])))
  // A clean end after the finish reason is a whole answer, because some providers send no end mark.
  const finish = body.indexOf("\n\n", body.indexOf('"finish_reason":"stop"'))
  const faults = (["cut", "reset", "stall"] as const).flatMap((end) =>
    [...everyCut(recording, { end })].flatMap((fault) =>
      end === "cut" && fault.byte > finish ? [] : [{ end, ...fault }],
    ),
  )

  test("readChatCompletions() reads the whole recording without an error", () => {
    expect(whole.error).toBeUndefined()
    expect(whole.text.length).toBeGreaterThan(0)
    expect(faults.length).toBeGreaterThanOrEqual(200)
  })

  test.each(faults)("readChatCompletions() reports a $end after $byte bytes", async ({ end, recording: fault }) => {
    const { error, text } = await read(fault, end === "stall" ? 1 : undefined)
    expect(error).toBeInstanceOf(SseError)
    expect(error).toMatchObject(errors[end])
    expect(whole.text.startsWith(text)).toBe(true)
  })

  test("readChatCompletions() never takes a stream that is cut before its finish reason for a whole one", async () => {
    const step = Math.ceil(finish / 200)
    for (let byte = 0; byte < finish; byte += step) {
      const { error } = await read(mutate(recording, { cut: { byte } }))
      expect(error).toMatchObject(errors.cut)
    }
  })
})
