export { readChatCompletions } from "./dialects/chat.ts"
export { readCompletions } from "./dialects/completions.ts"
export { readResponses, type ReadResponsesOptions, type ResponseEvent } from "./dialects/responses.ts"
export { readChunks } from "./reading/read-chunks.ts"
export { isChunkStreamError, type ChunkStreamError } from "./reading/chunk-error.ts"
export type {
  ChatChunkChoice,
  ChatCompletionChunk,
  ChatDelta,
  FinishReason,
  OpenEnum,
  TokenLogprob,
  ToolCallDelta,
  Usage,
} from "./dialects/chat-chunk.ts"
export type {
  CompletionChoiceSnapshot,
  CompletionChunk,
  CompletionChunkChoice,
  CompletionSnapshot,
} from "./dialects/completions.ts"
export type {
  AudioSnapshot,
  ChatSnapshot,
  ChoiceSnapshot,
  FunctionCallSnapshot,
  LogprobsSnapshot,
} from "./dialects/chat-snapshot.ts"
export type { DialectName } from "./dialects/dialect-name.ts"
export type { KnownResponseEventType, ResponseEventType } from "./dialects/response-event-types.ts"
export type { ResponseItemSnapshot } from "./dialects/response-item.ts"
export type { ResponseSnapshot } from "./dialects/response-snapshot.ts"
export { toChatCompletion } from "./dialects/to-chat-completion.ts"
export type { ChatCompletion, ChatCompletionChoice, ChatCompletionMessage } from "./dialects/to-chat-completion.ts"
export type { ToolCallSnapshot } from "./dialects/tool-calls.ts"
export type {
  ChunkAccumulator,
  ChunkLimits,
  ChunkDialect,
  ResolvedLimits,
  ResponseCursor,
} from "./reading/chunk-dialect.ts"
export type {
  ChunkIterator,
  ChunkResponse,
  ChunkSource,
  ChunkStream,
  ChunkTimeouts,
  EndInfo,
  EndReason,
  Heartbeat,
  MalformedPayload,
  ReadChunksOptions,
} from "./reading/chunk-stream.ts"
export { ChunkEncoderStream } from "./writing/chunk-encoder-stream.ts"
export { chatCompletionChunks } from "./writing/chat-completion-chunks.ts"
export { chunkResponse } from "./writing/chunk-response.ts"
export { DONE, encodeChunk } from "./writing/encode-chunk.ts"
export { encodeChunks } from "./writing/encode-chunks.ts"
export { encodeError } from "./writing/encode-error.ts"
export { responseEvents } from "./writing/response-events.ts"
export type { AnswerDelta, AnswerOptions, AnswerPiece, AnswerSource, AnswerUsage } from "./writing/answer-delta.ts"
export type { ToolCallPiece } from "./writing/answer-delta.ts"
export type { ChatCompletionChunksOptions } from "./writing/chat-composer.ts"
export type { ChunkResponseInit, ChunkResponseOptions } from "./writing/chunk-response.ts"
export type { EncodeChunkOptions } from "./writing/encode-chunk.ts"
export type { EncodableChunks, EncodeChunksOptions } from "./writing/encode-chunks.ts"
export type { EncodeErrorOptions } from "./writing/encode-error.ts"
export type { ErrorMapper } from "./writing/event-feed.ts"
export type { FeedStreamOptions } from "./writing/feed-stream.ts"
export type { ResponseEventsOptions, ResponseStreamEvent } from "./writing/response-composer.ts"
export { relay, type Relay, type RelayOptions } from "./relay/relay.ts"
