import { readEvents } from "steadystream"
import { ManualClock, record, scriptedFetch, type RecordingEntry } from "steadystream/testing"
import { expect, onTestFinished, test, vi } from "vitest"

const url = "https://example.com/"
const types = (entries: readonly RecordingEntry[]) => entries.map(({ type }) => type)
const bytes = (...values: number[]) => new Uint8Array(values)

/** A response whose body the test controls. */
function controlled(init?: ResponseInit) {
  let controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>
  let reason: unknown = "not cancelled"
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (given) => void (controller = given),
    cancel: (given) => void (reason = given),
  })
  return { response: new Response(body, init), controller, reason: () => reason }
}

/** Silences what is reported globally, and returns it. */
function reports(): unknown[] {
  const reported: unknown[] = []
  const spy = vi.spyOn(console, "error").mockImplementation((error) => void reported.push(error))
  onTestFinished(() => spy.mockRestore())
  return reported
}

const readings: Readonly<Record<string, (response: Response) => Promise<string>>> = {
  "text()": (response) => response.text(),
  "arrayBuffer()": async (response) => new TextDecoder().decode(await response.arrayBuffer()),
  "a reader": async (response) => {
    const reader = response.body!.getReader()
    const decoder = new TextDecoder()
    let text = ""
    for (let result = await reader.read(); !result.done; result = await reader.read()) {
      text += decoder.decode(result.value, { stream: true })
    }
    await reader.closed
    return text
  },
  "two readers in turn": async (response) => {
    let text = ""
    for (;;) {
      const reader = response.body!.getReader()
      const { done, value } = await reader.read()
      reader.releaseLock()
      if (done) return text
      text += new TextDecoder().decode(value)
    }
  },
  "reads that do not wait for each other": async (response) => {
    const reader = response.body!.getReader()
    const results = await Promise.all([1, 2, 3, 4, 5].map(() => reader.read()))
    return results.map(({ value }) => new TextDecoder().decode(value)).join("")
  },
  "a loop": async (response) => {
    let text = ""
    for await (const chunk of response.body!) text += new TextDecoder().decode(chunk)
    return text
  },
  "pipeThrough()": (response) => new Response(response.body!.pipeThrough(new TransformStream())).text(),
  "a new Response": (response) => new Response(response.body).text(),
  "both branches of tee()": async (response) => {
    const [one, two] = response.body!.tee()
    const [text] = await Promise.all([new Response(one).text(), new Response(two).text()])
    return text
  },
  "clone()": async (response) => {
    const copy = response.clone()
    expect(copy.url).toBe(response.url)
    const [text] = await Promise.all([response.text(), copy.text()])
    return text
  },
}

test.each(Object.entries(readings))("Recorder.fetch() records each chunk once when %s reads it", async (_, read) => {
  const recorder = record()
  const fetch = recorder.fetch(scriptedFetch([{ chunks: ["a", "b", "c"] }]))
  expect(await read(await fetch(url))).toBe("abc")
  const { entries } = recorder.recording
  expect(types(entries)).toEqual(["request", "response", "chunk", "chunk", "chunk", "end"])
  expect(entries.flatMap((entry) => (entry.type === "chunk" ? [new TextDecoder().decode(entry.bytes)] : []))).toEqual([
    "a",
    "b",
    "c",
  ])
})

test("Recorder.fetch() returns a response with the head of the original", async () => {
  const original = new Response("a", { status: 201, statusText: "Made", headers: { "x-a": "b" } })
  Object.defineProperties(original, {
    url: { value: `${url}end` },
    redirected: { value: true },
    type: { value: "cors" },
  })
  const response = await record().fetch(async () => original)(url)
  expect(response).toMatchObject({ status: 201, statusText: "Made", url: `${url}end`, redirected: true, type: "cors" })
  expect(response.headers.get("x-a")).toBe("b")
  expect(response.clone()).toMatchObject({ url: `${url}end`, redirected: true, type: "cors" })
})

test("Recorder.fetch() passes its arguments on untouched", async () => {
  const fetch = vi.fn(async () => new Response("a"))
  const request = new Request(url, { method: "POST", body: "text" })
  const init = { headers: new Map([["a", "b"]]).entries() as unknown as Headers }
  await record({ bodies: true }).fetch(fetch)(request, init)
  expect(fetch).toHaveBeenCalledExactlyOnceWith(request, init)
  expect(request.bodyUsed).toBe(false)
  expect(Array.from(init.headers as unknown as Iterable<unknown>)).toEqual([["a", "b"]])
})

