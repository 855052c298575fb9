import * as fc from "fast-check"
import { readEvents, SseParser, type SseEvent } from "steadystream"
import { everyCut, mutate, replay, type Mutation, type Recording, type RecordingEntry } from "steadystream/testing"
import { expect, test } from "vitest"

type Bytes = Uint8Array<ArrayBuffer>

const url = "https://example.com/"
const encode = (text: string) => new TextEncoder().encode(text)

/** A recording of one response, whose chunks come 10 ms after each other. */
function recordingOf(chunks: readonly Bytes[]): Recording {
  const entries: RecordingEntry[] = [
    { type: "request", at: 0, request: 0, method: "GET", url, headers: {} },
    { type: "response", at: 5, request: 0, status: 200, headers: { "content-type": "text/event-stream" } },
    ...chunks.map((bytes, at) => ({ type: "chunk" as const, at: 15 + 10 * at, request: 0, bytes })),
    { type: "end", at: 20 + 10 * chunks.length, request: 0 },
  ]
  return { version: 1, entries }
}

const chunksOf = ({ entries }: Recording) => entries.flatMap((entry) => (entry.type === "chunk" ? [entry.bytes] : []))
const bodyOf = (recording: Recording) => new Uint8Array(Buffer.concat(chunksOf(recording)))
const lastOf = ({ entries }: Recording) => entries.at(-1)!

const chunks: fc.Arbitrary<Bytes[]> = fc.array(
  fc.uint8Array({ maxLength: 12 }).map((values) => new Uint8Array(values)),
  { minLength: 1, maxLength: 6 },
)
/** A recording with at least one byte, and an offset of a byte in it. */
const places = chunks
  .map(recordingOf)
  .filter((recording) => bodyOf(recording).length > 0)
  .chain((recording) => fc.tuple(fc.constant(recording), fc.nat(bodyOf(recording).length - 1)))

test.each(["cut", "reset", "stall"])("mutate() with %s keeps exactly the bytes before the place", (name) => {
  fc.assert(
    fc.property(places, ([recording, byte]) => {
      const before = structuredClone(recording)
      const mutated = mutate(recording, { [name]: { byte } } as unknown as Mutation)
      const body = bodyOf(recording)
      expect(bodyOf(mutated)).toEqual(body.slice(0, byte))
      // The chunks before the place are the same ones.
      const whole = chunksOf(mutated).slice(0, -1)
      expect(chunksOf(recording).slice(0, whole.length)).toEqual(whole)
      expect(recording).toEqual(before)
    }),
  )
})

test("mutate() ends a body as the name of the mutation says, when its last chunk arrives", () => {
  const recording = recordingOf([encode("ab"), encode("cd")])
  expect(lastOf(mutate(recording, { cut: { byte: 3 } }))).toEqual({ type: "end", at: 25, request: 0 })
  expect(lastOf(mutate(recording, { reset: { byte: 2 } }))).toMatchObject({ type: "error", at: 15, code: "ECONNRESET" })
  expect(lastOf(mutate(recording, { reset: { byte: 0 } }))).toMatchObject({ type: "error", at: 5 })
  expect(lastOf(mutate(recording, { stall: { byte: 3 } }))).toMatchObject({ type: "chunk", at: 25 })
})

test("mutate() with delay moves everything after the place, and keeps the bytes", () => {
  const recording = recordingOf([encode("ab"), encode("cd")])
  const mutated = mutate(recording, { delay: { byte: 3 }, by: 100 })
  expect(mutated.entries.slice(2)).toEqual([
    { type: "chunk", at: 15, request: 0, bytes: encode("ab") },
    { type: "chunk", at: 25, request: 0, bytes: encode("c") },
    { type: "chunk", at: 125, request: 0, bytes: encode("d") },
    { type: "end", at: 140, request: 0 },
  ])
})

test("mutate() with split and merge keeps the bytes, and changes only the chunks", () => {
  fc.assert(
    fc.property(places, fc.integer({ min: 1, max: 5 }), ([recording, byte], size) => {
      const body = bodyOf(recording)
      const split = mutate(recording, { split: { byte } })
      const pieces = mutate(recording, { split: size })
      const merged = mutate(recording, { merge: true })
      for (const mutated of [split, pieces, merged]) {
        expect(bodyOf(mutated)).toEqual(body)
        expect(lastOf(mutated)).toEqual(lastOf(recording))
      }
      const sizes = chunksOf(split).map(({ length }) => length)
      expect(sizes.some((_, at) => sum(sizes.slice(0, at)) === byte)).toBe(true)
      expect(chunksOf(pieces).every(({ length }) => length >= 1 && length <= size)).toBe(true)
      expect(chunksOf(merged)).toHaveLength(1)
    }),
  )
})

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

