import { connect } from "node:net"
import * as fc from "fast-check"
import {
  formatRecording,
  ManualClock,
  parseRecording,
  record,
  replay,
  scriptedFetch,
  type Recording,
  startReplayServer,
  type RecordingEntry,
} from "steadystream/testing"
import { expect, onTestFinished, test, vi } from "vitest"

const url = "https://example.com/"

const head = [
  { type: "request", at: 0, request: 0, method: "GET", url, headers: {} },
  { type: "response", at: 5, request: 0, status: 200, headers: { "content-type": "text/event-stream" } },
] as const

/** Recordings of one request, with any bytes, times and ends. */
const recordings: fc.Arbitrary<Recording> = fc
  .record({
    chunks: fc.array(fc.record({ bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }), wait: fc.nat(50) }), {
      maxLength: 8,
    }),
    end: fc.constantFrom("end" as const, "error" as const),
    name: fc.constantFrom("TypeError", "Error", "SocketError"),
  })
  .map(({ chunks, end, name }) => {
    let at = 5
    const entries: RecordingEntry[] = chunks.map(({ bytes, wait }) => ({
      at: (at += wait),
      type: "chunk",
      request: 0,
      bytes: new Uint8Array(bytes),
    }))
    at += 1
    const last: RecordingEntry =
      end === "end" ? { at, type: "end", request: 0 } : { at, type: "error", request: 0, name, code: "ECONNRESET" }
    return { version: 1, entries: [...head, ...entries, last] }
  })

test("record() of a replay is the recording, with its chunks and times", async () => {
  await fc.assert(
    fc.asyncProperty(recordings, async (recording) => {
      const clock = new ManualClock()
      const recorder = record({ clock })
      const fetch = recorder.fetch(replay(recording, { clock }).fetch)
      const read = fetch(url).then((response) => response.arrayBuffer().catch(() => {}))
      await clock.runUntil(read)
      expect(recorder.recording).toEqual(recording)
      expect(parseRecording(formatRecording(recording))).toEqual(recording)
    }),
  )
})

test("replay() at once waits for nothing", async () => {
  const recorder = record()
  const fetch = recorder.fetch(scriptedFetch([{ chunks: ["data: a\n\n", "data: b\n\n"] }]))
  expect(await (await fetch(url)).text()).toBe("data: a\n\ndata: b\n\n")
  const clock = new ManualClock()
  expect(await replay(recorder.recording, { clock, speed: Infinity }).response().text()).toBe("data: a\n\ndata: b\n\n")
  expect(clock.now()).toBe(0)
})

type End = "end" | "error" | "cancel" | "AbortError" | undefined

/** A recording of a response whose chunks come after 10, 20, … ms, and whose end comes 10 ms later. */
function recordingOf(texts: readonly string[], end: End, members: object = {}): Recording {
  const at = 10 * (texts.length + 1)
  const last: Record<string, RecordingEntry> = {
    end: { type: "end", at, request: 0 },
    error: { type: "error", at, request: 0, name: "TypeError", code: "ECONNRESET" },
    cancel: { type: "cancel", at, request: 0 },
    AbortError: { type: "error", at, request: 0, name: "AbortError" },
  }
  const chunks: RecordingEntry[] = texts.map((text, index) => {
    return { type: "chunk", at: 10 * (index + 1), request: 0, bytes: new TextEncoder().encode(text) }
  })
  const response: RecordingEntry = { type: "response", at: 0, request: 0, status: 200, headers: {}, ...members }
  return { version: 1, entries: [response, ...chunks, ...(end === undefined ? [] : [last[end]!])] }
}

/** Reads a body, and returns what came and when. */
async function timeline(response: Response, clock: ManualClock, readerDelay = 0): Promise<(string | number)[][]> {
  const reader = response.body!.getReader()
  const line: (string | number)[][] = []
  for (;;) {
    const { done, value } = await reader.read()
    line.push([clock.now(), done ? "end" : new TextDecoder().decode(value)])
    if (done) return line
    if (readerDelay > 0) await new Promise<void>((resolve) => void clock.setTimeout(resolve, readerDelay))
  }
}

