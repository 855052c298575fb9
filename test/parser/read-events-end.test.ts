import { describe, expect, test, vi } from "vitest"
import { readEvents, SseMalformedError, type SseSource } from "steadystream"

const DONE = { done: true, value: undefined }

const utf8 = (text: string) => new TextEncoder().encode(text)

/** A body of the pieces that counts how many were requested. */
function bodyOf(...pieces: Uint8Array[]) {
  let asked = 0
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = pieces[asked++]
        if (piece === undefined) controller.close()
        else controller.enqueue(piece)
      },
    },
    { highWaterMark: 0 },
  )
  return { body, asked: () => asked }
}

describe("readEvents() at the end", () => {
  test("readEvents() yields nothing of a chunk that arrives after return()", async () => {
    let deliver: (result: unknown) => void = () => {}
    const read = () => new Promise((resolve) => (deliver = resolve))
    const source = { getReader: () => ({ read, cancel: () => Promise.resolve() }) } as unknown as SseSource
    const onComment = vi.fn<() => void>()
    const events = readEvents(source, { onComment })
    const waiting = events.next()
    await events.return()
    deliver({ done: false, value: ": late\ndata: late\n\n" })
    expect(await waiting).toEqual(DONE)
    expect(await events.next()).toEqual(DONE)
    expect(onComment).not.toHaveBeenCalled()
  })

  test("readEvents() with fatal rejects if the stream ends in a code point", async () => {
    const events = readEvents([utf8("data: a\n\ndata: é").subarray(0, -1)], { fatal: true })
    expect((await events.next()).value?.data).toBe("a")
    await expect(events.next()).rejects.toThrow(SseMalformedError)
    expect(await events.next()).toEqual(DONE)
  })

  test("readEvents() rejects one call with the reason of an abort while no call waits", async () => {
    const controller = new AbortController()
    const events = readEvents([": silence\n", "", "data: a\n\n", "data: b\n\n"], { signal: controller.signal })
    expect((await events.next()).value?.data).toBe("a")
    controller.abort(new Error("mine"))
    await expect(events.next()).rejects.toThrow("mine")
    expect(await events.next()).toEqual(DONE)
  })

  test("readEvents() does not cancel a source that has ended or failed by itself", async () => {
    const cancel = vi.fn<() => Promise<void>>(() => Promise.resolve())
    for (const read of [() => Promise.resolve(DONE), () => Promise.reject(new Error("broken"))]) {
      const events = readEvents({ getReader: () => ({ read, cancel }) } as unknown as SseSource)
      await events.next().catch(() => {})
      cancel.mockClear()
      await events.return()
      expect(cancel).not.toHaveBeenCalled()
    }
  })

  test("readEvents() reports no failure after the consumer has left", async () => {
    const events = readEvents("data: a\n\ndata: too long\n\n", { maxLineLength: 8 })
    await events.next()
    await events.return()
    expect(await events.next()).toEqual(DONE)
  })

  test("readEvents() reads an iterator without return()", async () => {
    const chunks = ["data: a\n\n", "data: b\n\n"]
    const source: Iterable<string> = {
      [Symbol.iterator]: () => ({ next: () => ({ done: chunks.length === 0, value: chunks.shift()! }) }),
    }
    for await (const event of readEvents(source)) {
      expect(event.data).toBe("a")
      break
    }
    expect(chunks).toEqual(["data: b\n\n"])
  })

  test.each([undefined, null, 1, true, {}, () => "x"])(
    "readEvents() names the accepted sources in its error for %j",
    (source) => {
      expect(() => readEvents(source as never)).toThrow(
        new TypeError(
          "Cannot read event stream: the source must be a Response, a ReadableStream, an iterable or a string",
        ),
      )
    },
  )

  test("readEvents() reports that the connection broke, also after silence and for any error", async () => {
    const unreadable = Object.defineProperty({}, "name", { get: () => expect.unreachable("mine") })
    for (const [reason, message] of [
      [new Error("x"), "the connection broke"],
      [unreadable, "mine"],
    ] as const) {
      for (const silent of [false, true]) {
        let pulls = 0
        const body = new ReadableStream<Uint8Array>({
          pull: (controller) => (silent && pulls++ === 0 ? controller.enqueue(utf8(":\n")) : controller.error(reason)),
        })
        const events = readEvents(new Response(body, { headers: { "content-type": "text/event-stream" } }))
        await expect(events.next()).rejects.toThrow(message)
        expect(await events.next()).toEqual(DONE)
      }
    }
  })

  test("readEvents() yields no events for a 204, whatever else the response has", async () => {
    const response = { status: 204, ok: true, headers: new Headers(), body: bodyOf(utf8("data: a\n\n")).body }
    expect(await readEvents(response as unknown as Response).next()).toEqual(DONE)
  })

  test("readEvents() reports that the connection broke", async () => {
    for (const reason of [new Error("x"), undefined, null]) {
      const body = new ReadableStream({ pull: (controller) => controller.error(reason) })
      const response = new Response(body, { headers: { "content-type": "text/event-stream" } })
      await expect(readEvents(response).next()).rejects.toThrow(
        "Cannot read event stream: the connection broke before its end",
      )
    }
  })
})
