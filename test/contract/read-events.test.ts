import { defineEvents, readEvents, type SseEvent, SseValidationError, text, type } from "steadystream"
import { describe, expect, test, vi } from "vitest"
import { collect } from "./collect.ts"
import { manualSchema, schemaOf, tickSchemas } from "./schemas.ts"

const DONE = { done: true, value: undefined }

/** A stream that stays open, and whether it was cancelled. */
function openStream(start: string): { stream: ReadableStream<string>; cancelled: () => unknown } {
  let reason: unknown = "open"
  const stream = new ReadableStream<string>({
    start: (controller) => controller.enqueue(start),
    cancel(why) {
      reason = why
    },
  })
  return { stream, cancelled: () => reason }
}

/** A contract whose schema answers when the test resolves it. */
function pending() {
  const schema = manualSchema<number>()
  return { schema, events: defineEvents({ tick: schema, log: text() }) }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

test("readEvents() yields the events of a contract in stream order", async () => {
  const events = defineEvents({ ...tickSchemas, message: text() })
  const stream = 'event: zod\ndata: {"at":"1"}\n\ndata: text\n\nevent: arktype\nid: 7\ndata: {"at":"2"}\n\n'
  expect(await collect(readEvents(stream, { events }))).toEqual([
    { event: "zod", data: { at: 1 }, id: undefined, lastEventId: "" },
    { event: "message", data: "text", id: undefined, lastEventId: "" },
    { event: "arktype", data: { at: 2 }, id: "7", lastEventId: "7" },
  ])
})

test("readEvents() with a contract obeys its other options", async () => {
  const comments: string[] = []
  const events = defineEvents({ message: text() })
  const options = { events, lastEventId: "6", onComment: (comment: string) => void comments.push(comment) }
  expect(await collect(readEvents(": c\ndata: 1\n\n", options))).toMatchObject([{ lastEventId: "6" }])
  expect(comments).toEqual(["c"])
  const locked = new Response("")
  locked.body!.getReader()
  expect(() => readEvents(locked, { events })).toThrow(TypeError)
})

test("readEvents() moves the cursor over skipped events", async () => {
  const seen: SseEvent[] = []
  const events = defineEvents(
    { tick: type<number>(), log: text() },
    { unknown: (event) => void seen.push(event), invalid: "skip" },
  )
  const reader = readEvents("event: log\nid: 1\ndata:\n\nid: 2\ndata:\n\nevent: tick\nid: 3\ndata: x\n\nid: 4\n\n", {
    events,
  })
  expect(reader.lastEventId).toBe("")
  await reader.next()
  expect(reader.lastEventId).toBe("1")
  expect(await reader.next()).toEqual(DONE)
  expect(reader.lastEventId).toBe("4")
  expect(seen.map((event) => event.id)).toEqual(["2"])
})

test("readEvents() ends at an invalid event, cancels the source and keeps the cursor before it", async () => {
  const { stream, cancelled } = openStream(
    'event: tick\nid: 1\ndata: 1\n\nevent: tick\nid: 2\ndata: "no\n\nevent: tick\ndata: 3\n\n',
  )
  const reader = readEvents(stream, { events: defineEvents({ tick: type<number>() }) })
  expect(await reader.next()).toMatchObject({ value: { data: 1 } })
  await expect(reader.next()).rejects.toMatchObject({ code: "validation", event: "tick", lastEventId: "2" })
  expect(reader.lastEventId).toBe("1")
  expect(cancelled()).not.toBe("open")
  expect(await reader.next()).toEqual(DONE)
})

test("readEvents() rejects with the error that a policy throws", async () => {
  const reason = new Error("reason")
  const unknown = (): never => {
    throw reason
  }
  await expect(readEvents("data: 1\n\n", { events: defineEvents({}, { unknown }) }).next()).rejects.toBe(reason)
})

test("readEvents() rejects with the source's own error after the events before it", async () => {
  const source = new ReadableStream<string>({
    start: (controller) => controller.enqueue("data: 1\n\n"),
    pull: (controller) => controller.error(new Error("broken")),
  })
  const reader = readEvents(source, { events: defineEvents({ message: type<number>() }) })
  expect(await reader.next()).toMatchObject({ value: { data: 1 } })
  await expect(reader.next()).rejects.toThrow("broken")
  expect(await reader.next()).toEqual(DONE)
})

test("readEvents() skips many unknown events in a row without a deep stack", async () => {
  const stream = `${"event: other\ndata: 1\n\n".repeat(20_000)}data: 2\n\n`
  expect(await collect(readEvents(stream, { events: defineEvents({ message: text() }) }))).toHaveLength(1)
})

describe("readEvents() with an asynchronous schema", () => {
  const stream = "event: tick\nid: 1\ndata: 1\n\nevent: tick\nid: 2\ndata: 2\n\nevent: log\nid: 3\ndata: 3\n\n"

  test("readEvents() validates one event at a time and keeps the order", async () => {
    const delays = [3, 1, 2]
    let running = 0
    const schema = schemaOf(async (value) => {
      expect(++running).toBe(1)
      for (let turn = delays.shift()!; turn > 0; turn--) await settle()
      running--
      return value as number
    })
    const ticks = "data: 1\n\ndata: 2\n\ndata: 3\n\n"
    const read = await collect(readEvents(ticks, { events: defineEvents({ message: schema }) }))
    expect(read.map((event) => event.data)).toEqual([1, 2, 3])
  })

  test("readEvents() answers concurrent calls in order", async () => {
    const { schema, events } = pending()
    const reader = readEvents(stream, { events })
    const order: number[] = []
    const calls = [0, 1, 2, 3].map((call) => reader.next().finally(() => order.push(call)))
    await settle()
    expect(schema.answers).toHaveLength(1)
    schema.answers[0]!()
    await settle()
    schema.answers[1]!()
    expect((await Promise.all(calls)).map((result) => result.value?.data)).toEqual([1, 2, "3", undefined])
    expect(order).toEqual([0, 1, 2, 3])
  })

  test("readEvents() keeps the cursor before an event until the schema has answered", async () => {
    const { schema, events } = pending()
    const reader = readEvents(stream, { events })
    const first = reader.next()
    await settle()
    expect(reader.lastEventId).toBe("")
    schema.answers[0]!()
    await first
    expect(reader.lastEventId).toBe("1")
  })

  test("readEvents().return() ends the waiting calls at once and drops the event", async () => {
    const { schema, events } = pending()
    const { stream: source, cancelled } = openStream(stream)
    const reader = readEvents(source, { events })
    const calls = [reader.next(), reader.next()]
    await settle()
    expect(await reader.return()).toEqual(DONE)
    expect(await Promise.all(calls)).toEqual([DONE, DONE])
    expect(cancelled()).toBeUndefined()
    schema.answers[0]!()
    await settle()
    expect(reader.lastEventId).toBe("")
    expect(await reader.next()).toEqual(DONE)
  })

  test("readEvents().return() ignores a later rejection of the schema", async () => {
    const { schema, events } = pending()
    const reader = readEvents(stream, { events })
    const call = reader.next()
    await settle()
    await reader.return()
    schema.answers[0]!(false)
    await settle()
    expect(await call).toEqual(DONE)
    expect(await reader.next()).toEqual(DONE)
  })

  test("readEvents() rejects the waiting calls with the signal's reason at once", async () => {
    const { schema, events } = pending()
    const { stream: source, cancelled } = openStream(stream)
    const controller = new AbortController()
    const reader = readEvents(source, { events, signal: controller.signal })
    const calls = [reader.next(), reader.next()]
    await settle()
    const reason = new Error("enough")
    controller.abort(reason)
    expect(await Promise.allSettled(calls)).toEqual([
      { status: "rejected", reason },
      { status: "rejected", reason },
    ])
    expect(cancelled()).toBe(reason)
    schema.answers[0]!(false)
    await settle()
    expect(await reader.next()).toEqual(DONE)
    expect(reader.lastEventId).toBe("")
  })

  test("readEvents() leaves no unhandled rejection if an asynchronous schema aborts its signal and rejects", async () => {
    const controller = new AbortController()
    const tick = schemaOf(async () => {
      controller.abort(new Error("mine"))
      throw new Error("late")
    })
    const events = readEvents("event: tick\ndata: 1\n\n", {
      events: defineEvents({ tick }),
      signal: controller.signal,
    })
    await expect(events.next()).rejects.toThrow("mine")
    await new Promise((resolve) => setTimeout(resolve, 0))
  })

  test("readEvents() rejects the call if the signal aborts in a schema", async () => {
    const controller = new AbortController()
    const reason = new Error("enough")
    const schema = schemaOf((value) => {
      controller.abort(reason)
      return value
    })
    const events = defineEvents({ message: schema })
    await expect(readEvents("data: 1\n\n", { events, signal: controller.signal }).next()).rejects.toBe(reason)
  })

  test("readEvents() leaves no listener on the signal after the schema has answered", async () => {
    const { schema, events } = pending()
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, "addEventListener")
    const remove = vi.spyOn(signal, "removeEventListener")
    const reader = readEvents(stream, { events, signal })
    const first = reader.next()
    await settle()
    schema.answers[0]!()
    await first
    await settle()
    await reader.return()
    expect(add).toHaveBeenCalledTimes(1)
    expect(remove).toHaveBeenCalledTimes(1)
  })

  test("readEvents() adds one listener for a hundred readers that wait for their schema", async () => {
    const { schema, events } = pending()
    const controller = new AbortController()
    const add = vi.spyOn(controller.signal, "addEventListener")
    const calls = Array.from({ length: 100 }, () => readEvents(stream, { events, signal: controller.signal }).next())
    await settle()
    expect(schema.answers).toHaveLength(100)
    expect(add).toHaveBeenCalledTimes(1)
    controller.abort(new Error("mine"))
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.every((outcome) => outcome.status === "rejected")).toBe(true)
  })

  test("readEvents() rejects the oldest waiting call for an invalid event and ends the others", async () => {
    const { schema, events } = pending()
    const reader = readEvents(stream, { events })
    const calls = [reader.next(), reader.next()]
    await settle()
    schema.answers[0]!(false)
    const [first, second] = await Promise.allSettled(calls)
    expect(first).toMatchObject({ status: "rejected", reason: expect.any(SseValidationError) as unknown })
    expect(second).toEqual({ status: "fulfilled", value: DONE })
  })
})

