import { describe, expect, test, vi } from "vitest"
import { readEvents, SseConnectionError, SseLimitError } from "steadystream"
import { getEventListeners } from "node:events"

const DONE = { done: true, value: undefined }

/** A stream that the test writes, and the same stream as the body of a response. */
function byHand() {
  let controller!: ReadableStreamDefaultController<Uint8Array>
  let cancelled: unknown
  const stream = new ReadableStream<Uint8Array>({
    start: (own) => void (controller = own),
    cancel: (reason) => void (cancelled = reason),
  })
  const response = new Response(stream as BodyInit, { headers: { "content-type": "text/event-stream" } })
  const encoder = new TextEncoder()
  return {
    response,
    write: (text: string) => controller.enqueue(encoder.encode(text)),
    close: () => controller.close(),
    fail: (reason: unknown) => controller.error(reason),
    cancelledWith: () => cancelled,
  }
}

const data = (result: IteratorResult<{ data: string }, undefined>) =>
  result.done === true ? "done" : result.value.data

describe("readEvents() with waiting calls", () => {
  test("readEvents() answers calls in order, also across chunks without an event", async () => {
    const { response, write, close } = byHand()
    const events = readEvents(response)
    const calls = [events.next(), events.next(), events.next(), events.next()]
    write(": nothing\n\n")
    write("data: 1\n")
    write("\ndata: 2\n\ndata: 3\n\n")
    close()
    expect((await Promise.all(calls)).map(data)).toEqual(["1", "2", "3", "done"])
    expect(data(await events.next())).toBe("done")
  })

  test("readEvents() answers a call that was made while another waited after that one", async () => {
    const { response, write } = byHand()
    const events = readEvents(response)
    const order: string[] = []
    const first = events.next().then((result) => order.push(data(result)))
    const second = events.next().then((result) => order.push(data(result)))
    write("data: 1\n\n")
    await first
    const third = events.next().then((result) => order.push(data(result)))
    write("data: 2\n\ndata: 3\n\n")
    await Promise.all([second, third])
    expect(order).toEqual(["1", "2", "3"])
  })

  test("readEvents() rejects every waiting call with the reason of the abort", async () => {
    const { response, cancelledWith } = byHand()
    const stop = new AbortController()
    const events = readEvents(response, { signal: stop.signal })
    const calls = [events.next(), events.next()]
    const reason = new Error("enough")
    stop.abort(reason)
    expect((await Promise.allSettled(calls)).map((call) => call.status === "rejected" && call.reason)).toEqual([
      reason,
      reason,
    ])
    expect(cancelledWith()).toBe(reason)
    expect(data(await events.next())).toBe("done")
  })

  test("readEvents() ends every waiting call at return()", async () => {
    const { response } = byHand()
    const events = readEvents(response)
    const calls = [events.next(), events.next()]
    await events.return()
    expect((await Promise.all(calls)).map(data)).toEqual(["done", "done"])
  })

  test("readEvents() rejects the waiting call when a body breaks, and ends the next call", async () => {
    const { response, fail } = byHand()
    const events = readEvents(response)
    const call = events.next()
    const cause = new TypeError("terminated")
    fail(cause)
    await expect(call).rejects.toThrow(SseConnectionError)
    await expect(call).rejects.toHaveProperty("cause", cause)
    expect(data(await events.next())).toBe("done")
  })

  test("readEvents() keeps the cursor of the last event that was taken", async () => {
    const { response, write } = byHand()
    const events = readEvents(response)
    const call = events.next()
    write("id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n\n")
    await call
    expect(events.lastEventId).toBe("1")
    await events.next()
    expect(events.lastEventId).toBe("3")
  })
})

describe("readEvents() at scale", () => {
  test("readEvents() adds one listener to a signal for a thousand readers, and leaves none after them", async () => {
    const controller = new AbortController()
    const add = vi.spyOn(controller.signal, "addEventListener")
    const remove = vi.spyOn(controller.signal, "removeEventListener")
    const open = () => readEvents(new ReadableStream<string>(), { signal: controller.signal })
    const readers = Array.from({ length: 1000 }, open)
    expect(add).toHaveBeenCalledTimes(1)
    await Promise.all(readers.slice(1).map((events) => events.return()))
    expect(remove).not.toHaveBeenCalled()
    const last = readers[0]!.next()
    controller.abort(new Error("mine"))
    await expect(last).rejects.toThrow("mine")
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0)
  })

  test("readEvents() answers 100,000 concurrent calls in order", async () => {
    const events = readEvents([Array.from({ length: 100_000 }, (_, n) => `data: ${n}\n\n`).join("")])
    const results = await Promise.all(Array.from({ length: 100_000 }, () => events.next()))
    expect(results.every(({ value }, n) => value?.data === `${n}`)).toBe(true)
  })

  test("readEvents() drops what is queued before a failure when the signal aborts", async () => {
    const controller = new AbortController()
    const { signal } = controller
    const events = readEvents("data: 1\n\ndata: 2\n\ndata: too long", { signal, maxLineLength: 8 })
    expect((await events.next()).value?.data).toBe("1")
    controller.abort(new Error("mine"))
    await expect(events.next()).rejects.toThrow("mine")
    expect(await events.next()).toEqual(DONE)
    expect(getEventListeners(signal, "abort")).toHaveLength(0)
    const whole = readEvents("data: 1\n\ndata: too long", { signal: new AbortController().signal, maxLineLength: 8 })
    await whole.next()
    await expect(whole.next()).rejects.toThrow(SseLimitError)
  })
})