test.each([
  [1, [10, 20, 30]],
  [0.5, [20, 40, 60]],
  [10, [1, 2, 3]],
  [Infinity, [0, 0, 0]],
])("replay() keeps the recorded times at speed %d", async (speed, times) => {
  const clock = new ManualClock()
  const response = replay(recordingOf(["a", "b"], "end"), { clock, speed }).response()
  expect(await clock.runUntil(timeline(response, clock))).toEqual([
    [times[0], "a"],
    [times[1], "b"],
    [times[2], "end"],
  ])
  expect(clock.pendingTimers).toBe(0)
})

test("replay() does not add up the times of a slow reader", async () => {
  const clock = new ManualClock()
  const response = replay(recordingOf(["a", "b", "c", "d"], "end"), { clock }).response()
  const line = await clock.runUntil(timeline(response, clock, 15))
  expect(line.map(([at]) => at)).toEqual([10, 25, 40, 55, 70])
})

test.each<End>(["cancel", "AbortError", undefined])("replay() keeps a body open that ends with %s", async (end) => {
  const clock = new ManualClock()
  for (const speed of [1, Infinity]) {
    const reader = replay(recordingOf(["a"], end), { clock, speed })
      .response()
      .body!.getReader()
    await clock.runUntil(reader.read())
    let isSettled = false
    const waiting = reader.read().then(() => (isSettled = true))
    await clock.advance(100_000_000)
    expect(isSettled).toBe(false)
    expect(clock.pendingTimers).toBe(0)
    await reader.cancel()
    await waiting
  }
})

test("replay() fails a body that broke with the recorded code", async () => {
  const response = replay(recordingOf(["a"], "error"), { speed: Infinity }).response()
  const error = await response.text().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(TypeError)
  expect((error as Error).cause).toMatchObject({ code: "ECONNRESET" })
})

test("replay() stops its timer when the reader cancels", async () => {
  const clock = new ManualClock()
  const reader = replay(recordingOf(["a"], "end"), { clock })
    .response()
    .body!.getReader()
  const waiting = reader.read()
  await clock.advance(0)
  expect(clock.pendingTimers).toBe(1)
  await reader.cancel()
  expect(await waiting).toEqual({ done: true, value: undefined })
  expect(clock.pendingTimers).toBe(0)
})

test("replay() rejects a request that is aborted, before and after its head", async () => {
  const clock = new ManualClock()
  const entries: RecordingEntry[] = [
    { type: "request", at: 0, request: 0, method: "GET", url, headers: {} },
    { type: "response", at: 10, request: 0, status: 200, headers: {} },
    { type: "chunk", at: 10, request: 0, bytes: new Uint8Array(1) },
    { type: "chunk", at: 10, request: 0, bytes: new Uint8Array(1) },
  ]
  const recording: Recording = { version: 1, entries }
  const reason = new Error("enough")
  const aborted = AbortSignal.abort(reason)
  await expect(replay(recording, { clock }).fetch(url, { signal: aborted })).rejects.toBe(reason)
  await expect(replay(recording, { clock }).fetch(new Request(url, { signal: aborted }))).rejects.toBe(reason)

  const early = new AbortController()
  const waiting = replay(recording, { clock }).fetch(url, { signal: early.signal })
  early.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  expect(clock.pendingTimers).toBe(0)

  const late = new AbortController()
  const response = await clock.runUntil(replay(recording, { clock }).fetch(url, { signal: late.signal }))
  const reader = response.body!.getReader()
  await reader.read()
  late.abort(reason)
  // Not the second chunk, which was due.
  await expect(reader.read()).rejects.toBe(reason)
})

test("replay() rejects a request that failed, and waits for one that was stopped", async () => {
  const request: RecordingEntry = { type: "request", at: 0, request: 0, method: "GET", url, headers: {} }
  const error: RecordingEntry = { type: "error", at: 5, request: 0, name: "TypeError", code: "ECONNREFUSED" }
  const failed: Recording = { version: 1, entries: [request, error] }
  await expect(replay(failed, { speed: Infinity }).fetch(url)).rejects.toMatchObject({
    cause: { code: "ECONNREFUSED" },
  })
  const stopped: Recording = { version: 1, entries: [request, { type: "cancel", at: 5, request: 0 }] }
  const abort = new AbortController()
  const waiting = replay(stopped, { speed: Infinity }).fetch(url, { signal: abort.signal })
  abort.abort()
  await expect(waiting).rejects.toThrow("aborted")
})

