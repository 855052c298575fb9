import { describe, expect, test } from "vitest"
import * as core from "steadystream"
import { defineEvents, encodeEvent, readEvents, SseParser, SseParserStream, text } from "steadystream"
import * as client from "steadystream/client"
import { subscribe } from "steadystream/client"
import * as openai from "steadystream/openai"
import {
  chatCompletionChunks,
  ChunkEncoderStream,
  chunkResponse,
  encodeChunk,
  encodeChunks,
  encodeError,
  readChatCompletions,
  readResponses,
  relay,
  responseEvents,
} from "steadystream/openai"
import * as server from "steadystream/server"
import { createAnswers, eventStreamResponse } from "steadystream/server"

const url = "https://example.com/stream"

/** Options that no type allows. */
const wrong = (options: unknown): never => options as never

const kinds: [string, string, () => unknown][] = [
  ["SseParser", "onEvent", () => new SseParser(wrong({ onEvent: "x" }))],
  ["SseParser", "fatal", () => new SseParser(wrong({ fatal: "no" }))],
  ["SseParserStream", "lastEventId", () => new SseParserStream(wrong({ lastEventId: 7 }))],
  ["readEvents", "maxLineLength", () => readEvents("", wrong({ maxLineLength: "9" }))],
  ["readEvents", "check", () => readEvents("", wrong({ check: "no" }))],
  ["readEvents", "events", () => readEvents("", wrong({ events: {} }))],
  ["readEvents", "signal", () => readEvents("", wrong({ signal: 3 }))],
  ["readEvents", "options", () => readEvents("", wrong(5))],
  ["defineEvents", "unknown", () => defineEvents({}, wrong({ unknown: "ignore" }))],
  ["defineEvents", "members", () => defineEvents(wrong(undefined))],
  ["subscribe", "onRetry", () => subscribe(url, wrong({ onRetry: "x" }))],
  ["subscribe", "signal", () => subscribe(url, wrong({ signal: {} }))],
  ["subscribe", "fetch", () => subscribe(url, wrong({ fetch: "x" }))],
  ["subscribe", "clock", () => subscribe(url, wrong({ clock: {} }))],
  ["subscribe", "events", () => subscribe(url, wrong({ events: {} }))],
  ["subscribe", "until", () => subscribe(url, wrong({ until: 5 }))],
  ["subscribe", "timeouts", () => subscribe(url, wrong({ timeouts: 1000 }))],
  ["subscribe", "limits", () => subscribe(url, wrong({ limits: 1000 }))],
  ["subscribe", "retry", () => subscribe(url, wrong({ retry: 3 }))],
  ["subscribe", "retry.maxRetries", () => subscribe(url, wrong({ retry: { maxRetries: "3" } }))],
  ["readChatCompletions", "completion", () => readChatCompletions("", wrong({ completion: "lenint" }))],
  ["readChatCompletions", "onProviderError", () => readChatCompletions("", wrong({ onProviderError: "ignore" }))],
  ["readChatCompletions", "onMalformed", () => readChatCompletions("", wrong({ onMalformed: true }))],
  ["readChatCompletions", "signal", () => readChatCompletions("", wrong({ signal: 3 }))],
  ["readChatCompletions", "timeouts", () => readChatCompletions("", wrong({ timeouts: 1000 }))],
  ["readResponses", "after", () => readResponses("", wrong({ after: "7" }))],
  ["readResponses", "onHeartbeat", () => readResponses("", wrong({ onHeartbeat: "x" }))],
  ["relay", "dialect", () => relay("", wrong({ dialect: "chats" }))],
  ["relay", "onChunk", () => relay("", wrong({ onChunk: {} }))],
  ["encodeChunks", "signal", () => encodeChunks([], wrong({ signal: {} }))],
  ["encodeChunks", "dialect", () => encodeChunks([], wrong({ dialect: "chats" }))],
  ["chunkResponse", "done", () => chunkResponse([], wrong({ done: "yes" }))],
  ["ChunkEncoderStream", "onError", () => new ChunkEncoderStream(wrong({ onError: 1 }))],
  ["chatCompletionChunks", "reasoningField", () => chatCompletionChunks([], wrong({ reasoningField: "thought" }))],
  ["responseEvents", "created", () => responseEvents([], wrong({ created: new Date(0) }))],
  ["encodeError", "dialect", () => encodeError({}, wrong({ dialect: "chats" }))],
  ["eventStreamResponse", "onError", () => eventStreamResponse([], wrong({ onError: "x" }))],
  ["eventStreamResponse", "events", () => eventStreamResponse([], wrong({ events: {} }))],
  ["eventStreamResponse", "keepAlive", () => eventStreamResponse([], wrong({ keepAlive: "5" }))],
  ["createAnswers", "store", () => createAnswers(wrong({ store: {} }))],
  ["createAnswers", "events", () => createAnswers(wrong({ events: {} }))],
  ["createAnswers", "waitUntil", () => createAnswers(wrong({ waitUntil: true }))],
  ["createAnswers", "onLost", () => createAnswers(wrong({ onLost: "restart" }))],
  ["createAnswers", "onError", () => createAnswers(wrong({ onError: "x" }))],
  ["createAnswers", "clock", () => createAnswers(wrong({ clock: {} }))],
  ["createAnswers", "lease", () => createAnswers(wrong({ lease: 0 }))],
  ["createAnswers", "ttl", () => createAnswers(wrong({ ttl: "1h" }))],
  ["createAnswers", "limit", () => createAnswers(wrong({ limit: Number.NaN }))],
  ["createAnswers", "abandonAfter", () => createAnswers(wrong({ abandonAfter: -1 }))],
  ["createAnswers", "minInterval", () => createAnswers(wrong({ minInterval: "5" }))],
  ["createAnswers", "maxSessions", () => createAnswers(wrong({ maxSessions: "5" }))],
]