test("mutate() with corrupt changes exactly the bytes at the place", () => {
  fc.assert(
    fc.property(places, ([recording, byte]) => {
      const body = bodyOf(recording)
      const mutated = mutate(recording, { corrupt: { byte } })
      const expected = body.slice()
      expected[byte] = 255 - expected[byte]!
      expect(bodyOf(mutated)).toEqual(expected)
      expect(chunksOf(mutated).map(({ length }) => length)).toEqual(chunksOf(recording).map(({ length }) => length))
      expect(bodyOf(recording)).toEqual(body)
    }),
  )
})

test("mutate() with corrupt writes the given bytes across chunks", () => {
  const recording = recordingOf([encode("ab"), encode("cd"), encode("ef")])
  const mutated = mutate(recording, { corrupt: { byte: 1 }, bytes: "XYZ" })
  expect(chunksOf(mutated).map((bytes) => new TextDecoder().decode(bytes))).toEqual(["aX", "YZ", "ef"])
})

test.each([
  ["LF", "data: a\n\n: c\n\ndata: b\n\nrest"],
  ["CRLF", "data: a\r\n\r\n: c\r\n\r\ndata: b\r\n\r\nrest"],
  ["CR", "data: a\r\r: c\r\rdata: b\r\rrest"],
  ["a byte order mark", "\ufeffdata: a\n\nid: 7\n\ndata: é\n\nrest"],
  ["mixed line ends", "data: a\r\n\ndata: b\n\r\ndata: c\r\r\nrest"],
])("mutate() finds the place after each event with %s", (_, text) => {
  const body = encode(text)
  for (const size of [1, 2, 3, body.length]) {
    const recording = mutate(recordingOf([body]), { split: size })
    const all = eventsOf(body)
    for (let event = 0; event <= all.length; event++) {
      const kept = bodyOf(mutate(recording, { cut: { event } }))
      expect(eventsOf(kept)).toEqual(all.slice(0, event))
      // The place is the end of the event's last line, and no event begins before it.
      expect(eventsOf(body.slice(kept.length))).toEqual(all.slice(event))
      if (event > 0) expect(eventsOf(kept.slice(0, -1)).length).toBeGreaterThanOrEqual(event - 1)
      expect(body[kept.length]).not.toBe(kept.at(-1) === 13 ? 10 : undefined)
    }
    expect(() => mutate(recording, { cut: { event: all.length + 1 } })).toThrow(RangeError)
  }
})

function eventsOf(body: Uint8Array): SseEvent[] {
  const events: SseEvent[] = []
  const parser = new SseParser({ onEvent: (event) => void events.push({ ...event, lastEventId: "" }) })
  parser.feed(body)
  parser.end()
  return events
}

test("mutate() keeps the entries of other requests, in the order of entries of the same time", () => {
  const entries: RecordingEntry[] = [
    { type: "request", at: 0, request: 0, method: "GET", url, headers: {} },
    { type: "response", at: 0, request: 0, status: 200, headers: {} },
    { type: "state", at: 0, state: "open" },
    { type: "chunk", at: 0, request: 0, bytes: encode("ab") },
    { type: "request", at: 0, request: 1, method: "GET", url, headers: {} },
    { type: "end", at: 0, request: 0 },
    { type: "response", at: 0, request: 1, status: 200, headers: {} },
    { type: "chunk", at: 0, request: 1, bytes: encode("cd") },
    { type: "end", at: 0, request: 1 },
    { type: "state", at: 0, state: "closed" },
  ]
  const recording: Recording = { version: 1, entries }
  const types = (mutation: Mutation, request?: number) =>
    mutate(recording, mutation, { request }).entries.map((entry) => ("request" in entry ? entry.request : entry.type))
  const order = [0, 0, "state", 0, 1, 0, 1, 1, 1, "state"]
  expect(types({ corrupt: { byte: 0 } })).toEqual(order)
  expect(types({ split: 1 })).toEqual([0, 0, "state", 0, 0, 1, 0, 1, 1, 1, "state"])
  expect(types({ reset: { byte: 1 } }, 1)).toEqual(order)
  expect(bodyOf(mutate(recording, { cut: { byte: 0 } }, { request: 1 }))).toEqual(encode("ab"))
})

