/*
 * Measures the claims of the guide "From another package to steadystream" about
 * @microsoft/fetch-event-source 2.0.1 and eventsource-client 1.2.0, in Node, against the scripted server.
 */
import { fetchEventSource } from "@microsoft/fetch-event-source"
import { createEventSource } from "eventsource-client"
import { SseRetryError } from "steadystream"
import { subscribe } from "steadystream/client"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { play, type PlayedScript, type Reply } from "../eventsource/script.ts"
import { type ScenarioServer, startScenarioServer } from "../support/scenario-server.ts"

const over = new AbortController()
let server: ScenarioServer
beforeAll(async () => {
  server = await startScenarioServer()
})
afterAll(async () => {
  over.abort()
  await server.close()
})

const script = (replies: readonly Reply[]): Promise<PlayedScript> => play(server.origins, replies, over.signal)

const page: Reply = { type: "text/html", body: ["<title>Sign in</title>"] }
const broken: Reply = { body: ["retry: 20\ndata: a\n\n", { gate: true }], ending: "reset" }
const post = { method: "POST", body: '{"prompt":"hi"}' }

describe("fetch-event-source", () => {
  /** Globals of a page that it needs and that Node does not have. */
  function pretendPage(): void {
    const window = { fetch, setTimeout: setTimeout.bind(globalThis), clearTimeout: clearTimeout.bind(globalThis) }
    const document = { hidden: false, addEventListener() {}, removeEventListener() {} }
    Object.assign(globalThis, { window, document })
  }

  test("fetch-event-source rejects in Node, if there is no document", async () => {
    const { url } = await script([{ body: ["data: a\n\n"] }])
    await expect(fetchEventSource(url, {})).rejects.toThrow(ReferenceError)
  })

  test("fetch-event-source sends a POST again after a cut connection, and subscribe() does not", async () => {
    pretendPage()
    const theirs = await script([broken, { ending: "hold" }])
    const stop = new AbortController()
    void fetchEventSource(theirs.url, { ...post, signal: stop.signal, onmessage: () => void theirs.pass() })
    expect((await theirs.seen(2)).map(({ method, body }) => [method, body])).toEqual([
      ["POST", post.body],
      ["POST", post.body],
    ])
    stop.abort()

    const ours = await script([broken])
    const receive = async () => {
      for await (const _ of subscribe(ours.url, post)) await ours.pass()
    }
    await expect(receive()).rejects.toMatchObject({ code: "connection" })
    expect(await ours.seen()).toHaveLength(1)
  })

  test("fetch-event-source retries after a page unless onerror throws, and subscribe() stops", async () => {
    pretendPage()
    const theirs = await script([page])
    const stop = new AbortController()
    void fetchEventSource(theirs.url, { signal: stop.signal, onerror: () => 20 })
    expect(await theirs.seen(5)).toHaveLength(5)
    stop.abort()

    const ours = await script([page])
    await expect(subscribe(ours.url)[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "content-type" })
  })

  test("fetch-event-source ends when the server ends the stream, and subscribe() requests the next events", async () => {
    pretendPage()
    const theirs = await script([{ body: ["id: 1\ndata: a\n\n"] }])
    await fetchEventSource(theirs.url, {})
    expect(await theirs.seen()).toHaveLength(1)

    const ours = await script([{ body: ["retry: 20\nid: 1\ndata: a\n\n"] }, { status: 204 }])
    const data: string[] = []
    for await (const event of subscribe(ours.url)) data.push(event.data)
    expect([data, (await ours.seen()).length]).toEqual([["a"], 2])
  })
})

describe("eventsource-client", () => {
  test("eventsource-client sends a POST again when the stream ends, and subscribe() does not", async () => {
    const reply = { body: ["retry: 20\ndata: a\n\n"] }
    const theirs = await script([reply, { ending: "hold" }])
    const source = createEventSource({ url: theirs.url, ...post })
    expect((await theirs.seen(2)).map(({ body }) => body)).toEqual([post.body, post.body])
    source.close()

    const ours = await script([reply])
    const data: string[] = []
    for await (const event of subscribe(ours.url, post)) data.push(event.data)
    expect([data, (await ours.seen()).length]).toEqual([["a"], 1])
  })

  test("eventsource-client reads a page as a stream and retries, and subscribe() stops", async () => {
    const theirs = await script([{ body: ["retry: 20\n"] }, page, { status: 404 }, { ending: "hold" }])
    const source = createEventSource({ url: theirs.url })
    expect(await theirs.seen(4)).toHaveLength(4)
    source.close()

    const ours = await script([{ status: 404 }])
    await expect(subscribe(ours.url)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "response",
      status: 404,
    })
  })

  test("eventsource-client stays connected after the consumer leaves the loop, and subscribe() does not", async () => {
    const theirs = await script([{ body: ["data: a\n\n"], ending: "hold" }])
    const source = createEventSource({ url: theirs.url })
    for await (const _ of source) break
    expect(source.readyState).toBe("open")
    source.close()

    const ours = await script([{ body: ["data: a\n\n"], ending: "hold" }])
    for await (const _ of subscribe(ours.url)) break
    await ours.closed(1)
  })

  test("subscribe() stops at its retry limit", async () => {
    const ours = await script([{ status: 503 }])
    const events = subscribe(ours.url, { retry: { maxRetries: 2, initialDelay: 1 } })[Symbol.asyncIterator]()
    await expect(events.next()).rejects.toThrow(SseRetryError)
    expect(await ours.seen()).toHaveLength(3)
  })
})
