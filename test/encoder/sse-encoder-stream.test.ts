import { describe, expect, test } from "vitest"
import { readEvents, SseEncoderStream, type SseEvent, type SseEventInit } from "steadystream"

function eventStream(...events: SseEventInit[]): ReadableStream<SseEventInit> {
  return new ReadableStream({
    start(controller) {
      for (const event of events) controller.enqueue(event)
      controller.close()
    },
  })
}

describe("SseEncoderStream", () => {
  test("SseEncoderStream turns events into the bytes of an event stream", async () => {
    const body = eventStream({ event: "é", data: "a\nb" }, { comment: "c" }, { id: "1" }).pipeThrough(
      new SseEncoderStream(),
    )
    expect(await new Response(body).text()).toBe("event: é\ndata: a\ndata: b\n\n: c\n\nid: 1\n\n")
  })

  test("SseEncoderStream writes what readEvents() reads back unchanged", async () => {
    const events: SseEvent[] = []
    const body = eventStream({ data: "a" }, { event: "x", id: "1", data: "b" }).pipeThrough(new SseEncoderStream())
    for await (const event of readEvents(body)) events.push(event)
    expect(events).toEqual([
      { event: "message", data: "a", id: undefined, lastEventId: "" },
      { event: "x", data: "b", id: "1", lastEventId: "1" },
    ])
  })

  test("SseEncoderStream fails with the error of encodeEvent(), after the events before it", async () => {
    const reader = eventStream({ data: "a" }, { id: "1\n", data: "b" }).pipeThrough(new SseEncoderStream()).getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: a\n\n")
    await expect(reader.read()).rejects.toMatchObject({ name: "TypeError", code: "invalid-field" })
  })

  test("SseEncoderStream passes cancel and backpressure to the source", async () => {
    let pulled = 0
    let cancelled: unknown
    const source = new ReadableStream<SseEventInit>(
      {
        pull: (controller) => controller.enqueue({ data: String(pulled++) }),
        cancel: (reason) => {
          cancelled = reason
        },
      },
      { highWaterMark: 0 },
    )
    const reader = source.pipeThrough(new SseEncoderStream()).getReader()
    await reader.read()
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(pulled).toBeLessThanOrEqual(3)
    const reason = new Error("enough")
    await reader.cancel(reason)
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(cancelled).toBe(reason)
  })
})
