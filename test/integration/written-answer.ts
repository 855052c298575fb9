import {
  type AnswerSource,
  chatCompletionChunks,
  type DialectName,
  chunkResponse,
  encodeChunks,
  relay,
  type Relay,
  responseEvents,
} from "steadystream/openai"

/** The body of a server's answer: the bytes of a writer, a response, or a relay. */
export type WrittenAnswer = ReadableStream<Uint8Array<ArrayBuffer>> | Response | Relay<unknown>

/** The body of `response`, which has one. */
export function bytesOf(response: Response): ReadableStream<Uint8Array<ArrayBuffer>> {
  return response.body!
}

/** The envelope of every chat completion in these tests. */
const FRAME = { id: "chatcmpl-1", created: 1_700_000_000, model: "parrot" }

type Write = (dialect: DialectName, source: AnswerSource, options?: object) => WrittenAnswer

function chunksOf(dialect: DialectName, source: AnswerSource, options: object): AsyncIterableIterator<object> {
  const all = { ...FRAME, ...options }
  return dialect === "responses" ? responseEvents(source, all) : chatCompletionChunks(source, all)
}

const relayAs = relay as (source: () => Response, options: { dialect: DialectName }) => Relay<unknown>

/** The ways to write an answer: the same bytes to every client. */
export const ways: readonly (readonly [string, Write])[] = [
  ["encodeChunks()", (dialect, source, options = {}) => encodeChunks(chunksOf(dialect, source, options), { dialect })],
  [
    "chunkResponse()",
    (dialect, source, options = {}) => chunkResponse(chunksOf(dialect, source, options), { dialect }),
  ],
  [
    "relay()",
    (dialect, source, options = {}) =>
      relayAs(() => chunkResponse(chunksOf(dialect, source, options), { dialect }), { dialect }),
  ],
]
