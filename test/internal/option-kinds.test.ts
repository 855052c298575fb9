import { expect, test } from "vitest"
import { readEvents } from "steadystream"
import { subscribe } from "steadystream/client"
import { encodeChunks, readChatCompletions, readResponses, relay } from "steadystream/openai"
import { eventStreamResponse } from "steadystream/server"

const url = "https://example.com/stream"
const cases: [string, string, () => unknown][] = [
  ["subscribe", "onRetry", () => subscribe(url, { onRetry: "x" as never })],
  ["subscribe", "signal", () => subscribe(url, { signal: {} as never })],
  ["subscribe", "fetch", () => subscribe(url, { fetch: "x" as never })],
  ["subscribe", "timeouts", () => subscribe(url, { timeouts: 1000 as never })],
  ["subscribe", "limits", () => subscribe(url, { limits: 1000 as never })],
  ["subscribe", "retry.maxRetries", () => subscribe(url, { retry: { maxRetries: "3" as never } })],
  ["readEvents", "maxLineLength", () => readEvents("", { maxLineLength: "9" as never })],
  ["readChatCompletions", "completion", () => readChatCompletions("", { completion: "lenint" as never })],
  ["readChatCompletions", "onProviderError", () => readChatCompletions("", { onProviderError: "ignore" as never })],
  ["readChatCompletions", "signal", () => readChatCompletions("", { signal: 3 as never })],
  ["readResponses", "timeouts", () => readResponses("", { timeouts: 1000 as never })],
  ["readResponses", "onHeartbeat", () => readResponses("", { onHeartbeat: "x" as never })],
  ["relay", "dialect", () => relay("", { dialect: "chats" as never })],
  ["encodeChunks", "signal", () => encodeChunks([], { signal: {} as never })],
  ["eventStreamResponse", "onError", () => eventStreamResponse([], { onError: "x" as never })],
  ["eventStreamResponse", "keepAlive", () => eventStreamResponse([], { keepAlive: "5" as never })],
]

test.each(cases)("%s() rejects a wrong %s at the call, and names it", (_, path, call) => {
  expect(call).toThrow(`"${path}" must be`)
})

test.each([undefined, null])("options that are %s count as missing", (missing) => {
  const options = { signal: missing, onHandlerError: missing, onRetry: missing } as never
  expect(() => subscribe(url, options)).not.toThrow()
  expect(() => readChatCompletions("", options)).not.toThrow()
})
