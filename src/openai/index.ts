export { readChatCompletions } from "./chat.ts"
export { readCompletions } from "./completions.ts"
export { readResponses, type ReadResponsesOptions, type ResponseEvent } from "./responses.ts"
export { readChunks } from "./chunks.ts"
export { isChunkStreamError, type ChunkStreamError } from "./chunk-error.ts"
export type {
  ChatChunkChoice,
  ChatCompletionChunk,
  ChatDelta,
  FinishReason,
  Open,
  TokenLogprob,
  ToolCallDelta,
  Usage,
} from "./chat-chunk.ts"
export type {
  CompletionChoiceSnapshot,
  CompletionChunk,
  CompletionChunkChoice,
  CompletionSnapshot,
} from "./completions.ts"
export type {
  AudioSnapshot,
  ChatSnapshot,
  ChoiceSnapshot,
  FunctionCallSnapshot,
  LogprobsSnapshot,
} from "./chat-snapshot.ts"
export type { KnownResponseEventType, ResponseEventType } from "./response-event-types.ts"
export type { ResponseItemSnapshot, ResponseSnapshot } from "./response-snapshot.ts"
export { toChatCompletion } from "./to-chat-completion.ts"
export type { ChatCompletion, ChatCompletionChoice, ChatCompletionMessage } from "./to-chat-completion.ts"
export type { ToolCallSnapshot } from "./tool-calls.ts"
export type { ChunkAccumulator, ChunkLimits, ChunkProtocol, ResolvedLimits, ResponseCursor } from "./chunk-protocol.ts"
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
} from "./chunk-stream.ts"
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
export type { ChunkDialect, EncodeErrorOptions } from "./writing/encode-error.ts"
export type { ErrorMapper } from "./writing/event-feed.ts"
export type { FeedStreamOptions } from "./writing/feed-stream.ts"
export type { ResponseEventsOptions, ResponseStreamEvent } from "./writing/response-composer.ts"
export { relay, type Relay, type RelayOptions } from "./relay.ts"