test.each(kinds)("%s() rejects a wrong %s at the call, and names it", (_, path, call) => {
  expect(call).toThrow(`"${path}" must be`)
})

const names: [string, () => unknown, string][] = [
  ["SseParser", () => new SseParser(wrong({ onevent() {} })), '"onevent" is unknown; did you mean "onEvent"?'],
  ["readEvents", () => readEvents("", wrong({ onEvent() {} })), '"onEvent" is unknown; known are onComment, onRetry,'],
  ["defineEvents", () => defineEvents({}, wrong({ unkown: "skip" })), 'did you mean "unknown"?'],
  ["subscribe", () => subscribe(url, wrong({ timeout: 5 })), '"timeout" is unknown; did you mean "timeouts"?'],
  ["subscribe", () => subscribe(url, wrong({ onMessage() {} })), '"onMessage" is unknown; known are method, headers,'],
  [
    "subscribe",
    () => subscribe(url, wrong({ maxRetries: 3 })),
    '"maxRetries" is unknown; did you mean "retry.maxRetries"?',
  ],
  ["subscribe", () => subscribe(url, wrong({ connect: 3 })), '"connect" is unknown; did you mean "timeouts.connect"?'],
  ["subscribe", () => subscribe(url, wrong({ maxEventSize: 3 })), 'did you mean "limits.maxEventSize"?'],
  ["subscribe", () => subscribe(url, wrong({ reconnect: true })), '"reconnect" is unknown; known are method,'],
  ["subscribe", () => subscribe(url, wrong({ credential: "omit" })), 'did you mean "credentials"?'],
  ["subscribe", () => subscribe(url, { retry: wrong({ maxRetry: 5 }) }), 'Cannot use retry: "maxRetry" is unknown'],
  ["subscribe", () => subscribe(url, { timeouts: wrong({ conect: 5 }) }), 'did you mean "connect"?'],
  [
    "readChatCompletions",
    () => readChatCompletions("", { limits: wrong({ maxLine: 5 }) }),
    'Cannot use limits: "maxLine"',
  ],
  [
    "readChatCompletions",
    () => readChatCompletions("", { timeouts: wrong({ first: 5 }) }),
    'Cannot use timeouts: "first"',
  ],
  ["readChatCompletions", () => readChatCompletions("", wrong({ dialect: "chat" })), '"dialect" is unknown'],
  ["readResponses", () => readResponses("", wrong({ afer: 5 })), 'did you mean "after"?'],
  ["relay", () => relay("", wrong({ keepalive: 5 })), 'did you mean "keepAlive"?'],
  ["encodeChunk", () => encodeChunk({}, wrong({ evnt: "x" })), 'did you mean "event"?'],
  ["encodeChunks", () => encodeChunks([], wrong({ status: 200 })), '"status" is unknown'],
  ["chunkResponse", () => chunkResponse([], wrong({ header: {} })), 'did you mean "headers"?'],
  ["chatCompletionChunks", () => chatCompletionChunks([], wrong({ modle: "x" })), 'did you mean "model"?'],
  ["encodeError", () => encodeError({}, wrong({ sequencenumber: 1 })), 'did you mean "sequenceNumber"?'],
  ["eventStreamResponse", () => eventStreamResponse([], wrong({ onerror() {} })), 'did you mean "onError"?'],
  ["createAnswers", () => createAnswers(wrong({ abandonafter: 5 })), 'did you mean "abandonAfter"?'],
  [
    "createAnswers",
    () => createAnswers(wrong({ maxDuration: 5 })),
    '"maxDuration" is unknown; known are events, store,',
  ],
]

