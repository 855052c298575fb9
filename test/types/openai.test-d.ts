import type OpenAI from "openai"
import { assertType, expectTypeOf, test } from "vitest"
import { defineEvents, readEvents, SseParserStream, text, type } from "steadystream"
import { subscribe } from "steadystream/client"
import {
  type ChatCompletionChunk,
  type ChatSnapshot,
  type ChunkStream,
  type ChunkStreamError,
  type CompletionChunk,
  isChunkStreamError,
  type KnownResponseEventType,
  readChatCompletions,
  readChunks,
  readCompletions,
  readResponses,
  relay,
  type ResponseEvent,
  type ResponseSnapshot,
} from "steadystream/openai"

type OfficialEvent = OpenAI.Responses.ResponseStreamEvent

test("ChatCompletionChunk and ResponseEvent accept the chunk types of the official package", () => {
  expectTypeOf<OpenAI.Chat.Completions.ChatCompletionChunk>().toExtend<ChatCompletionChunk>()
  expectTypeOf<OpenAI.Completions.Completion>().toExtend<CompletionChunk>()
  expectTypeOf<OfficialEvent>().toExtend<ResponseEvent>()
})

test("KnownResponseEventType names exactly the event types of the official package", () => {
  expectTypeOf<KnownResponseEventType>().toEqualTypeOf<OfficialEvent["type"]>()
})

test("readChatCompletions() yields our chunks, or those of the provider's package", () => {
  expectTypeOf(readChatCompletions("")).toEqualTypeOf<ChunkStream<ChatCompletionChunk, ChatSnapshot>>()
  expectTypeOf(readChatCompletions<OpenAI.Chat.Completions.ChatCompletionChunk>("")).toEqualTypeOf<
    ChunkStream<OpenAI.Chat.Completions.ChatCompletionChunk, ChatSnapshot>
  >()
  expectTypeOf(readResponses<OfficialEvent, OpenAI.Responses.Response>("").snapshot).toEqualTypeOf<
    ResponseSnapshot<OpenAI.Responses.Response>
  >()
  expectTypeOf(readCompletions("").collect()).resolves.toHaveProperty("choices")
})

test("readResponses() yields events that narrow by their type", () => {
  type Event = OfficialEvent & { type: "response.output_text.delta" }
  expectTypeOf(readResponses<OfficialEvent>("")).toExtend<AsyncIterable<OfficialEvent>>()
  expectTypeOf<Event["delta"]>().toEqualTypeOf<string>()
})

test("ResponseEvent and ChatCompletionChunk accept unknown values", () => {
  assertType<ResponseEvent>({ type: "response.telepathy.delta" })
  const chunk = { id: "", object: "chat.completion.done", created: 0, model: "", choices: [], citations: [] }
  assertType<ChatCompletionChunk>(chunk)
})

test("readChatCompletions() accepts every source of a body", () => {
  assertType(readChatCompletions(new Response("")))
  assertType(readChatCompletions(fetch("")))
  assertType(readChatCompletions((signal) => fetch("", { signal })))
  assertType(readChatCompletions(new ReadableStream<Uint8Array>()))
  assertType(readChatCompletions([new Uint8Array(0), ""]))
  assertType(readChatCompletions(new ReadableStream()))
  // @ts-expect-error: a number is not a source
  assertType(readChatCompletions(1))
  // @ts-expect-error: a stream of objects is not a source
  assertType(readChatCompletions(new ReadableStream<object>()))
  // @ts-expect-error: the deadline is called connect
  assertType(readChatCompletions("", { timeouts: { headers: 1 } }))
})

test("readChatCompletions() and relay() accept events with text as data", () => {
  const source = subscribe("/chat", { until: "[DONE]" })
  assertType(readChatCompletions(source))
  assertType(readCompletions(source))
  assertType(readResponses(source))
  assertType(relay(source))
  assertType(readChatCompletions(readEvents("")))
  assertType(readChatCompletions(new Response("").body!.pipeThrough(new SseParserStream())))
  assertType(readChatCompletions(subscribe("/chat", { events: defineEvents({ message: text() }) })))
  // @ts-expect-error: a contract has decoded the data
  assertType(readChatCompletions(subscribe("/chat", { events: defineEvents({ message: type<{ n: number }>() }) })))
})

test("isChunkStreamError() narrows to the errors of the readers", () => {
  const error: unknown = new Error("")
  if (isChunkStreamError(error)) {
    expectTypeOf(error).toEqualTypeOf<ChunkStreamError>()
    expectTypeOf(error.chunks).toEqualTypeOf<number>()
    expectTypeOf(error.requestId).toEqualTypeOf<string | null>()
  }
})

test("readChunks() infers its types from the dialect", () => {
  const stream = readChunks("", {
    name: "numbers",
    accumulate: () => ({ value: [] as number[], push: (chunk: { n: number }) => void chunk, missing: () => null }),
  })
  expectTypeOf(stream).toEqualTypeOf<ChunkStream<{ n: number }, number[]>>()
})
