import * as fc from "fast-check"
import { everyCut, mutate, type Recording, type RecordingEntry } from "steadystream/testing"
import { describe, expect, test } from "vitest"
import { type Block, blocksOf } from "../../demo/page/inspector/blocks.ts"
import { modelOf } from "../../demo/page/inspector/model.ts"
import { chunksOf, gapsOf, piecesOf } from "../../demo/page/inspector/relations.ts"

const encode = (text: string) => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const BODY = "\uFEFFid: 1\r\ndata: a€\r\n\r\n: beat\n\n\nretry: 5\n\ndata: b\r\revent: error\ndata: c\n\ndata: d"
/** The blocks without the chunks that completed them. */
const withoutChunks = (blocks: readonly Block[]) => blocks.map((block) => ({ ...block, chunk: 0 }))
const KINDS = ["event", "comment", "blank", "control", "event", "event", "incomplete"]

/** A recording of one request, whose chunks arrive 10 ms apart. */
function recordingOf(chunks: readonly Uint8Array[], type = "text/event-stream"): Recording {
  const entries: RecordingEntry[] = [
    { type: "request", at: 0, request: 0, method: "GET", url: "/stream", headers: {} },
    { type: "response", at: 5, request: 0, status: 200, headers: { "content-type": type } },
    ...chunks.map((bytes, index) => ({
      type: "chunk" as const,
      at: 10 * (index + 1),
      request: 0,
      bytes: new Uint8Array(bytes),
    })),
    { type: "end", at: 10 * (chunks.length + 1), request: 0 },
  ]
  return { version: 1, entries }
}

describe("blocksOf", () => {
  test("blocksOf assigns each byte to the block that it belongs to", () => {
    const blocks = blocksOf([encode(BODY)], true)
    expect(blocks.map(({ kind }) => kind)).toEqual(KINDS)
    const texts = blocks.map(({ from, to }) =>
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(encode(BODY).subarray(from, to)),
    )
    expect(texts.join("")).toBe(BODY)
    expect(texts[0]).toBe("\uFEFFid: 1\r\ndata: a€\r\n\r\n")
    expect(texts.slice(1, 5)).toEqual([": beat\n\n", "\n", "retry: 5\n\n", "data: b\r\r"])
    expect(blocks[0]).toMatchObject({ event: "message", id: "1", data: "a€" })
    expect(blocks[1]!.data).toBe("beat")
    expect(blocks[5]).toMatchObject({ event: "error", data: "c" })
    expect(blocks[6]!.data).toBe("data: d")
  })

  test("blocksOf returns the same byte ranges and events at every cut of the body", () => {
    const bytes = encode(BODY)
    const whole = withoutChunks(blocksOf([bytes], true))
    for (let cut = 1; cut < bytes.length; cut++) {
      const blocks = blocksOf([bytes.subarray(0, cut), bytes.subarray(cut)], true)
      expect(withoutChunks(blocks)).toEqual(whole)
      // An event is known with the chunk of its blank line.
      for (const { kind, to, chunk } of blocks) {
        if (kind !== "incomplete" && to !== cut + 1) expect(chunk, `cut ${cut}`).toBe(to <= cut ? 0 : 1)
      }
    }
  })

  test("blocksOf knows an event at the CR of a CRLF that is cut, whose LF belongs to the event", () => {
    const [first, second] = blocksOf([encode("data: a\r\n\r"), encode("\ndata: b\r\n\r\n")], true)
    expect(first).toMatchObject({ from: 0, to: 11, chunk: 0, data: "a" })
    expect(second).toMatchObject({ from: 11, to: 22, chunk: 1, data: "b" })
  })

  test("blocksOf ends a block at a blank line after the byte order mark", () => {
    expect(blocksOf([encode("\uFEFF\ndata: a\n\n")], true).map(({ kind, to }) => [kind, to])).toEqual([
      ["blank", 4],
      ["event", 13],
    ])
  })

  test("blocksOf returns one block for a body that is no event stream", () => {
    const chunks = [encode('{"error":\n\n'), encode('"busy"}')]
    expect(blocksOf(chunks, false)).toEqual([
      { kind: "body", from: 0, to: 18, chunk: 1, event: "", id: undefined, data: '{"error":\n\n"busy"}' },
    ])
  })

  test("blocksOf assigns every byte of any body to exactly one block", () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 6 })
    const lines = fc.array(fc.constantFrom("data: x", ":c", "\r", "\n", "\r\n", "\uFEFF", "id: 1").map(encode), {
      maxLength: 20,
    })
    fc.assert(
      fc.property(fc.oneof(bodies, lines), (chunks) => {
        const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
        const blocks = blocksOf(chunks, true)
        expect(blocks.map(({ from }) => from)).toEqual([0, ...blocks.map(({ to }) => to)].slice(0, blocks.length))
        expect(blocks.at(-1)?.to ?? 0).toBe(length)
      }),
    )
  })
})

