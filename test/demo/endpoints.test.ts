import OpenAI from "openai"
import { expect, onTestFinished, test, vi } from "vitest"
import { readEvents } from "steadystream"
import { subscribe } from "steadystream/client"
import { readChatCompletions } from "steadystream/openai"
import { DemoServer } from "../../demo/server/demo-server.ts"
import { rawRequest } from "../support/listen.ts"

const pageDirectory = new URL("../../demo/page/", import.meta.url)

/** The demo's server on a free port, faster than in the demo. */
async function startDemo() {
  const demo = new DemoServer({ pageDirectory, pace: { word: 1, tick: 5, token: 1 } })
  onTestFinished(() => demo.close())
  const port = await demo.listen("127.0.0.1", 0)
  return { demo, origin: `http://127.0.0.1:${port}` }
}

const MESSAGES = [{ role: "user" as const, content: "What are server-sent events?" }]

const post = (url: string, body: unknown) =>
  fetch(url, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) })

test("GET /stream sends a sentence word by word, with ids, and ends with [DONE]", async () => {
  const { origin } = await startDemo()
  const response = await fetch(`${origin}/stream`)
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8")
  const events = []
  for await (const event of readEvents(response)) events.push(event)
  expect(events.at(-1)).toMatchObject({ event: "message", data: "[DONE]" })
  expect(events.slice(0, -1).map(({ id }) => id)).toEqual(events.slice(0, -1).map((_, index) => `${index + 1}`))
  expect(events.slice(0, 3).map(({ data }) => data)).toEqual(["A", "stream", "of"])
})

test("GET /stream continues after the Last-Event-ID of the request", async () => {
  const { origin } = await startDemo()
  const events = readEvents(await fetch(`${origin}/stream`, { headers: { "last-event-id": "2" } }))
  expect((await events.next()).value).toMatchObject({ id: "3", data: "of" })
  await events.return()
})

test("GET /api/requests counts the requests of each reader of /stream", async () => {
  const { origin } = await startDemo()
  const count = async (reader: string) =>
    ((await (await fetch(`${origin}/api/requests?reader=${reader}`)).json()) as { requests: number }).requests
  expect(await count("a")).toBe(0)
  const subscription = subscribe(`${origin}/stream?reader=a`, { until: "[DONE]" })
  for await (const event of subscription) expect(event.data).not.toBe("[DONE]")
  expect(await count("a")).toBe(1)
  await (await fetch(`${origin}/stream?reader=b`)).text()
  await (await fetch(`${origin}/stream?reader=b`)).text()
  expect(await count("b")).toBe(2)
})

test("POST /api/outage cuts the open streams and refuses new ones until it is over", async () => {
  const { origin } = await startDemo()
  const open = await fetch(`${origin}/ticks`)
  const rest = open.text()
  expect(await (await post(`${origin}/api/outage`, { down: true })).json()).toEqual({ down: true, kind: "cut" })
  await expect(rest).rejects.toThrow("terminated")
  await expect(fetch(`${origin}/ticks`)).rejects.toThrow("fetch failed")
  await post(`${origin}/api/outage`, { down: true, kind: "503" })
  const refused = await fetch(`${origin}/ticks`)
  expect(refused.status).toBe(503)
  expect(await refused.json()).toMatchObject({ error: { type: "server_error", code: "down" } })
  await post(`${origin}/api/outage`, { down: false })
  const events = readEvents(await fetch(`${origin}/ticks`, { headers: { "last-event-id": "41" } }))
  expect((await events.next()).value).toMatchObject({ event: "tick", id: "42", data: '{"tick":42}' })
  await events.return()
})

test("POST /v1/chat/completions streams chunks, the finish reason, the usage and [DONE]", async () => {
  const { origin } = await startDemo()
  const body = { model: "demo", stream: true, stream_options: { include_usage: true }, messages: MESSAGES }
  const stream = readChatCompletions(await post(`${origin}/v1/chat/completions`, body))
  const snapshot = await stream.collect()
  expect(snapshot.choices[0]).toMatchObject({ role: "assistant", finishReason: "stop" })
  expect(snapshot.choices[0]!.content).toMatch(/^Server-sent events are .* at the end\.$/s)
  expect(snapshot.usage!.total_tokens).toBe(snapshot.usage!.prompt_tokens + snapshot.usage!.completion_tokens)
  expect(await stream.ended).toMatchObject({ reason: "done", sawDone: true })
})