test("mutate() refuses what is no mutation, and places that are not in the body", () => {
  const recording = recordingOf([encode("ab")])
  const refuse = (mutation: unknown) => () => mutate(recording, mutation as Mutation)
  for (const none of [undefined, null, {}, "cut", { chop: { byte: 0 } }, { cut: { byte: 0 }, merge: true }]) {
    expect(refuse(none)).toThrow(TypeError)
    expect(refuse(none)).toThrow("the mutation must have one of cut, reset")
  }
  expect(refuse({ cut: {} })).toThrow(TypeError)
  expect(refuse({ cut: undefined })).toThrow(TypeError)
  for (const byte of [-1, 3, 0.5, Number.NaN, Infinity]) expect(refuse({ cut: { byte } })).toThrow(RangeError)
  expect(refuse({ corrupt: { byte: 2 } })).toThrow("the body must have byte 2 and 1 bytes after it")
  expect(refuse({ corrupt: { byte: 1 }, bytes: "xy" })).toThrow(RangeError)
  expect(refuse({ delay: { byte: 0 }, by: Infinity })).toThrow('"by" must be finite')
  expect(refuse({ delay: { byte: 0 } })).toThrow(RangeError)
  expect(refuse({ split: 0 })).toThrow(RangeError)
  expect(refuse({ split: 1.5 })).toThrow('"split" must be an integer')
  expect(refuse({ merge: false })).toThrow(TypeError)
  expect(refuse({ corrupt: { byte: 0 }, bytes: 5 })).toThrow('"bytes" must be a string or bytes')
  expect(() => mutate(recording, { merge: true }, { request: 7 })).toThrow("must have a response 7")
})

test("everyCut() cuts after each byte or event, but not at the end", () => {
  const body = encode("data: a\n\ndata: b\n\n")
  const recording = recordingOf([body])
  expect([...everyCut(recording)].map(({ byte }) => byte)).toEqual([0, 9])
  const cuts = [...everyCut(recording, { by: "byte", end: "cut" })]
  expect(cuts.map(({ byte }) => byte)).toEqual(Array.from(body.keys()))
  for (const { byte, recording: cut } of cuts) expect(bodyOf(cut)).toEqual(body.slice(0, byte))
  const unfinished = recordingOf([encode("data: a\n\ndata: b")])
  expect([...everyCut(unfinished)].map(({ byte }) => byte)).toEqual([0, 9])
})

test("everyCut() refuses options that are not valid when it is called", () => {
  const recording = recordingOf([encode("a")])
  expect(() => everyCut(recording, { by: "line" as never })).toThrow('"by" must be "byte" or "event"')
  expect(() => everyCut(recording, { end: "explode" as never })).toThrow(TypeError)
  expect(() => everyCut(recording, { request: 1 })).toThrow(RangeError)
})

/** About 1 MB of events of different lengths, in chunks of different lengths. */
function megabyte(): Recording {
  let text = ""
  for (let id = 0; text.length < 550_000; id++) text += `id: ${id}\ndata: ${"é€😀a".repeat(id % 97)}\n\n`
  const body = encode(text)
  const pieces: Bytes[] = []
  for (let at = 0, size = 1; at < body.length; at += size, size = 1 + ((size * 7_919) % 32_768)) {
    pieces.push(body.slice(at, at + size))
  }
  return recordingOf(pieces)
}

test("replay() of 1 MB has the same bytes, chunks and events", async () => {
  const recording = megabyte()
  const body = bodyOf(recording)
  const { response } = replay(recording, { speed: Infinity })
  const received: Uint8Array[] = []
  for await (const chunk of response().body!) received.push(chunk)
  expect(received).toEqual(chunksOf(recording))
  const events: SseEvent[] = []
  for await (const event of readEvents(response())) events.push({ ...event, lastEventId: "" })
  expect(events).toEqual(eventsOf(body))
})

/** Whether the chunks of a cut are those of the recording up to a byte, without comparing each byte of each cut. */
function expectPrefix(cut: Recording, pieces: readonly Bytes[], byte: number): void {
  let length = 0
  for (const [at, piece] of chunksOf(cut).entries()) {
    const whole = pieces[at]!
    const isShared = piece.buffer === whole.buffer && piece.byteOffset === whole.byteOffset
    if (!isShared || (piece.length !== whole.length && length + piece.length !== byte)) expect(piece).toEqual(whole)
    length += piece.length
  }
  expect(length).toBe(byte)
}

test("everyCut() of 1 MB keeps exactly the bytes before each event, and mutate() those before any byte", () => {
  const recording = megabyte()
  const whole = chunksOf(recording)
  let count = 0
  for (const { byte, recording: cut } of everyCut(recording)) {
    expectPrefix(cut, whole, byte)
    count++
  }
  expect(count).toBe(eventsOf(bodyOf(recording)).length)
  const { length } = bodyOf(recording)
  for (let byte = 0; byte < length; byte += 499) expectPrefix(mutate(recording, { cut: { byte } }), whole, byte)
})

test("replay() of 1 MB that is cut after an event has exactly the events before it", async () => {
  const recording = megabyte()
  const all = eventsOf(bodyOf(recording)).map(({ data }) => data)
  let event = 0
  for (const { recording: cut } of everyCut(recording, { end: "cut" })) {
    // Each reads half of the recording on average, so about 40 of them are read.
    if (event % Math.ceil(all.length / 40) === 0) {
      const read: string[] = []
      for await (const { data } of readEvents(replay(cut, { speed: Infinity }).response())) read.push(data)
      expect(read).toEqual(all.slice(0, event))
    }
    event++
  }
  expect(event).toBe(all.length)
})