test("replay() answers in order, and every further request with the last response", async () => {
  const entries = ["a", "b"].flatMap((text, request): RecordingEntry[] => [
    { type: "response", at: 0, request, status: 200, headers: {} },
    { type: "chunk", at: 0, request, bytes: new TextEncoder().encode(text) },
    { type: "end", at: 0, request },
  ])
  const { fetch, response } = replay({ version: 1, entries })
  const texts = []
  for (let count = 0; count < 3; count++) texts.push(await (await fetch(url)).text())
  expect(texts).toEqual(["a", "b", "b"])
  expect(await response(1).text()).toBe("b")
  expect(() => response(2)).toThrow("Cannot replay: the recording must have a response 2")
})

test("replay() follows a redirect to the next response, as the redirect of the request says", async () => {
  const entries: RecordingEntry[] = [
    { type: "response", at: 0, request: 0, status: 307, headers: { location: "/next" } },
    { type: "end", at: 0, request: 0 },
    { type: "response", at: 0, request: 1, status: 200, headers: {} },
    { type: "end", at: 0, request: 1 },
  ]
  const recording: Recording = { version: 1, entries }
  expect((await replay(recording).fetch(url)).status).toBe(200)
  expect((await replay(recording).fetch(url, { redirect: "manual" })).status).toBe(307)
  await expect(replay(recording).fetch(url, { redirect: "error" })).rejects.toThrow(TypeError)
  const loop: Recording = { version: 1, entries: entries.slice(0, 2) }
  await expect(replay(loop).fetch(url)).rejects.toThrow(TypeError)
})

test.each([204, 205, 304])("replay() of the status %i has no body", async (status) => {
  const response = replay(recordingOf([], "end", { status })).response()
  expect(response).toMatchObject({ status, body: null })
})

test("Replay.response() has no headers of the recorded connection, and Replay.fetch() has them", async () => {
  const headers = { "content-type": "text/event-stream", "content-encoding": "gzip", "content-length": "7" }
  const again = replay(recordingOf(["a"], "end", { headers }), { speed: Infinity })
  expect(Object.fromEntries(again.response().headers)).toEqual({ "content-type": "text/event-stream" })
  expect(Object.fromEntries((await again.fetch(url)).headers)).toEqual(headers)
})

test("replay() refuses a recording without requests, and options that are not valid", () => {
  expect(() => replay({ version: 1, entries: [] })).toThrow("must have a request or a response")
  const recording = recordingOf([], "end")
  for (const speed of [0, -1, Number.NaN]) expect(() => replay(recording, { speed })).toThrow(RangeError)
  expect(() => replay(recording, { pace: 1 } as never)).toThrow(TypeError)
})

/** The chunks of a response on the wire, and whether it ended: a client may join what arrives together. */
async function wireOf(port: number): Promise<[chunks: Buffer[], isWhole: boolean]> {
  const socket = connect(port, "127.0.0.1")
  socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
  const received: Buffer[] = []
  socket.on("data", (bytes: Buffer) => void received.push(bytes))
  await new Promise<void>((resolve) => void socket.on("error", () => {}).on("close", () => resolve()))
  const chunks: Buffer[] = []
  let rest = Buffer.concat(received)
  rest = rest.subarray(rest.indexOf("\r\n\r\n") + 4)
  while (rest.length > 0) {
    const lineEnd = rest.indexOf("\r\n")
    const length = Number.parseInt(rest.subarray(0, lineEnd).toString(), 16)
    if (length === 0) return [chunks, true]
    chunks.push(rest.subarray(lineEnd + 2, lineEnd + 2 + length))
    rest = rest.subarray(lineEnd + 2 + length + 2)
  }
  return [chunks, false]
}

test("startReplayServer() sends each recorded chunk as one chunk, and its end", async () => {
  await fc.assert(
    fc.asyncProperty(recordings, async (recording) => {
      const server = await startReplayServer(recording, { speed: Infinity })
      const [chunks, isWhole] = await wireOf(server.port)
      await server.close()
      const wanted = recording.entries.flatMap((entry) => (entry.type === "chunk" ? [Buffer.from(entry.bytes)] : []))
      expect(isWhole).toBe(recording.entries.at(-1)!.type === "end")
      expect(chunks).toEqual(wanted)
    }),
    { numRuns: 30 },
  )
})