test("POST /v1/chat/completions without stream responds with the same text as one JSON body", async () => {
  const { origin } = await startDemo()
  const body = { messages: [{ role: "user", content: [{ type: "text", text: "A haiku about streams" }] }] }
  const answer = (await (await post(`${origin}/v1/chat/completions`, body)).json()) as OpenAI.ChatCompletion
  expect(answer).toMatchObject({ object: "chat.completion", model: "demo" })
  expect(answer.choices[0]).toMatchObject({ finish_reason: "stop", message: { role: "assistant" } })
  expect(answer.choices[0]!.message.content).toMatch(/^One line, then one more,\n/)
})

test("POST /v1/chat/completions stops at max_tokens with the finish reason length", async () => {
  const { origin } = await startDemo()
  const body = { stream: true, max_completion_tokens: 3, messages: MESSAGES }
  const snapshot = await readChatCompletions(await post(`${origin}/v1/chat/completions`, body)).collect()
  expect(snapshot.choices[0]).toMatchObject({ content: "Server-sent events", finishReason: "length" })
})

test("POST /v1/chat/completions rejects a max_tokens that is not a positive integer", async () => {
  const { origin } = await startDemo()
  for (const tokens of [0, -1, 1.5, "3", [3]]) {
    const response = await post(`${origin}/v1/chat/completions`, { max_tokens: tokens, messages: MESSAGES })
    expect(await response.json()).toMatchObject({ error: { param: "max_tokens" } })
    expect(response.status).toBe(400)
  }
})

test("POST /v1/chat/completions serves the official openai client to the end of its stream", async () => {
  const { origin } = await startDemo()
  const client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: "none", maxRetries: 0 })
  const stream = await client.chat.completions.create({
    model: "demo",
    stream: true,
    stream_options: { include_usage: true },
    messages: MESSAGES,
  })
  let text = ""
  let finish: string | null = null
  let usage: unknown
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? ""
    finish = chunk.choices[0]?.finish_reason ?? finish
    usage = chunk.usage ?? usage
  }
  expect(text).toMatch(/^Server-sent events are .* at the end\.$/s)
  expect(finish).toBe("stop")
  expect(usage).toMatchObject({ completion_tokens: expect.any(Number) as number })
  const whole = await client.chat.completions.create({ model: "demo", messages: MESSAGES })
  expect(whole.choices[0]!.message.content).toBe(text)
  await expect(client.chat.completions.create({ model: "demo", messages: [] })).rejects.toMatchObject({ status: 400 })
})

const REFUSED: readonly [what: string, path: string, init: RequestInit, status: number, error: object][] = [
  ["an unknown path", "/nothing", {}, 404, { code: "not_found" }],
  ["GET of the completions", "/v1/chat/completions", {}, 405, { code: "wrong_method" }],
  ["POST to the stream", "/stream", { method: "POST" }, 405, { code: "wrong_method" }],
  ["DELETE of the page", "/", { method: "DELETE" }, 405, { code: "wrong_method" }],
  ["invalid JSON", "/v1/chat/completions", { method: "POST", body: "{" }, 400, { code: "invalid_json" }],
  ["no body", "/v1/chat/completions", { method: "POST" }, 400, { code: "invalid_json" }],
  ["a body that is not an object", "/v1/chat/completions", { method: "POST", body: "[]" }, 400, {}],
  ["no messages", "/v1/chat/completions", { method: "POST", body: "{}" }, 400, { param: "messages" }],
  ["empty messages", "/v1/chat/completions", { method: "POST", body: '{"messages":[]}' }, 400, { param: "messages" }],
  [
    "a bad message",
    "/v1/chat/completions",
    { method: "POST", body: '{"messages":[1]}' },
    400,
    { param: "messages[0]" },
  ],
  [
    "too large a body",
    "/v1/chat/completions",
    { method: "POST", body: "x".repeat(3e6) },
    413,
    { code: "body_too_large" },
  ],
  ["an outage without a word", "/api/outage", { method: "POST", body: "{}" }, 400, { param: "down" }],
]