test("readEvents().return() ends the calls that wait for the source", async () => {
  const { stream, cancelled } = openStream(": nothing yet\n\n")
  const reader = readEvents(stream, { events: defineEvents({ message: text() }) })
  const calls = [reader.next(), reader.next()]
  await settle()
  expect(await reader.return()).toEqual(DONE)
  expect(await Promise.all(calls)).toEqual([DONE, DONE])
  expect(cancelled()).toBeUndefined()
})

test("readEvents() rejects the calls that wait for the source with the signal's reason", async () => {
  const { stream } = openStream(": nothing yet\n\n")
  const controller = new AbortController()
  const events = defineEvents({ message: text() })
  const reader = readEvents(stream, { events, signal: controller.signal })
  const calls = [reader.next(), reader.next()]
  await settle()
  const reason = new Error("enough")
  controller.abort(reason)
  expect(await Promise.allSettled(calls)).toEqual([
    { status: "rejected", reason },
    { status: "rejected", reason },
  ])
})

test("readEvents() rejects the next call once if the signal aborted between two calls", async () => {
  const controller = new AbortController()
  const events = defineEvents({ message: text() })
  const reader = readEvents("data: 1\n\ndata: 2\n\n", { events, signal: controller.signal })
  await reader.next()
  const reason = new Error("enough")
  controller.abort(reason)
  await expect(reader.next()).rejects.toBe(reason)
  expect(await reader.next()).toEqual(DONE)
})

test("readEvents() cancels the source when the consumer leaves the loop", async () => {
  const { stream, cancelled } = openStream("data: 1\n\ndata: 2\n\n")
  for await (const event of readEvents(stream, { events: defineEvents({ message: type<number>() }) })) {
    expect(event.data).toBe(1)
    break
  }
  expect(cancelled()).toBeUndefined()
})

test("readEvents() keeps the cursor before an event that was being decoded when it was closed", async () => {
  const events = defineEvents({ message: text() })
  let push: (chunk: string) => void = () => {}
  const source: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise((resolve) => (push = (value) => resolve({ done: false, value }))),
    }),
  }
  for (let delay = 0; delay < 12; delay++) {
    const reader = readEvents(source, { events })
    const first = reader.next()
    await settle()
    push("id: 7\ndata: x\n\n")
    for (let microtask = 0; microtask < delay; microtask++) await Promise.resolve()
    await reader.return()
    const { value } = await first
    await settle()
    expect(reader.lastEventId).toBe(value === undefined ? "" : "7")
  }
})