test("record() of a replay server has its bytes and its end", async () => {
  await fc.assert(
    fc.asyncProperty(recordings, async (recording) => {
      const server = await startReplayServer(recording, { speed: Infinity })
      const recorder = record()
      await (await recorder.fetch()(server.url)).text().catch(() => {})
      await server.close()
      const again = recorder.recording
      expect(again.entries.at(-1)!.type).toBe(recording.entries.at(-1)!.type)
      if (again.entries.at(-1)!.type === "end") expect(bytesOf(again)).toEqual(bytesOf(recording))
    }),
    { numRuns: 30 },
  )
})

const bytesOf = ({ entries }: Recording) =>
  Buffer.concat(entries.flatMap((entry) => (entry.type === "chunk" ? [entry.bytes] : [])))

test("startReplayServer() leads redirects to itself", async () => {
  const entries: RecordingEntry[] = [
    { type: "response", at: 0, request: 0, status: 302, headers: { location: "https://example.com/next?a=b" } },
    { type: "end", at: 0, request: 0 },
    { type: "response", at: 0, request: 1, status: 200, headers: {} },
    { type: "chunk", at: 0, request: 1, bytes: new TextEncoder().encode("there") },
    { type: "end", at: 0, request: 1 },
  ]
  const server = await startReplayServer({ version: 1, entries })
  onTestFinished(() => server.close())
  expect(await (await fetch(server.url)).text()).toBe("there")
  expect(server.requests.map(({ path }) => path)).toEqual(["/", "/next?a=b"])
})

test("startReplayServer() keeps a connection open that its reader stopped", async () => {
  const server = await startReplayServer(recordingOf(["a"], "cancel"), { speed: Infinity })
  onTestFinished(() => server.close())
  const reader = (await fetch(server.url)).body!.getReader()
  expect((await reader.read()).done).toBe(false)
  expect(server.openSockets).toBe(1)
  await reader.cancel()
  await server.allClosed()
})

/** The head, a chunk at once, one after 50 days, and an end after 30 years. */
const slow: Recording = {
  version: 1,
  entries: [
    ...head,
    { type: "chunk", at: 5, request: 0, bytes: new Uint8Array([97]) },
    { type: "chunk", at: 5_000_000_000, request: 0, bytes: new Uint8Array([98]) },
    { type: "end", at: 1_000_000_000_000, request: 0 },
  ],
}

test("replay() waits longer than a timer of the platform can", async () => {
  const clock = new ManualClock()
  const reader = (await clock.runUntil(replay(slow, { clock }).fetch(url))).body!.getReader()
  await clock.runUntil(reader.read())
  let isRead = false
  const second = reader.read().then(() => (isRead = true))
  await clock.advance(4_999_999_000)
  expect(isRead).toBe(false)
  await clock.advance(1_000)
  await second
  await reader.cancel()
  expect(clock.pendingTimers).toBe(0)
})

test("startReplayServer() waits longer than a timer of the platform can", async () => {
  const timeouts = vi.spyOn(globalThis, "setTimeout")
  onTestFinished(() => timeouts.mockRestore())
  const server = await startReplayServer(slow)
  onTestFinished(() => server.close())
  const reader = (await fetch(server.url)).body!.getReader()
  expect((await reader.read()).value).toEqual(new Uint8Array([97]))
  const delays = timeouts.mock.calls.map(([, delay]) => delay ?? 0)
  expect(Math.max(...delays)).toBe(2_147_483_647)
  expect(server.openSockets).toBe(1)
  await reader.cancel()
})

test.each([199, 600, 999])("replay() refuses the status %i, which no Response can have", async (status) => {
  const recording: Recording = { version: 1, entries: [{ type: "response", at: 0, request: 0, status, headers: {} }] }
  const message = `Cannot replay: the status of a Response must be from 200 to 599, not ${status}`
  expect(() => replay(recording).response()).toThrow(message)
  await expect(replay(recording).fetch(url)).rejects.toThrow(message)
})

test.each([0, -1, Number.NaN, "2" as never])("replay() refuses the speed %j", async (speed) => {
  const message = '"speed" must be a number above 0'
  expect(() => replay(slow, { speed })).toThrow(message)
  await expect(startReplayServer(slow, { speed })).rejects.toThrow(message)
})

test("replay() drops the headers of the connection in any spelling", () => {
  const headers = { "Content-Length": "5", "CONTENT-ENCODING": "gzip", "X-Own": "a" }
  const recording: Recording = { version: 1, entries: [{ type: "response", at: 0, request: 0, status: 200, headers }] }
  expect([...replay(recording).response().headers]).toEqual([["x-own", "a"]])
})