test("Recorder.fetch() rejects as fetch does when the arguments are not valid", async () => {
  const recorder = record()
  const fetch = async () => {
    throw new TypeError("no URL")
  }
  await expect(recorder.fetch(fetch)(url, { headers: { "a b": "c" } })).rejects.toThrow("no URL")
  await expect(recorder.fetch(fetch)(undefined as unknown as string)).rejects.toThrow("no URL")
  await expect(recorder.fetch(fetch)(url, { method: 7 as unknown as string })).rejects.toThrow("no URL")
})

test.each([204, 205, 304])("Recorder.fetch() returns a response with status %i as it is", async (status) => {
  const recorder = record()
  const original = new Response(null, { status })
  expect(await recorder.fetch(async () => original)(url)).toBe(original)
  expect(types(recorder.recording.entries)).toEqual(["request", "response", "end"])
})

test("Recorder.fetch() returns a response without a body as it is, such as one to HEAD or a network error", async () => {
  const recorder = record()
  for (const original of [new Response(null), Response.error()]) {
    expect(await recorder.fetch(async () => original)(url, { method: "HEAD" })).toBe(original)
  }
})

test("Recorder.fetch() records the error of a request and rethrows it", async () => {
  const recorder = record()
  const cause = Object.assign(new Error("connect"), { code: "ECONNREFUSED" })
  const error = new TypeError("fetch failed", { cause })
  const fetch = recorder.fetch(async () => {
    throw error
  })
  await expect(fetch(url)).rejects.toBe(error)
  expect(recorder.recording.entries.at(-1)).toMatchObject({ type: "error", name: "TypeError", code: "ECONNREFUSED" })
})

test.each([undefined, null, "text", 7])("Recorder.fetch() rethrows %o", async (thrown) => {
  const recorder = record()
  // eslint-disable-next-line prefer-promise-reject-errors -- why: the test is about such a rejection
  await expect(recorder.fetch(() => Promise.reject(thrown))(url)).rejects.toBe(thrown)
  expect(recorder.recording.entries.at(-1)).toMatchObject({ type: "error", name: "Error" })
})

test("Recorder.fetch() records an aborted request as one that its reader stopped, whatever the reason", async () => {
  const recorder = record()
  const abort = new AbortController()
  const waiting = recorder.fetch(scriptedFetch([() => new Promise<Response>(() => {})]))(url, { signal: abort.signal })
  const reason = new RangeError("too late")
  abort.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  expect(types(recorder.recording.entries)).toEqual(["request", "cancel"])
})

test("Recorder.fetch() records an aborted body as one that its reader stopped, also if it is not read on", async () => {
  const recorder = record()
  const abort = new AbortController()
  const fetch = recorder.fetch(scriptedFetch([{ chunks: ["a"], end: "stall" }]))
  const response = await fetch(url, { signal: abort.signal })
  const reader = response.body!.getReader()
  await reader.read()
  abort.abort()
  await expect(reader.closed).rejects.toThrow("aborted")
  await expect(reader.read()).rejects.toThrow("aborted")
  expect(types(recorder.recording.entries)).toEqual(["request", "response", "chunk", "cancel"])
})

test("Recorder.fetch() passes the error of a body on at once, and records it once", async () => {
  const recorder = record()
  const { response, controller } = controlled()
  const reader = (await recorder.fetch(async () => response)(url)).body!.getReader()
  controller.enqueue(bytes(1))
  await reader.read()
  const error = Object.assign(new TypeError("terminated"), { code: "ECONNRESET" })
  controller.error(error)
  await expect(reader.closed).rejects.toBe(error)
  await expect(reader.read()).rejects.toBe(error)
  expect(recorder.recording.entries.slice(3)).toMatchObject([{ type: "error", name: "TypeError", code: "ECONNRESET" }])
})

