import { describe, expect, test } from "vitest"
import { readEvents, type SseEventIterator } from "steadystream"

const DONE = { done: true, value: undefined }

describe("readEvents() closed in a handler", () => {
  const stream = ": now\nid: 7\ndata: 1\n\n: then\ndata: 2\n\n"

  test("readEvents() yields nothing after return() in a handler, and keeps the cursor", async () => {
    const comments: string[] = []
    const events: SseEventIterator = readEvents(stream, {
      onComment(text) {
        comments.push(text)
        void events.return()
      },
    })
    expect(await events.next()).toEqual(DONE)
    expect(await events.next()).toEqual(DONE)
    expect(events.lastEventId).toBe("")
    expect(comments).toEqual(["now"])
  })

  test("readEvents() yields nothing after an abort in a handler, and keeps the cursor", async () => {
    const controller = new AbortController()
    const onComment = () => controller.abort(new Error("mine"))
    const events = readEvents(stream, { signal: controller.signal, onComment })
    await expect(events.next()).rejects.toThrow("mine")
    expect(await events.next()).toEqual(DONE)
    expect(events.lastEventId).toBe("")
  })

  test("readEvents() keeps the cursor before an event that a later handler of its chunk drops", async () => {
    const controller = new AbortController()
    const onComment = (text: string) => text === "then" && controller.abort(new Error("mine"))
    const events = readEvents(stream, { signal: controller.signal, onComment })
    await expect(events.next()).rejects.toThrow("mine")
    expect(events.lastEventId).toBe("")
  })

  test("readEvents() has ended for a handler that closes it and throws", async () => {
    const events: SseEventIterator = readEvents(stream, {
      onComment() {
        void events.return()
        throw new Error("late")
      },
    })
    expect(await events.next()).toEqual(DONE)
    expect(await events.next()).toEqual(DONE)
  })
})
