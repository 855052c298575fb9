import {
  type AnswerSource,
  chatCompletionChunks,
  type ChunkDialect,
  chunkResponse,
  encodeChunks,
  relay,
  type Relay,
  responseEvents,
} from "steadystream/openai"

/** What a server can send: bytes of a writer, a response, or a relay. */
export type WrittenAnswer = ReadableStream<Uint8Array<ArrayBuffer>> | Response | Relay<unknown>

/** The body of `response`, which has one. */
export function bytesOf(response: Response): ReadableStream<Uint8Array<ArrayBuffer>> {
  return response.body!
}

/** The frame of every chat completion of these tests. */
const FRAME = { id: "chatcmpl-1", created: 1_700_000_000, model: "parrot" }

type Write = (protocol: ChunkDialect, source: AnswerSource, options?: object) => WrittenAnswer

function chunksOf(protocol: ChunkDialect, source: AnswerSource, options: object): AsyncIterableIterator<object> {
  const all = { ...FRAME, ...options }
  return protocol === "responses" ? responseEvents(source, all) : chatCompletionChunks(source, all)
}

const relayAs = relay as (source: () => Response, options: { protocol: ChunkDialect }) => Relay<unknown>

/** The ways to write an answer: the same bytes to every client. */
export const ways: readonly (readonly [string, Write])[] = [
  [
    "encodeChunks()",
    (protocol, source, options = {}) => encodeChunks(chunksOf(protocol, source, options), { protocol }),
  ],
  [
    "chunkResponse()",
    (protocol, source, options = {}) => chunkResponse(chunksOf(protocol, source, options), { protocol }),
  ],
  [
    "relay()",
    (protocol, source, options = {}) =>
      relayAs(() => chunkResponse(chunksOf(protocol, source, options), { protocol }), { protocol }),
  ],
]