test("Recorder.fetch() cancels the source with the reason of the reader, and settles as the source does", async () => {
  const recorder = record()
  const { response, reason } = controlled()
  const body = (await recorder.fetch(async () => response)(url)).body!
  await body.cancel("enough")
  expect(reason()).toBe("enough")
  expect(types(recorder.recording.entries)).toEqual(["request", "response", "cancel"])
  const failing = new ReadableStream({ cancel: () => Promise.reject(new Error("no")) })
  await expect(record().response(new Response(failing)).body!.cancel()).rejects.toThrow("no")
})

test("Recorder.fetch() settles a waiting read when the reader cancels", async () => {
  const recorder = record()
  const { response, controller } = controlled()
  const reader = (await recorder.fetch(async () => response)(url)).body!.getReader()
  controller.enqueue(bytes(1))
  await reader.read()
  const waiting = reader.read()
  await reader.cancel()
  expect(await waiting).toEqual({ done: true, value: undefined })
  expect(types(recorder.recording.entries)).toEqual(["request", "response", "chunk", "cancel"])
})

test("Recorder.fetch() keeps a chunk for the next reader when one is released while it waits", async () => {
  const { response, controller } = controlled()
  const body = (await record().fetch(async () => response)(url)).body!
  const first = body.getReader()
  controller.enqueue(bytes(1))
  await first.read()
  const waiting = first.read()
  first.releaseLock()
  controller.enqueue(bytes(2))
  await expect(waiting).rejects.toThrow(TypeError)
  expect(await body.getReader().read()).toEqual({ done: false, value: bytes(2) })
  await expect(first.read()).rejects.toThrow(TypeError)
})

test("Recorder.fetch() reads the source only as fast as its reader reads", async () => {
  let pulled = 0
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    { pull: (controller) => controller.enqueue(bytes(++pulled)) },
    { highWaterMark: 0 },
  )
  const response = await record().fetch(async () => new Response(body))(url)
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect(pulled).toBe(0)
  const reader = response.body!.getReader()
  await reader.read()
  await reader.read()
  expect(pulled).toBe(2)
  await reader.cancel()
})

test("Recorder.fetch() returns a response that was read as used", async () => {
  const response = await record().fetch(scriptedFetch([{ chunks: ["data: a\n\n"] }]))(url)
  for await (const { data } of readEvents(response)) expect(data).toBe("a")
  expect(response.bodyUsed).toBe(true)
  await expect(response.text()).rejects.toThrow(TypeError)
})

test("Recorder.fetch() locks the body for its reader", async () => {
  const { body } = await record().fetch(scriptedFetch([{ chunks: ["a"] }]))(url)
  const reader = body!.getReader()
  expect(body!.locked).toBe(true)
  expect(() => body!.getReader()).toThrow(TypeError)
  reader.releaseLock()
  expect(body!.locked).toBe(false)
})

test("Recorder.response() refuses a body that is locked or used, and records nothing of it", async () => {
  const recorder = record()
  const used = new Response("a")
  await used.text()
  expect(() => recorder.response(used)).toThrow("must not be locked or used")
  const locked = new Response("a")
  locked.body!.getReader()
  expect(() => recorder.response(locked)).toThrow("must not be locked or used")
  expect(recorder.recording.entries).toEqual([])
})

test("Recorder.response() records the request that it answers", async () => {
  const recorder = record()
  const request = new Request(`${url}?a=1`, { headers: { "last-event-id": "7" } })
  await recorder.response(new Response("a"), request).text()
  expect(recorder.recording.entries[0]).toMatchObject({
    type: "request",
    url: `${url}?a=REDACTED`,
    headers: { "last-event-id": "7" },
  })
})

test("Recorder.recording keeps the bytes of a chunk that its reader overwrites", async () => {
  const recorder = record()
  const chunk = bytes(1, 2, 3)
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(chunk)
      controller.close()
    },
  })
  const reader = recorder.response(new Response(body)).body!.getReader()
  const { value } = await reader.read()
  expect(value).toBe(chunk)
  value!.fill(0)
  expect(recorder.recording.entries[1]).toMatchObject({ bytes: bytes(1, 2, 3) })
})

