/* Every public surface that reads or writes a stream, in one shape. A new surface is one more entry here. */
import { readEvents, SseEncoderStream, SseParserStream } from "steadystream"
import { subscribe } from "steadystream/client"
import {
  chunkResponse,
  encodeChunks,
  readChatCompletions,
  readChunks,
  readCompletions,
  readResponses,
  relay,
} from "steadystream/openai"
import { eventStreamResponse } from "steadystream/server"
import { chat, DONE, events } from "../support/streams.ts"
import {
  answered,
  type Consumer,
  messages,
  ofLoop,
  ofStream,
  parsed,
  sent,
  type Source,
  toStream,
} from "./consumers.ts"

export interface Surface {
  readonly name: string
  /** The type is not known here, since the options of the surfaces differ. */
  readonly open: (source: never, options: never) => Consumer
  /** Items of a source with one occasion for each of the hooks. */
  readonly input: readonly unknown[]
  /** Whether it takes a signal, unless it is missing. */
  readonly takesSignal?: false
  /** Options that are always given. */
  readonly options?: object
  /** The hooks, and what becomes of an error that they throw; what they reject with is always reported. */
  readonly hooks: Readonly<Record<string, "reported" | "thrown">>
  /** An item that is one event, number `at`, with a text of `size` characters. */
  readonly item: (at: number, size: number) => unknown
}

const text = (length: number) => "x".repeat(length)
// A short ID would be a copy in any case.
const event = (at: number, size: number) => `id: the-event-with-the-number-${at}\ndata: ${text(size)}\n\n`
const completion = (piece: string) => ({ id: "c", choices: [{ index: 0, text: piece, finish_reason: null }] })
const response = (delta: string) => ({ type: "response.output_text.delta", output_index: 0, delta })
const things = { name: "things", accumulate: () => ({ value: {}, push() {}, missing: () => null }) }

const PARSED = {
  input: [": comment\n\nretry: 5\nid: 1\nodd\n", "data: a😀\n\n", "data: b\n\ndata: [END]\n\n"],
  item: event,
}
const PARSER_HOOKS = { onComment: "thrown", onRetry: "thrown", onId: "thrown", onUnknownLine: "thrown" } as const
const LENIENT = { options: { completion: "lenient" } }
const READER = { ...LENIENT, hooks: { onHeartbeat: "reported", onMalformed: "thrown" } } as const
/** A stream of `payloads` with one heartbeat and one event that is not JSON. */
const answer = (...payloads: object[]) => [
  ": comment\n\n",
  ...payloads.map((json) => events(json)),
  "data: {\n\n",
  DONE,
]
const CHAT = {
  input: answer(chat({ content: "a😀" }), chat({ content: "b" }, "stop")),
  item: (_: number, size: number) => events(chat({ content: text(size) })),
}
const WRITTEN = {
  input: [{ data: "a" }, { data: "b" }],
  hooks: { onError: "reported" },
  item: (at: number, size: number) => ({ id: String(at), data: text(size) }),
} as const
const CHUNKS = { ...WRITTEN, input: [chat({ content: "a" }), chat({}, "stop")] }

export const surfaces: readonly Surface[] = [
  {
    name: "SseParser",
    takesSignal: false,
    open: (source, options) => ofLoop(parsed(source, options)),
    ...PARSED,
    hooks: { onEvent: "thrown", ...PARSER_HOOKS },
  },
  {
    name: "readEvents()",
    open: (source, options) => ofLoop(readEvents(source, options)),
    ...PARSED,
    hooks: PARSER_HOOKS,
  },
  {
    name: "SseParserStream",
    takesSignal: false,
    open: (source, options) => ofStream(toStream(source).pipeThrough(new SseParserStream(options))),
    ...PARSED,
    hooks: PARSER_HOOKS,
  },
  {
    name: "subscribe()",
    open: (source, options) => ofLoop(subscribe(async () => source, options)),
    options: { retry: false, until: "[END]", dedupe: true },
    ...PARSED,
    hooks: { onOpen: "reported", onComment: "reported", onStateChange: "reported" },
  },
  { name: "EventSource", takesSignal: false, open: (source) => messages(source), ...PARSED, hooks: {} },
  {
    name: "readChatCompletions()",
    open: (source, options) => ofLoop(readChatCompletions(source, options)),
    ...CHAT,
    ...READER,
  },
  {
    name: "textDeltas()",
    open: (source, options) => ofLoop(readChatCompletions(source, options).textDeltas()),
    ...CHAT,
    ...READER,
  },
  {
    name: "readCompletions()",
    open: (source, options) => ofLoop(readCompletions(source, options)),
    input: answer(completion("a😀"), completion("b")),
    ...READER,
    item: (_, size) => events(completion(text(size))),
  },
  {
    name: "readResponses()",
    open: (source, options) => ofLoop(readResponses(source, options)),
    input: answer(response("a😀"), response("b")),
    ...READER,
    item: (_, size) => events(response(text(size))),
  },
  {
    name: "readChunks()",
    open: (source, options) => ofLoop(readChunks(source, things, options)),
    input: answer({ a: "😀" }, { a: 2 }),
    ...READER,
    item: (at, size) => events({ at, text: text(size) }),
  },
  {
    name: "relay()",
    open: (source, options) => ofStream(relay(source, options).toReadableStream()),
    ...CHAT,
    ...LENIENT,
    hooks: { onHeartbeat: "reported", onChunk: "reported", onError: "reported" },
  },
  {
    name: "SseEncoderStream",
    takesSignal: false,
    open: (source) => ofStream(toStream(source).pipeThrough(new SseEncoderStream())),
    ...WRITTEN,
    hooks: {},
  },
  { name: "encodeChunks()", open: (source, options) => ofStream(encodeChunks(source, options)), ...CHUNKS },
  { name: "chunkResponse()", open: (source, options) => ofStream(chunkResponse(source, options).body!), ...CHUNKS },
  {
    name: "eventStreamResponse()",
    open: (source, options) => ofStream(eventStreamResponse(source, options).body!),
    ...WRITTEN,
  },
  { name: "sendEventStream()", open: sent, ...WRITTEN },
  { name: "createAnswers()", open: answered, ...PARSED, hooks: { onError: "reported" } },
]

/** An open surface; the caller takes care that the options are those of the surface. */
export function open({ open: start, options: own }: Surface, source: Source, options: object = {}): Consumer {
  return start(source as never, { ...own, ...options } as never)
}
