import type { IncomingMessage, ServerResponse } from "node:http"
import type OpenAI from "openai"
import { assertType, describe, expectTypeOf, test } from "vitest"
import type { SseEventInit } from "steadystream"
import {
  type AnswerDelta,
  chatCompletionChunks,
  type ChatCompletionChunk,
  type ChatSnapshot,
  ChunkEncoderStream,
  type CompletionSnapshot,
  encodeChunks,
  readChatCompletions,
  relay,
  type ResponseEvent,
  responseEvents,
  type ResponseSnapshot,
} from "steadystream/openai"
import { sendEventStream } from "steadystream/node"
import { eventStreamResponse } from "steadystream/server"

declare const req: IncomingMessage
declare const res: ServerResponse
declare const official: AsyncIterable<OpenAI.ChatCompletionChunk>
declare const officialEvents: ReadableStream<OpenAI.Responses.ResponseStreamEvent>

describe("encodeChunks()", () => {
  test("encodeChunks() accepts the chunks of the official client, the builders and the readers", () => {
    assertType<ReadableStream<Uint8Array<ArrayBuffer>>>(encodeChunks(official))
    assertType(encodeChunks(officialEvents, { dialect: "responses" }))
    assertType(encodeChunks(chatCompletionChunks("Hi")))
    assertType(encodeChunks(responseEvents("Hi"), { dialect: "responses" }))
    assertType(encodeChunks(readChatCompletions("")))
    // @ts-expect-error -- text is not a chunk
    encodeChunks(["Hi"])
  })

  test("encodeChunks() returns what the servers accept", () => {
    assertType(sendEventStream(req, res, encodeChunks(official)))
    assertType(eventStreamResponse(encodeChunks(official)))
    assertType<ReadableWritablePair<Uint8Array, OpenAI.ChatCompletionChunk>>(new ChunkEncoderStream())
  })

  test("encodeChunks() accepts an onError that returns an error, and one that returns nothing", () => {
    encodeChunks(official, { onError: () => ({ message: "No", code: "no" }) })
    encodeChunks(official, { onError: (error) => console.error(error) })
    // @ts-expect-error -- a message is text
    encodeChunks(official, { onError: () => ({ message: 7 }) })
  })
})

describe("chatCompletionChunks()", () => {
  test("chatCompletionChunks() yields chunks and accepts deltas of every kind", () => {
    expectTypeOf(chatCompletionChunks("Hi")).toExtend<AsyncIterable<ChatCompletionChunk>>()
    assertType<AnswerDelta[]>(["a", { text: "a", toolCall: { name: "f", arguments: { a: 1 } } }])
    // @ts-expect-error -- a delta has no such member
    assertType<AnswerDelta>({ content: "a" })
  })
})

describe("relay()", () => {
  test("relay() has the snapshot and the chunks of its dialect", () => {
    expectTypeOf(relay("").snapshot).toEqualTypeOf<ChatSnapshot>()
    expectTypeOf(relay("", { dialect: "chat" }).snapshot).toEqualTypeOf<ChatSnapshot>()
    expectTypeOf(relay("", { dialect: "completions" }).snapshot).toEqualTypeOf<CompletionSnapshot>()
    expectTypeOf(relay("", { dialect: "responses" }).snapshot).toEqualTypeOf<ResponseSnapshot>()
    relay("", { onChunk: (chunk) => expectTypeOf(chunk).toEqualTypeOf<ChatCompletionChunk>() })
    relay("", { dialect: "responses", onChunk: (event) => expectTypeOf(event).toEqualTypeOf<ResponseEvent>() })
    relay("", { onChunk: (chunk: OpenAI.ChatCompletionChunk) => expectTypeOf(chunk.created).toBeNumber() })
    relay<"chat", OpenAI.ChatCompletionChunk>("", { onChunk: (chunk) => expectTypeOf(chunk.created).toBeNumber() })
    const typed = relay<"responses", ResponseEvent, { id: string }>("", { dialect: "responses" })
    expectTypeOf(typed.snapshot).toEqualTypeOf<ResponseSnapshot<{ id: string }>>()
  })

  test("relay() is a source of events that the servers accept", () => {
    expectTypeOf(relay("")).toExtend<AsyncIterable<SseEventInit>>()
    assertType(sendEventStream(req, res, relay("")))
    assertType(eventStreamResponse(relay("")))
    assertType<Response>(relay("").toResponse({ status: 200, headers: { a: "b" } }))
  })
})