test("Recorder.recording keeps small and large chunks apart", async () => {
  const recorder = record()
  const sizes = [1, 4_096, 0, 3_000, 4_097, 70_000, 32_768, 32_769, 20_000, 262_144, 4_095, 1]
  const chunks = sizes.map((size, at) => new Uint8Array(size).fill(at + 1))
  await (await recorder.fetch(scriptedFetch([{ chunks }]))(url)).text()
  const recorded = recorder.recording.entries.flatMap((entry) => (entry.type === "chunk" ? [entry.bytes] : []))
  expect(recorded.map(({ length }) => length)).toEqual(sizes)
  for (const [at, copy] of recorded.entries()) expect(copy.every((byte) => byte === at + 1)).toBe(true)
})

test("Recorder.recording does not change later", async () => {
  const recorder = record()
  const { recording } = recorder
  await (await recorder.fetch(scriptedFetch([{ chunks: ["a"] }]))(url)).text()
  expect(recording.entries).toEqual([])
})

test("record() stops at maxBytes, and the reader gets everything", async () => {
  const recorder = record({ maxBytes: 350 })
  const fetch = recorder.fetch(scriptedFetch([{ chunks: ["a", "b".repeat(100), "c"] }]))
  expect(await (await fetch(url)).text()).toBe(`a${"b".repeat(100)}c`)
  expect(types(recorder.recording.entries)).toEqual(["request", "response", "chunk", "limit"])
  await (await fetch(url)).text()
  expect(recorder.recording.entries).toHaveLength(4)
})

test("record() counts entries without bytes for maxBytes", async () => {
  const recorder = record({ maxBytes: 1_000 })
  const fetch = recorder.fetch(async () => new Response(null))
  for (let count = 0; count < 100; count++) await fetch(url)
  expect(recorder.recording.entries).toHaveLength(11)
})

test("record() calls onEntry with each entry, and reports what it throws", async () => {
  const reported = reports()
  const seen: RecordingEntry[] = []
  const recorder = record({
    onEntry(entry) {
      seen.push(entry)
      throw new Error("disk full")
    },
  })
  expect(await (await recorder.fetch(scriptedFetch([{ chunks: ["a"] }]))(url)).text()).toBe("a")
  expect(seen).toEqual(recorder.recording.entries)
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect(reported).toHaveLength(4)
})

test.each<[string, () => unknown]>([
  [
    "throws",
    () => {
      throw new Error("no")
    },
  ],
  ["returns a promise", async () => "a"],
  ["returns a number", () => 1_000_000],
  ["returns nothing", () => {}],
])("record() records a chunk without its bytes if redact %s", async (_, redact) => {
  const reported = reports()
  const recorder = record({ redact: redact as () => string })
  expect(await (await recorder.fetch(scriptedFetch([{ chunks: ["secret"] }]))(url)).text()).toBe("secret")
  expect(recorder.recording.entries[2]).toMatchObject({ type: "chunk", bytes: bytes() })
  expect(reported).toHaveLength(1)
})

test("record() passes redact a copy that it may change", async () => {
  const recorder = record({ redact: (chunk) => chunk.fill(42) })
  expect(await (await recorder.fetch(scriptedFetch([{ chunks: ["abc"] }]))(url)).text()).toBe("abc")
  expect(recorder.recording.entries[2]).toMatchObject({ bytes: bytes(42, 42, 42) })
})

test("record() records the body of a request only on demand", async () => {
  const bodies = ["text", new URLSearchParams({ a: "b" }), new Blob(["blob"])]
  const recorder = record({ bodies: true })
  const fetch = recorder.fetch(async () => new Response(null))
  for (const body of bodies) await fetch(url, { method: "POST", body })
  const kept = recorder.recording.entries.flatMap((entry) => (entry.type === "request" ? [entry.body] : []))
  expect(kept).toEqual(["text", "a=b", undefined])
})

test("record() takes its times from the clock, with three decimals", async () => {
  const clock = new ManualClock()
  await clock.advance(1_000)
  const recorder = record({ clock })
  await clock.advance(0.123_456)
  await recorder.fetch(async () => new Response(null))(url)
  expect(recorder.recording.entries.map(({ at }) => at)).toEqual([0.123, 0.123, 0.123])
})

test("record() refuses options that are not valid", () => {
  expect(() => record({ maxBytes: Number.NaN })).toThrow(RangeError)
  expect(() => record({ redact: "all" as never })).toThrow(TypeError)
  expect(() => record({ header: [] } as never)).toThrow('did you mean "headers"?')
})
