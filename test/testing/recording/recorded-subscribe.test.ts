import { SseRetryError } from "steadystream"
import { subscribe } from "steadystream/client"
import {
  ManualClock,
  record,
  replay,
  scriptedFetch,
  startFaultServer,
  startReplayServer,
  type Recorder,
  type Recording,
} from "steadystream/testing"
import { expect, onTestFinished, test, vi } from "vitest"

const url = "https://example.com/"

/** What happened, without times: requests, states, retries and the error at the end. */
function story({ entries }: Recording): string[] {
  return entries.flatMap((entry) => {
    if (entry.type === "request") return [`request ${entry.request}`]
    if (entry.type === "state") return [entry.state]
    if (entry.type === "retry") return [`retry ${entry.attempt} ${entry.code} ${entry.phase ?? ""}`.trim()]
    if (entry.type === "failure") return [`failure ${entry.name} ${entry.code ?? ""} ${entry.phase ?? ""}`.trim()]
    return entry.type === "chunk" ? [] : [entry.type]
  })
}

type Options = NonNullable<Parameters<typeof subscribe>[1]>

async function read(call: typeof subscribe, options: Options, target: Parameters<typeof subscribe>[0] = url) {
  const events: string[] = []
  const states: string[] = []
  const subscription = call(target, { ...options, onStateChange: (state) => void states.push(state) })
  let error: unknown
  try {
    for await (const { data } of subscription) events.push(String(data))
  } catch (thrown) {
    error = thrown
  }
  return { events, states, error, retries: subscription.retries, end: subscription.end }
}

/** Three attempts: one breaks, one ends, one says that nothing follows. */
const script = () =>
  scriptedFetch([
    { chunks: ["id: 1\ndata: a\n\n", "data: lost"], end: "reset" },
    { chunks: ["id: 2\ndata: b\n\n"] },
    { status: 204 },
  ])

const quick = { retry: { initialDelay: 0 } }

test("Recorder.subscribe() records the requests, states and retries of three attempts", async () => {
  const recorder = record()
  const { events } = await read(recorder.subscribe, { ...quick, fetch: script() })
  expect(events).toEqual(["a", "b"])
  expect(story(recorder.recording)).toEqual([
    "request 0",
    "response",
    "open",
    "error",
    "waiting",
    "retry 1 connection",
    "connecting",
    "request 1",
    "response",
    "open",
    "end",
    "waiting",
    "retry 1 connection",
    "connecting",
    "request 2",
    "response",
    "end",
    "closed",
  ])
  const ids = recorder.recording.entries.flatMap((entry) => (entry.type === "request" ? [entry.headers] : []))
  expect(ids.map((headers) => headers["last-event-id"])).toEqual([undefined, "1", "2"])
})

test("replay() of a subscription with three attempts has the same events and states, by fetch and by a server", async () => {
  const recorder = record()
  const original = await read(recorder.subscribe, { ...quick, fetch: script() })
  const { fetch } = replay(recorder.recording, { speed: Infinity })
  expect(await read(subscribe, { ...quick, fetch })).toEqual(original)
  const server = await startReplayServer(recorder.recording, { speed: Infinity })
  onTestFinished(() => server.close())
  expect(await read(subscribe, quick, server.url)).toEqual(original)
  expect(server.requests.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "1", "2"])
})

test("replay() of a recorded subscription records the same again", async () => {
  const first = record()
  await read(first.subscribe, { ...quick, fetch: script() })
  const second = record()
  await read(second.subscribe, { ...quick, fetch: replay(first.recording, { speed: Infinity }).fetch })
  expect(story(second.recording)).toEqual(story(first.recording))
})

test("Recorder.subscribe() records the error that ends the subscription, once", async () => {
  const recorder = record()
  const fetch = scriptedFetch([new TypeError("fetch failed")])
  const { error } = await read(recorder.subscribe, { fetch, retry: { maxRetries: 1, initialDelay: 0 } })
  expect(error).toBeInstanceOf(SseRetryError)
  expect(story(recorder.recording).slice(-3)).toEqual(["error", "closed", "failure SseRetryError retries-exhausted"])
})

test("Recorder.subscribe() records the error that listen() reports", async () => {
  const recorder = record()
  const subscription = recorder.subscribe(url, { fetch: scriptedFetch([{ status: 401 }]) })
  const onError = vi.fn()
  await subscription.listen({ onEvent: () => {}, onError })
  expect(onError).toHaveBeenCalledOnce()
  expect(story(recorder.recording).at(-1)).toBe("failure SseResponseError response")
})

test("Recorder.subscribe() records the deadlines that pass", async () => {
  const clock = new ManualClock()
  const recorder = record({ clock })
  const fetch = scriptedFetch([() => new Promise<Response>(() => {})])
  const options = { clock, fetch, timeouts: { connect: 100, total: 350 }, retry: { initialDelay: 10, jitter: false } }
  await clock.runUntil(read(recorder.subscribe, options))
  await clock.advance(0)
  const entries = story(recorder.recording)
  expect(entries).toContain("retry 1 timeout connect")
  expect(entries).toContain("failure SseTimeoutError timeout total")
  expect(entries.filter((entry) => entry === "cancel")).toHaveLength(2)
})

