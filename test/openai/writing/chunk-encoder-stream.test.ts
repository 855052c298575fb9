import { describe, expect, test } from "vitest"
import { ChunkEncoderStream } from "steadystream/openai"
import { ManualClock } from "steadystream/testing"
import { nextText, settle, textOf } from "./stream-reading.ts"
import { silenceReports } from "../../support/silence-reports.ts"

silenceReports()

function streamOf(items: object[], failure?: Error): ReadableStream<object> {
  return new ReadableStream<object>(
    {
      pull(controller) {
        const item = items.shift()
        if (item !== undefined) controller.enqueue(item)
        else if (failure === undefined) controller.close()
        else controller.error(failure)
      },
    },
    { highWaterMark: 0 },
  )
}

describe("ChunkEncoderStream", () => {
  test("ChunkEncoderStream writes chunks and the end mark in a pipe", async () => {
    const body = streamOf([{ n: 1 }, { n: 2 }]).pipeThrough(new ChunkEncoderStream())
    expect(await textOf(body)).toBe('data: {"n":1}\n\ndata: {"n":2}\n\ndata: [DONE]\n\n')
  })

  test("ChunkEncoderStream writes the Responses dialect", async () => {
    const body = streamOf([{ type: "response.created" }]).pipeThrough(new ChunkEncoderStream({ dialect: "responses" }))
    expect(await textOf(body)).toBe(
      'event: response.created\ndata: {"type":"response.created","sequence_number":0}\n\n',
    )
  })

  test("ChunkEncoderStream ends with an error event and no end mark if the pipe's source fails", async () => {
    const errors: unknown[] = []
    const failure = new Error("secret")
    const stream = new ChunkEncoderStream({ onError: (error) => void errors.push(error) })
    const text = await textOf(streamOf([{ n: 1 }], failure).pipeThrough(stream))
    expect(text).toContain('data: {"n":1}\n\ndata: {"error":')
    expect(text).not.toMatch(/secret|DONE/)
    expect(errors).toEqual([failure])
  })

  test("ChunkEncoderStream errors its writable side when its readable side is cancelled", async () => {
    const { readable, writable } = new ChunkEncoderStream()
    const writer = writable.getWriter()
    const reader = readable.getReader()
    const first = writer.write({ n: 1 })
    expect(await nextText(reader)).toBe('data: {"n":1}\n\n')
    await first
    const second = writer.write({ n: 2 })
    const reason = new Error("left")
    await reader.cancel(reason)
    await second
    await expect(writer.closed).rejects.toBe(reason)
    await expect(writer.write({ n: 3 })).rejects.toBe(reason)
  })

  test("ChunkEncoderStream errors its writable side when a chunk cannot be written", async () => {
    const { readable, writable } = new ChunkEncoderStream()
    const writer = writable.getWriter()
    writer.write({ n: 1n }).catch(() => {})
    expect(await textOf(readable)).toContain("internal_error")
    await expect(writer.closed).rejects.toThrow(TypeError)
  })

  test("ChunkEncoderStream applies the reader's backpressure to the writer", async () => {
    const { readable, writable } = new ChunkEncoderStream()
    const writer = writable.getWriter()
    let written = 0
    for (let n = 1; n <= 3; n++) void writer.write({ n }).then(() => written++)
    await settle()
    expect(written).toBe(0)
    expect(writer.desiredSize).toBeLessThanOrEqual(0)
    const reader = readable.getReader()
    for (let n = 1; n <= 3; n++) {
      expect(await nextText(reader)).toBe(`data: {"n":${n}}\n\n`)
      await settle()
      expect(written).toBe(n)
    }
  })

  test("ChunkEncoderStream keeps a silent connection open", async () => {
    const clock = new ManualClock()
    const reader = new ChunkEncoderStream({ keepAlive: 500, clock }).readable.getReader()
    const text = nextText(reader)
    await clock.advance(500)
    expect(await text).toBe(": keep-alive\n\n")
    await reader.cancel()
    expect(clock.pendingTimers).toBe(0)
  })
})