describe("modelOf", () => {
  const chunks = [encode("data: a\n\nda"), encode("ta: b"), encode("\n\ndata: c\n\n")]

  test("modelOf ties an event to the chunks that hold its bytes, and a chunk to its events", () => {
    const apart = modelOf(recordingOf([encode("data: a\n\n"), encode("data: b\n\n")])).lanes[0]!
    expect([0, 1].map((block) => chunksOf(apart, block))).toEqual([[0], [1]])
    const { lanes, marks, duration } = modelOf(recordingOf(chunks))
    const [lane] = lanes
    expect(duration).toBe(40)
    expect([0, 1, 2].map((block) => chunksOf(lane!, block))).toEqual([[0], [0, 1, 2], [2]])
    expect(
      lane!.chunks.map((chunk) => piecesOf(chunk, lane!.blocks).map(({ block, bytes }) => [block, decode(bytes)])),
    ).toEqual([
      [
        [0, "data: a\n\n"],
        [1, "da"],
      ],
      [[1, "ta: b"]],
      [
        [1, "\n\n"],
        [2, "data: c\n\n"],
      ],
    ])
    expect(marks.map(({ kind, at }) => `${kind} ${at}`)).toEqual([
      "request 0",
      "response 5",
      "chunk 10",
      "event 10",
      "chunk 20",
      "chunk 30",
      "event 30",
      "event 30",
      "end 40",
    ])
    expect(marks.map(({ index }) => index)).toEqual(marks.map((_, index) => index))
  })

  test("modelOf joins the pieces of every chunk to the body, at every cut", () => {
    for (const { recording } of everyCut(recordingOf([encode(BODY)]), { by: "byte" })) {
      for (const split of [recording, mutate(recording, { split: 2 })]) {
        const [lane] = modelOf(split).lanes
        const pieces = lane!.chunks.map((chunk) => piecesOf(chunk, lane!.blocks).flatMap(({ bytes }) => [...bytes]))
        expect(pieces).toEqual(lane!.chunks.map(({ bytes }) => [...bytes]))
      }
    }
  })

  test("modelOf returns a lane for each request, and the states and retries beside them", () => {
    const text = (at: number, request: number, data: string): RecordingEntry => ({
      type: "chunk",
      at,
      request,
      bytes: encode(`data: ${data}\n\n`),
    })
    const { lanes, states, marks } = modelOf({
      version: 1,
      entries: [
        { type: "state", at: 0, state: "connecting" },
        { type: "request", at: 1, request: 0, method: "GET", url: "/a", headers: {} },
        { type: "request", at: 2, request: 7, method: "GET", url: "/b", headers: {} },
        { type: "response", at: 3, request: 7, status: 503, headers: { "content-type": "application/json" } },
        { type: "response", at: 4, request: 0, status: 200, headers: {} },
        { type: "state", at: 4, state: "open" },
        text(5, 7, "no event"),
        text(6, 0, "first"),
        { type: "error", at: 7, request: 0, name: "TypeError", code: "ECONNRESET" },
        { type: "state", at: 8, state: "waiting" },
        { type: "retry", at: 8, attempt: 1, delay: 20, name: "SseConnectionError", code: "connection" },
        { type: "request", at: 28, request: 8, method: "GET", url: "/a", headers: {} },
      ],
    })
    expect(lanes.map(({ title, status, outcome, end }) => [title, status, outcome, end])).toEqual([
      ["GET /a", 200, "error", 7],
      ["GET /b", 503, undefined, 28],
      ["GET /a", undefined, undefined, 28],
    ])
    expect(lanes[1]!.blocks.map(({ kind }) => kind)).toEqual(["body"])
    expect(states).toEqual([
      { lane: -1, state: "connecting", from: 0, to: 4 },
      { lane: -1, state: "open", from: 4, to: 8 },
      { lane: -1, state: "waiting", from: 8, to: 28 },
    ])
    expect(marks.filter(({ isError }) => isError).map(({ kind, lane }) => [kind, lane])).toEqual([
      ["response", 1],
      ["event", 1],
      ["error", 0],
      ["retry", -1],
    ])
    expect(marks.find(({ kind }) => kind === "retry")!.text).toBe("1: in 20 ms, after SseConnectionError connection")
  })

  test("modelOf returns a lane of states for each subscription", () => {
    const { states, subscriptions, marks } = modelOf({
      version: 1,
      entries: [
        { type: "request", at: 1, request: 0, method: "GET", url: "/a", headers: {} },
        { type: "request", at: 2, request: 1, method: "GET", url: "/b", headers: {} },
        { type: "state", at: 3, state: "open", subscription: 1 },
        { type: "state", at: 4, state: "open" },
        { type: "failure", at: 5, name: "SseRetryError", subscription: 1 },
        { type: "state", at: 6, state: "closed", subscription: 1 },
      ],
    })
    expect(subscriptions).toBe(2)
    expect(states).toEqual([
      { lane: -1, state: "connecting", from: 1, to: 4 },
      { lane: -1, state: "open", from: 4, to: 6 },
      { lane: -2, state: "connecting", from: 2, to: 3 },
      { lane: -2, state: "open", from: 3, to: 6 },
      { lane: -2, state: "closed", from: 6, to: 6 },
    ])
    expect(marks.find(({ kind }) => kind === "failure")!.lane).toBe(-2)
  })

  test("modelOf finds the events that report an error, and those that were cut off", () => {
    const events = [
      'data: {"error":{"message":"busy"}}\n\n',
      'data: {"error":null}\n\n',
      "event: error\ndata: x\n\n",
      "data: cut",
    ]
    const { marks } = modelOf(recordingOf(events.map(encode)))
    expect(marks.filter(({ kind }) => kind === "event").map(({ isError }) => isError)).toEqual([
      true,
      false,
      true,
      true,
    ])
  })

  test("modelOf returns an empty model for a recording without entries", () => {
    const empty = { duration: 0, lanes: [], subscriptions: 0, states: [], marks: [] }
    expect(modelOf({ version: 1, entries: [] })).toEqual(empty)
  })

  test("gapsOf returns the long times without a byte, also before the head and the end", () => {
    const [lane] = modelOf(recordingOf(chunks)).lanes
    expect(gapsOf(lane!, 40, 0.2)).toEqual([
      { from: 10, to: 20 },
      { from: 20, to: 30 },
      { from: 30, to: 40 },
    ])
    expect(gapsOf(lane!, 40, 0.5)).toEqual([])
  })
})