test.for(REFUSED)("DemoServer rejects %s with a clear JSON error", async ([, path, request, status, error]) => {
  const { origin } = await startDemo()
  const response = await fetch(origin + path, request)
  expect(response.status).toBe(status)
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8")
  const type = "invalid_request_error"
  expect(await response.json()).toEqual({
    error: { message: expect.any(String) as string, type, param: null, code: null, ...error },
  })
  expect(response.headers.has("allow")).toBe(status === 405)
  expect((await fetch(`${origin}/api/outage`)).status).toBe(200)
})

test("DemoServer survives malformed requests from a raw socket", async () => {
  const { origin } = await startDemo()
  const requests = [
    "GET // HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET http://evil/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /stream HTTP/1.1\r\nHost: \x01\r\nLast-Event-ID: \xff\xfe\r\n\r\n",
    "TRACE /stream HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /%%% HTTP/1.0\r\n\r\n",
    "nonsense\r\n\r\n",
  ]
  const cutBody = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
  ;(await rawRequest(origin, cutBody)).socket.destroy()
  for (const request of requests) {
    const raw = await rawRequest(origin, request)
    await vi.waitFor(() => expect(raw.text).toMatch(/^HTTP\/1\.1 [24]\d\d /))
    raw.socket.destroy()
  }
  expect((await fetch(`${origin}/`)).status).toBe(200)
})

test("DemoServer answers HEAD for its streams and page with headers only", async () => {
  const { origin } = await startDemo()
  for (const path of ["/stream", "/ticks", "/"]) {
    const response = await fetch(origin + path, { method: "HEAD" })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe("")
  }
})

test("DemoServer.close() ends the open streams at once", async () => {
  const { demo, origin } = await startDemo()
  const texts = [
    fetch(`${origin}/ticks`),
    post(`${origin}/v1/chat/completions`, { stream: true, model: "demo-idle", messages: MESSAGES }),
  ]
  const bodies = Promise.allSettled((await Promise.all(texts)).map((response) => response.text()))
  demo.close()
  expect((await bodies).map(({ status }) => status)).toEqual(["rejected", "rejected"])
})

test("GET /channel sends what its node has in memory, and a gap on a new node if it is no longer kept", async () => {
  const { origin } = await startDemo()
  const publish = async (events: number) =>
    (await (await post(`${origin}/api/channel`, { events })).json()) as { first: string; last: string }
  const { last: start } = await publish(1)
  const headers = { "last-event-id": start }
  const along = readEvents(await fetch(`${origin}/channel`, { headers }))
  await publish(1)
  expect((await along.next()).value?.data).toBe(`{"tick":2}`)
  const { first } = await publish(20)
  const same = readEvents(await fetch(`${origin}/channel`, { headers: { "last-event-id": along.lastEventId } }))
  expect((await same.next()).value?.data).toBe(`{"tick":3}`)
  const other = readEvents(await fetch(`${origin}/channel?node=new`, { headers }))
  const gap = (await other.next()).value
  expect(gap?.event).toBe("steadystream.gap")
  expect(JSON.parse(gap!.data)).toEqual({ from: start, reason: "trimmed", resumesAt: first })
  const kept: unknown[] = []
  while (kept.length < 12) kept.push((await other.next()).value?.data)
  expect(kept).toEqual(Array.from({ length: 12 }, (_, index) => `{"tick":${index + 11}}`))
  await Promise.all([along.return(), same.return(), other.return()])
})

test.each([0, 21, 1.5, "1", undefined])("POST /api/channel refuses to publish %j events", async (events) => {
  const { origin } = await startDemo()
  const response = await post(`${origin}/api/channel`, { events })
  expect(response.status).toBe(400)
  expect(((await response.json()) as { error: { param: string } }).error.param).toBe("events")
})