test.each(names)("%s() rejects an unknown option %#", (_, call, message) => {
  expect(call).toThrow(TypeError)
  expect(call).toThrow(message)
})

test("subscribe() passes the options of one platform's fetch on", () => {
  const options = { dispatcher: {}, duplex: "half", priority: "low", mode: "cors", verbose: true, tls: {}, next: {} }
  expect(() => subscribe(url, wrong(options))).not.toThrow()
})

test.each([undefined, null])("options that are %s count as missing", (missing) => {
  const options = wrong({ signal: missing, onHandlerError: missing, onRetry: missing, retry: missing })
  expect(() => subscribe(url, options)).not.toThrow()
  expect(() => readChatCompletions("", options)).not.toThrow()
})

describe("an event with a member that no event has", () => {
  const events = defineEvents({ done: text() })
  const init = { type: "done", data: "x" }

  test("is refused by encodeEvent(), and nothing is written", () => {
    expect(() => encodeEvent(wrong(init))).toThrow('"type" must be event, data, id, retry or comment')
    expect(() => encodeEvent(wrong(undefined))).toThrow("Cannot encode event: it must be an object")
  })

  test("is refused by a contract", async () => {
    expect(() => events.encode(wrong(init))).toThrow('"type" must be event, data, id, retry or comment')
    await expect(events.encodeAsync(wrong(init))).rejects.toThrow('"type" must be')
  })

  test("is refused by send() of a session, which stays open", async () => {
    const response = eventStreamResponse(async (session) => {
      await expect(session.send(wrong(init))).rejects.toThrow('"type" must be')
      await session.send({ data: "y" })
    })
    expect(await response.text()).toContain("data: y\n\n")
  })
})

const functions = Object.entries({ ...core, ...client, ...openai, ...server } as Record<string, unknown>)
  .filter(([name, value]) => typeof value === "function" && !/^Sse\w*Error$/.test(name))
  .map(([name, value]) => [name, value as (...args: unknown[]) => unknown] as const)

test.each(functions)("%s() without arguments works, or says what is missing", (name, call) => {
  let message = "Cannot be called"
  try {
    if (/^[A-Z]/.test(name)) Reflect.construct(call, [])
    else call()
  } catch (error) {
    message = (error as Error).message
  }
  expect(message).toMatch(/^Cannot (?!read prop|destructure|convert|use ')/)
})
