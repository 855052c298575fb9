import { defineEvents, readEvents, SseConnectionError, SseResponseError, SseTimeoutError, type } from "steadystream"
import { mutate, record, scriptedFetch } from "steadystream/testing"
// oxlint-disable-next-line import/no-unassigned-import -- it adds the matcher
import "steadystream/testing/vitest"
import { describe, expect, test } from "vitest"

const text = "id: 1\ndata: a\n\nevent: end\ndata: b\n\n"
const bytes = new TextEncoder().encode(text)
const response = () => new Response(text, { headers: { "content-type": "text/event-stream" } })

async function recordingOf(chunks: readonly string[]) {
  const recorder = record()
  const fetch = recorder.fetch(scriptedFetch([{ chunks }]))
  await (await fetch("https://example.com/")).text()
  return recorder.recording
}

/** The error of an assertion that must fail. */
async function failureOf(assertion: Promise<void>) {
  const failure = await assertion.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(failure).toBeInstanceOf(Error)
  return failure as Error & { actual: unknown; expected: unknown }
}

async function* broken() {
  yield "data: a\n\n"
  throw new TypeError("terminated")
}

describe("toHaveEvents", () => {
  const sources: [string, () => unknown][] = [
    ["a Response", response],
    ["a promise of a Response", async () => response()],
    ["text", () => text],
    ["bytes", () => bytes],
    ["a stream of bytes", () => response().body],
    ["chunks", () => [text.slice(0, 5), text.slice(5)]],
    ["chunks of bytes", () => [bytes.slice(0, 5), bytes.slice(5)]],
    ["an iterable of events", () => readEvents(text)],
    ["a list of events", () => Array.fromAsync(readEvents(text))],
    ["a recording", () => recordingOf([text.slice(0, 20), text.slice(20)])],
  ]

  test.each(sources)("toHaveEvents reads %s", async (_, source) => {
    await expect(source()).toHaveEvents(["a", { event: "end", data: "b" }])
    await expect(source()).not.toHaveEvents(["a", { event: "end", data: "c" }])
  })

  test("toHaveEvents compares only the members that are named", async () => {
    await expect(text).toHaveEvents([{ id: "1" }, { event: "end", lastEventId: "1" }])
    await expect(text).toHaveEvents([{}, {}])
    await expect(text).not.toHaveEvents([{ id: "1" }, { id: "1" }])
  })

  test("toHaveEvents compares all events, and no events with an empty list", async () => {
    await expect(text).not.toHaveEvents(["a"])
    await expect(text).not.toHaveEvents(["a", "b", "c"])
    await expect("").toHaveEvents([])
    await expect([]).toHaveEvents([])
  })

  test("toHaveEvents compares data that is no string with the JSON of the data", async () => {
    const json = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}],"id":"x"}\n\ndata: [DONE]\n\n'
    await expect(json).toHaveEvents([{ data: { choices: [{ delta: { content: "Hi" } }] } }, "[DONE]"])
    await expect(json).not.toHaveEvents([{ data: { choices: [{ delta: { content: "Ho" } }] } }, "[DONE]"])
    await expect(json).not.toHaveEvents([{ data: { choices: [] } }, "[DONE]"])
    await expect("data: {\n\n").not.toHaveEvents([{ data: {} }])
  })

  test("toHaveEvents compares the values that a contract has read", async () => {
    const events = defineEvents({ price: type<{ cents: number; currency: string }>() })
    const read = readEvents('event: price\ndata: {"cents":5,"currency":"EUR"}\n\n', { events })
    await expect(read).toHaveEvents([{ event: "price", data: { cents: 5 } }])
  })

  test("toHaveEvents accepts the matchers of vitest for an event and for a member", async () => {
    await expect(text).toHaveEvents([{ data: expect.stringMatching(/^a$/) }, expect.objectContaining({ event: "end" })])
    await expect(text).not.toHaveEvents([{ data: expect.stringMatching(/^b$/) }, {}])
    const json = 'data: {"a":1}\n\n'
    await expect(json).toHaveEvents([expect.objectContaining({ data: '{"a":1}' })])
    await expect(json).toHaveEvents([{ data: expect.stringContaining("1") }])
    await expect(json).toHaveEvents([{ data: { a: expect.any(Number) } }])
  })

  test("toHaveEvents fails if the source ends with an error, unless the test expects it", async () => {
    const { message } = await failureOf(expect(broken()).toHaveEvents(["a"]))
    expect(message).toBe("expected 1 event, received 1 event, and then TypeError: terminated")
    await expect(broken()).toHaveEvents(["a"], { error: TypeError })
    await expect(broken()).not.toHaveEvents(["a"], { error: SseTimeoutError })
    await expect(text).not.toHaveEvents(["a", "b"], { error: TypeError })
    await expect(new Response("no", { status: 401 })).toHaveEvents([], { error: SseResponseError })
  })

  test("toHaveEvents shows only the members that were compared, and further events whole", async () => {
    const { message, actual, expected } = await failureOf(expect(text).toHaveEvents([{ id: "2" }]))
    expect(message).toBe("event 1 must be as expected (received 2 events)")
    expect(expected).toEqual([{ id: "2" }])
    expect(actual).toEqual([{ id: "1" }, { event: "end", data: "b", id: undefined, lastEventId: "1" }])
    const missing = await failureOf(expect("data: a\n\n").toHaveEvents(["a", "b"]))
    expect(missing.message).toBe("expected 2 events, received 1 event")
    const failed = await failureOf(expect(text).toHaveEvents(["a", "b"], { error: SseConnectionError }))
    expect(failed.message).toBe("expected 2 events, and then SseConnectionError, received 2 events")
    expect(failed.expected).toEqual([{ data: "a" }, { data: "b" }, { error: "SseConnectionError" }])
  })

  test("toHaveEvents reads the events of every response of a recording, and ignores its errors", async () => {
    const recorder = record()
    const fetch = recorder.fetch(
      scriptedFetch([{ chunks: ["data: a\n\n"], end: "reset" }, { chunks: ["data: b\n\n"] }]),
    )
    for (let turn = 0; turn < 2; turn++) await (await fetch("https://example.com/")).text().catch(() => {})
    await expect(recorder.recording).toHaveEvents(["a", "b"])
    await expect(mutate(recorder.recording, { cut: { byte: 3 } })).toHaveEvents(["b"])
  })

  test.each([[5], [null], [{}], [[1]], [[{ event: "a" }]]])("toHaveEvents refuses %j", async (received) => {
    const { message } = await failureOf(expect(received).toHaveEvents([]))
    expect(message).toMatch(/^Cannot compare events: the received value must be a Response/)
  })

  test("toHaveEvents refuses arguments of a wrong kind", async () => {
    const list = await failureOf(expect(text).toHaveEvents("a" as never))
    expect(list.message).toBe('Cannot compare events: "expected" must be an array')
    const options = await failureOf(expect(text).toHaveEvents([], { error: "timeout" as never }))
    expect(options.message).toContain('"error" must be a function')
    for (const item of [null, undefined, 5, []]) {
      const { message } = await failureOf(expect(text).toHaveEvents(["a", item as never]))
      expect(message).toBe('Cannot compare events: item 1 of "expected" must be a string or an object')
    }
  })

  test("toHaveEvents ends an iterable that it does not read to the end", async () => {
    let isEnded = false
    async function* items() {
      try {
        yield new TextEncoder().encode("data: a\n\n")
        yield 5
      } finally {
        isEnded = true
      }
    }
    await failureOf(expect(items()).toHaveEvents(["a"]))
    expect(isEnded).toBe(true)
  })
})