test("Recorder.subscribe() calls the hooks of the caller, and reports what their promises reject with", async () => {
  const reported: unknown[] = []
  const states: string[] = []
  const options = {
    ...quick,
    fetch: script(),
    onHandlerError: (error: unknown) => void reported.push(error),
    onRetry: vi.fn(),
    onStateChange: async (state: string) => {
      states.push(state)
      throw new Error(state)
    },
  }
  for await (const _ of record().subscribe(url, options));
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect(options.onRetry).toHaveBeenCalledTimes(2)
  expect(reported.map((error) => (error as Error).message)).toEqual(states)
})

test("Recorder.subscribe() records a consumer that leaves", async () => {
  const recorder = record()
  const fetch = scriptedFetch([{ chunks: ["data: a\n\n"], end: "stall" }])
  for await (const _ of recorder.subscribe(url, { fetch })) break
  expect(story(recorder.recording)).toEqual(["request 0", "response", "open", "closed", "cancel"])
})

const sources: Readonly<Record<string, () => unknown>> = {
  "a Response": () => new Response("data: a\n\n", { headers: { "content-type": "text/event-stream" } }),
  "a stream": () => new Blob(["data: a\n\n"]).stream(),
  "a stream of text": () => new Blob(["data: a\n\n"]).stream().pipeThrough(new TextDecoderStream()),
  "a string": () => "data: a\n\n",
  "a list": () => ["data: a\n\n"],
  "a generator": async function* () {
    yield "data: "
    yield new TextEncoder().encode("a\n\n")
  },
}

test.each(Object.entries(sources))("Recorder.subscribe() records a function that returns %s", async (_, open) => {
  const recorder = record()
  const target = async () => open() as never
  const { events, error } = await read(recorder.subscribe, { until: "a", retry: { maxRetries: 0 } }, target)
  const plain = await read(subscribe, { until: "a", retry: { maxRetries: 0 } }, target)
  expect({ events, error }).toEqual({ events: plain.events, error: plain.error })
  const { response, text } = bodyOf(recorder)
  expect(response).toMatchObject({ status: 200, headers: { "content-type": "text/event-stream" } })
  expect(text).toBe("data: a\n\n")
})

function bodyOf({ recording: { entries } }: Recorder) {
  const chunks = entries.flatMap((entry) => (entry.type === "chunk" ? [entry.bytes] : []))
  const text = Buffer.concat(chunks).toString()
  return { response: entries.find(({ type }) => type === "response"), text }
}

test("Recorder.subscribe() ends the source of a function as a subscription does", async () => {
  const calls: string[] = []
  const source = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: "data: a\n\n" }),
      return: async () => {
        calls.push("return")
        return { done: true, value: undefined }
      },
    }),
    destroy: () => calls.push("destroy"),
  }
  const recorder = record()
  for await (const _ of recorder.subscribe(() => source as AsyncIterable<string>)) break
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect(calls).toEqual(["destroy", "return"])
  expect(recorder.recording.entries.at(-1)).toMatchObject({ type: "cancel" })
})

test("Recorder.subscribe() sends no headers of the caller to another origin, as without a recorder", async () => {
  const other = await startFaultServer((_, index) => (index % 2 === 0 ? { body: "data: a\n\n" } : { status: 204 }))
  onTestFinished(() => other.close())
  const server = await startFaultServer({ status: 307, headers: { location: `${other.url}next?key=secret` } })
  onTestFinished(() => server.close())
  const options = { ...quick, headers: { "x-api-key": "secret" } }
  const recorder = record()
  const recorded = await read(recorder.subscribe, options, server.url)
  const keys = () => other.requests.map(({ headers }) => headers["x-api-key"])
  expect(keys()).toEqual([undefined, undefined])
  expect(recorded).toEqual(await read(subscribe, options, server.url))
  expect(keys()).toEqual([undefined, undefined, undefined, undefined])
  expect(recorder.recording.entries.filter(({ type }) => type === "request")).toHaveLength(4)

  const { fetch } = replay(recorder.recording, { speed: Infinity })
  expect(await read(subscribe, { ...quick, fetch })).toEqual(recorded)
  const local = await startReplayServer(recorder.recording, { speed: Infinity })
  onTestFinished(() => local.close())
  expect(await read(subscribe, quick, local.url)).toEqual(recorded)
  expect(other.requests).toHaveLength(4)
})

test("Recorder.subscribe() numbers the subscriptions of a recording, all but the first", async () => {
  const recorder = record()
  const fetch = scriptedFetch([{ status: 204 }])
  for (let count = 0; count < 3; count++) await read(recorder.subscribe, { fetch })
  const states = recorder.recording.entries.filter((entry) => entry.type === "state")
  expect(states.map(({ subscription, state }) => [subscription, state])).toEqual([
    [undefined, "closed"],
    [1, "closed"],
    [2, "closed"],
  ])
})
