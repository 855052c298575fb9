import { expect, test } from "vitest"
import { readChatCompletions } from "../../src/openai/index.ts"
import { SseParser } from "../../src/index.ts"
import { subscribe } from "../../src/client/index.ts"
import { EventSource } from "../../src/eventsource/index.ts"
import { eventStreamResponse } from "../../src/server/index.ts"

const URL = "http://127.0.0.1/stream"

const USES: [name: string, use: (value: never) => unknown, path: string, least: number][] = [
  ["SseParser", (maxLineLength) => new SseParser({ maxLineLength }), "maxLineLength", 1],
  ["subscribe()", (maxLineLength) => subscribe(URL, { limits: { maxLineLength } }), "limits.maxLineLength", 1],
  ["subscribe()", (idle) => subscribe(URL, { timeouts: { idle } }), "timeouts.idle", 0],
  ["subscribe()", (factor) => subscribe(URL, { retry: { factor } }), "retry.factor", 1],
  ["EventSource", (idle) => new EventSource(URL, { timeouts: { idle } }), "timeouts.idle", 0],
  [
    "readChatCompletions()",
    (maxChoices) => readChatCompletions("", { limits: { maxChoices } }),
    "limits.maxChoices",
    1,
  ],
  ["readChatCompletions()", (idle) => readChatCompletions("", { timeouts: { idle } }), "timeouts.idle", 0],
  ["eventStreamResponse()", (keepAlive) => eventStreamResponse([], { keepAlive }), "keepAlive", 0],
]

test.each(USES)("%s names the option by its path", (_, use, path, least) => {
  for (const value of [-1, Number.NaN]) {
    const message = `Cannot use options: "${path}" must be a number from ${least}, not ${value}`
    expect(() => use(value as never)).toThrow(new RangeError(message))
  }
  const message = `Cannot use options: "${path}" must be a number from ${least}, not string`
  for (const text of ["secret", "5"]) expect(() => use(text as never)).toThrow(new RangeError(message))
})

test.each([0.5, 1.5])("subscribe() rejects %d retries", (maxRetries) => {
  const message = `Cannot use options: "retry.maxRetries" must be an integer, not ${maxRetries}`
  expect(() => subscribe(URL, { retry: { maxRetries } })).toThrow(new RangeError(message))
})
